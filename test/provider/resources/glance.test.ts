import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { NodeDescription } from "../../../model/description";
import { BmcError } from "../../../provider/redfish/errors";
import { glance } from "../../../provider/resources/machine/glance";
import { RunFacts } from "../../../provider/shell/run";
import { validDescription } from "../../model/description";
import { Authority } from "../net/certificates";
import { ScriptedBmc } from "../redfish/scripted-bmc";

describe("a preview's look at a machine", () => {
  const looking = () => ({ signal: new AbortController().signal, facts: new RunFacts() });

  function nodeBehind(endpoint: string): NodeDescription {
    const node = Object.values(validDescription().nodes)[0]!;
    return { ...node, bmc: { endpoint, user: "admin", password: "hunter22", tls: { insecure: true } } };
  }

  const problemOf = async (look: Promise<unknown>): Promise<string> => {
    const error = await look.catch((thrown) => thrown);
    assert(error instanceof BmcError, String(error));
    return error.problem;
  };

  describe("whose BMC cuts every connection", () => {
    let server: Server;
    let connections = 0;

    before(async () => {
      server = createServer((socket) => {
        connections++;
        socket.destroy();
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
    });
    after(() => server.close());

    it("is patient once in a run, for a few seconds, and at once the next time", async () => {
      const node = nodeBehind(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const run = looking();
      const began = Date.now();
      assert.equal(await problemOf(glance(run, node, (system) => system.state())), "silent");
      assert(Date.now() - began < 8000, `it took ${Date.now() - began} ms`);
      assert(connections > 1, "a BMC that has a bad moment is asked again");

      const asked = connections;
      assert.equal(await problemOf(glance(run, node, (system) => system.facts())), "silent");
      assert.equal(connections, asked, "it was asked again by the next resource of the run");

      const anotherRun = looking();
      assert.equal(await problemOf(glance(anotherRun, node, (system) => system.state())), "silent");
      assert(connections > asked, "another run has to look for itself");
    }).timeout(30_000);
  });

  it("remembers nothing of a BMC that answers", async () => {
    const bmc = await ScriptedBmc.start(await (await Authority.create()).issue());
    try {
      const node = nodeBehind(bmc.endpoint);
      const run = looking();
      bmc.password = "another";
      assert.equal(await problemOf(glance(run, node, (system) => system.state())), "credentials");
      bmc.password = "hunter22";
      assert.equal(await glance(run, node, async (system) => (await system.state()).power), "Off");
      assert.equal(bmc.sessions.size, 0, "it logs out");
    } finally {
      await bmc.stop();
    }
  });
});
