import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type BootRoute, BootServer, type OpenRoute } from "../../../provider/boot/server";
import { poll } from "../../../provider/net/retry";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe("boot server", () => {
  let artifacts: Server;
  let server: BootServer;
  let events: string[];
  let configuration: () => Promise<string | undefined>;
  const open: OpenRoute[] = [];

  const route = (): BootRoute => ({
    token: randomBytes(16).toString("hex"),
    ipxeUrl: `http://127.0.0.1:${(artifacts.address() as AddressInfo).port}/ipxe.efi`,
    script: async () => "#!ipxe\nboot\n",
    configuration: () => configuration(),
    event: async (event, detail, from) => void events.push(`${event} ${detail} ${from}`),
  });
  const serve = async (r: BootRoute) => {
    const opened = await server.open(r);
    open.push(opened);
    return opened;
  };
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, body: await response.text() };
  };

  before(async () => {
    artifacts = createServer((_request, response) => response.end("EFI binary")).listen(0, "127.0.0.1");
    await once(artifacts, "listening");
  });
  after(() => void artifacts.close());
  beforeEach(async () => {
    events = [];
    configuration = async () => "token: join-token\n";
    server = new BootServer("127.0.0.1", await freePort());
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((r) => r.close()));
  });

  it("serves binary, script and configuration, and takes reports", async () => {
    const r = route();
    await serve(r);
    assert.deepEqual(await ask(`/${r.token}/ipxe.efi`), { status: 200, body: "EFI binary" });
    assert.deepEqual(await ask(`/${r.token}/autoexec.ipxe`), { status: 200, body: "#!ipxe\nboot\n" });
    assert.deepEqual(await ask(`/${r.token}/config.yaml`), { status: 200, body: "token: join-token\n" });
    assert.equal((await ask(`/${r.token}/events/STARTED`, { method: "POST", body: "n1" })).status, 204);
    assert.deepEqual(events, ["STARTED n1 127.0.0.1"]);
  });

  it("turns a machine away once its configuration is burned, and asks back when nothing could be decided", async () => {
    const r = route();
    await serve(r);
    configuration = async () => undefined;
    assert.equal((await ask(`/${r.token}/config.yaml`)).status, 410);
    configuration = () => Promise.reject(new Error("the BMC is silent"));
    assert.equal((await ask(`/${r.token}/config.yaml`)).status, 503);
  });

  it("hands nothing out by other methods, nor takes other reports", async () => {
    let asked = 0;
    configuration = async () => String(asked++);
    const r = route();
    await serve(r);
    for (const method of ["HEAD", "POST", "PUT"]) {
      assert.equal((await ask(`/${r.token}/config.yaml`, { method })).status, 404);
    }
    assert.equal((await ask(`/${r.token}/events/EXPLODED`, { method: "POST" })).status, 404);
    assert.equal(asked, 0);
  });

  it("lets strangers boot from their disk", async () => {
    const r = route();
    await serve(r);
    const wrong = r.token.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    for (const path of ["/", "/boot.ipxe", `/${wrong}/autoexec.ipxe`, "/..%2f"]) {
      const { status, body } = await ask(path);
      assert.equal(status, 200);
      assert.match(body, /^#!ipxe\n.*\nexit\n$/s, path);
    }
  });

  it("gives an installer that it does not know no script for a configuration, so that it asks again", async () => {
    const r = route();
    await serve(r);
    const wrong = r.token.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
    assert.equal((await ask(`/${wrong}/config.yaml`)).status, 404);
  });

  it("never takes a machine that it waits for as a stranger, also right after it was killed", async () => {
    const r = route();
    await serve(r);
    const statuses = new Set<number>();
    process.kill((await server.pid())!, "SIGKILL");
    await poll(
      async () => {
        const answer = await ask(`/${r.token}/config.yaml`).catch(() => undefined);
        if (answer !== undefined) statuses.add(answer.status);
        return answer?.status === 200 || undefined;
      },
      { everyMs: 1, deadlineMs: 10_000 },
    );
    assert.deepEqual([...statuses], [200]);
  });

  it("comes back with the same URLs when its process is killed", async () => {
    const r = route();
    await serve(r);
    for (let time = 0; time < 2; time++) {
      const pid = await server.pid();
      process.kill(pid!, "SIGKILL");
      const again = await poll(() => ask(`/${r.token}/config.yaml`).catch(() => undefined), {
        everyMs: 20,
        deadlineMs: 10_000,
      });
      assert.deepEqual(again, { status: 200, body: "token: join-token\n" });
      assert.notEqual(await server.pid(), pid);
    }
  });

  it("is shared by machines and ends with the last, also when the next comes at that moment", async () => {
    const [a, b, c] = [route(), route(), route()];
    const [openA, openB] = [await serve(a), await serve(b)];
    await openA.close();
    assert.equal((await ask(`/${a.token}/config.yaml`)).status, 404);
    assert.match((await ask(`/${b.token}/config.yaml`)).body, /join-token/);
    const closing = openB.close();
    await serve(c);
    await closing;
    assert.match((await ask(`/${c.token}/config.yaml`)).body, /join-token/);
    await open.splice(0).at(-1)!.close();
    assert.equal(await server.pid(), undefined);
    await assert.rejects(ask("/"));
  });

  it("names the address when another program has the port, and can be tried again", async () => {
    const other = createServer().listen(server.port, "127.0.0.1");
    await once(other, "listening");
    const r = route();
    await assert.rejects(
      serve(r),
      (error: Error) =>
        error.message.includes(`127.0.0.1:${server.port}`) && /another program/.test(error.message),
    );
    other.close();
    await once(other, "close");
    await serve(r);
    assert.equal((await ask(`/${r.token}/config.yaml`)).status, 200);
  });
});
