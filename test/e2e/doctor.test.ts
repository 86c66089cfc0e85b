/** `npm run doctor`: one table and an exit code before the first `up`; whatever is wrong shows in its own row, and nothing is changed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { freshClone } from "./clone";
import { runScript } from "./scripts";
import { type Loose, REPOSITORY, type Run, World } from "./world";

describe("doctor", function () {
  this.timeout(90_000);
  let world: World;
  let project: string;

  before(async () => {
    world = await World.start();
    // It reads the stack file where pulumi would look for it.
    project = freshClone(REPOSITORY, world.dir);
  });
  after(() => world?.stop());
  afterEach("nothing was changed", async () => {
    await world.lab.clearFault("m1");
    assert.deepEqual(world.bmcWrites(), []);
    assert.equal(world.machine.state.power, "Off");
  });

  const doctor = (...args: string[]): Promise<Run> => {
    const file = join(project, "stacks", "Pulumi.lab.yaml");
    writeFileSync(file, readFileSync(world.configFile));
    return runScript(world, "doctor", ["--stack", "lab", ...args], { project });
  };
  const findings = (run: Run): Loose[] => {
    assert(run.stdout.startsWith("["), run.output);
    return JSON.parse(run.stdout);
  };
  const failed = (run: Run) =>
    findings(run)
      .filter(({ result }) => result === "fail")
      .map(({ subject, check }) => `${subject}: ${check}`);

  it("finds nothing to mend where all is well, and says so in one table", async () => {
    const run = await doctor();
    assert.equal(run.code, 0, run.output);
    for (const row of [
      /^ok +n1 +BMC login/m,
      /^ok +n1 +identity +Harvester Lab/m,
      /^ok +n1 +disks +will be wiped: S4XLAB0001A, P7NLAB0001B/m,
      /^ok +n1 +HTTP boot/m,
      /^ok +n1 +preflight/m,
      /^ok +VIP +free/m,
      /^ok +artifacts +kernel .*SHA-512 agrees/m,
      /^ok +boot server +can listen/m,
      /, 0 to mend$/m,
    ]) {
      assert.match(run.stdout, row);
    }
  });

  it("a swapped board", async () => {
    await world.lab.fault("m1", "board-swapped");
    const run = await doctor("--json");
    assert.equal(run.code, 1, run.output);
    assert.deepEqual(failed(run), ["n1: identity"]);
    assert.match(run.stdout, /serial: declared HVL1001, found HVL1001-B/);
  });

  it("a wrong password", async () => {
    const edit = ({ cluster }: { cluster: Loose }) => {
      cluster.nodes.n1.bmc.password = "not the password";
    };
    const run = await world.edited(edit, () => doctor("--json"));
    assert.equal(run.code, 1, run.output);
    assert.deepEqual(failed(run), ["n1: BMC login"]);
    assert.match(run.stdout, /password/);
    assert.doesNotMatch(run.output, /not the password/);
  });

  it("a BMC that is silent", async () => {
    await world.lab.fault("m1", "bmc-silent");
    const run = await doctor("--json");
    assert.equal(run.code, 1, run.output);
    assert.deepEqual(failed(run), ["n1: BMC login"]);
  });

  it("too few cores", async () => {
    await world.lab.fault("m1", "hardware", ["cores=4"]);
    const run = await doctor("--json");
    assert.equal(run.code, 1, run.output);
    assert.deepEqual(failed(run), ["n1: preflight"]);
  });

  it("a boot server's port that is taken", async () => {
    const { address, port } = world.bootServer;
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, address, resolve));
    try {
      const run = await doctor("--json");
      assert.equal(run.code, 1, run.output);
      assert.deepEqual(failed(run), ["boot server: can listen"]);
    } finally {
      holder.close();
    }
  });

  for (const [what, damage, rows, says] of [
    ["is missing", () => undefined, ["artifacts: kernel"], /HTTP 404/],
    [
      "is damaged",
      (body: Buffer) => Buffer.concat([body, Buffer.from("x")]),
      ["artifacts: kernel"],
      /damaged: its SHA-512 begins with/,
    ],
  ] as const) {
    it(`an artifact that ${what}`, async () => {
      const original = `http://${world.net}.1:17080/harvester/v1.6.1`;
      const mirror = createServer(async (request, response) => {
        const answer = await fetch(original + request.url, { method: request.method });
        const body = Buffer.from(await answer.arrayBuffer());
        const sent = request.url?.includes("vmlinuz") ? damage(body) : body;
        response.writeHead(sent === undefined ? 404 : answer.status).end(sent);
      });
      await new Promise<void>((resolve) => mirror.listen(0, `${world.net}.3`, resolve));
      const { port } = mirror.address() as { port: number };
      try {
        const edit = ({ cluster }: { cluster: Loose }) => {
          cluster.artifacts.url = `http://${world.net}.3:${port}`;
        };
        const run = await world.edited(edit, () => doctor("--json"));
        assert.equal(run.code, 1, run.output);
        assert.deepEqual(failed(run), rows);
        assert.match(run.stdout, says);
      } finally {
        mirror.closeAllConnections();
        mirror.close();
      }
    });
  }
});
