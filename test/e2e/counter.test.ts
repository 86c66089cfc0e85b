/** The counter that tests write by sees it where a cluster forgets what it has acknowledged. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../toolchain/offline/support/until";
import { assertNoneLost, Counter } from "./counter";

describe("the counter", () => {
  let server: Server;
  let stored: Set<string>;
  /** What the server does with the write of a name, but for keeping and acknowledging it. */
  let behaviour: Record<string, "forget" | "refuse" | "keep-silently">;
  let counter: Counter | undefined;

  beforeEach(async () => {
    stored = new Set();
    behaviour = {};
    server = createServer(async (request, response) => {
      const answer = (status: number, body: object) => response.writeHead(status).end(JSON.stringify(body));
      const chunks = await request.toArray();
      if (request.url?.includes("login")) return answer(201, { token: "t" });
      if (request.url?.endsWith("/namespaces")) return answer(201, {});
      if (request.method === "GET") {
        return answer(200, { items: [...stored].map((name) => ({ metadata: { name } })) });
      }
      const { name } = JSON.parse(Buffer.concat(chunks).toString()).metadata;
      const how = behaviour[name];
      if (how !== "forget" && how !== "refuse") stored.add(name);
      if (how === "keep-silently") return response.destroy();
      return answer(how === "refuse" ? 503 : 201, {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await counter?.end();
    server.close();
  });

  const start = async () => {
    const { port } = server.address() as AddressInfo;
    counter = await Counter.start({ vipUrl: `http://127.0.0.1:${port}`, secret: () => "secret" });
    return counter;
  };

  it("names an acknowledged write that is not there, and what is held of it fails", async () => {
    behaviour = { "counter-2": "forget" };
    const counter = await start();
    await until("three writes", 10_000, async () => counter.acknowledged >= 3);
    assert.deepEqual((await counter.look()).lost, [2]);
    await assert.rejects(assertNoneLost(counter, 0), /some are lost/);
  });

  it("does not miss what was never acknowledged, whether it is there or not", async () => {
    behaviour = { "counter-1": "refuse", "counter-2": "keep-silently" };
    const counter = await start();
    await until("two writes", 10_000, async () => counter.acknowledged >= 2);
    await assertNoneLost(counter, 1);
    const { failed, lost } = await counter.stop();
    assert.deepEqual({ failed, lost }, { failed: 2, lost: [] });
  });
});
