/**
 * Power that fails while something is under way: the mains of the whole site in the middle of installations and at rest, and a member while
 * another one leaves. Everything comes back by itself or by the next run, and nothing is done twice that cannot be undone.
 */
import assert from "node:assert/strict";
import { assertLetGo, assertNeverBelowQuorum, describedMachine, ResizedCluster } from "./resized";
import { type Loose, type Running, says, World } from "./world";

const UP = ["up", "--yes", "--skip-preview"];
const EVERYBODY = ["n1", "n2", "n3", "n4", "n5"];

describe("power that fails midway", function () {
  this.timeout(300_000);
  let world: World;
  let cluster: ResizedCluster;
  let leave: Running | undefined;

  before(async () => {
    world = await World.start({ nodes: 5, speed: 60 });
    world.withoutObjects();
    world.edit((config) => {
      const { n1, n2, n3 } = config.cluster.nodes;
      config.cluster.nodes = { n1, n2, n3 };
    });
    await world.must(...UP);
    cluster = await ResizedCluster.of(world);
    for (const { name } of world.lab.machines) {
      const powerRestorePolicy = name === "m1" ? "AlwaysOn" : "LastState";
      world.lab.machine(name).configure({ powerRestorePolicy });
    }
  });
  after(() => world?.stop());

  it("the mains of the site are cut while two machines are installed: whose disk is written joins when they return; the other one is left alone, and the run ends with the way on", async () => {
    await world.lab.fault("m4", "install-slow", ["100"]);
    world.edit((config) => {
      const { nodes } = config.cluster;
      nodes.n4 = describedMachine(world, "m4", nodes.n3, { role: "default" });
      nodes.n5 = describedMachine(world, "m5", nodes.n3, { role: "worker" });
      config.cluster.installTimeout = "40s";
    });
    const stop = world.onLedger(({ event }) => {
      if (event !== "installed") return;
      stop();
      void cutMains();
    });
    const run = await world.pulumi(UP);
    assert.notEqual(run.code, 0, run.output);
    assert.match(
      run.output,
      /n4 \(n4\): gave up waiting [^\n]*stands at "started"[^\n]*raise nodes\.n4\.reinstall by one/,
    );
    assert.deepEqual(installed(), ["m1", "m2", "m3", "m5"]);
    // It started from its disk, as the mains found it: nobody has started it again.
    assert.deepEqual(
      starts("m4").map(({ reason }) => reason),
      ["BMC", "mains power returned (LastState)"],
    );
  });

  it("whose disk was being written is installed under a new intent, and nobody else again", async () => {
    await world.lab.clearFault("m4");
    world.edit((config) => {
      config.cluster.nodes.n4.reinstall = 1;
      delete config.cluster.installTimeout;
    });
    await backAgain();
    await world.must(...UP);
    await cluster.restsAt({ nodes: EVERYBODY, voters: ["n1", "n2", "n3"] });
    assert.deepEqual(installed(), ["m1", "m2", "m3", "m4", "m5"]);
  });

  it("quorum lost midway: another member dies while one is emptied, and the run waits with it", async () => {
    const began = new Date();
    world.edit((config) => {
      delete config.cluster.nodes.n2;
    });
    leave = world.spawn(UP);
    await cluster.until("n2 to begin to leave", async () => (await cluster.leaving("n2")) !== undefined);
    await world.lab.machine("m3").cutPower();
    await says(leave, /n2 leaves: waiting: without n2, 1 of 3 etcd voters would answer and 2 are needed/);
    assert.deepEqual(uninstalled(), []);
    assertNeverBelowQuorum(world, began);
  });

  it("the other one back, it goes on; that dies again once one is uninstalled: the run ends, and nothing more is interrupted", async () => {
    let before: number | undefined;
    const stop = world.onLedger(({ event }) => {
      if (event !== "rke2-uninstalled") return;
      stop();
      before = world.bmcWrites().length;
      void world.lab.machine("m3").cutPower();
    });
    await world.lab.machine("m3").reset("On");
    const { code, output } = await leave!.done;
    assert.notEqual(code, 0, output);
    assert.match(
      output,
      /the Lease \S+ could not be renewed [^\n]*stopped here\. Run again: it goes on where this one stopped/,
    );
    await assert.rejects(cluster.write("with one of three"));
    assert.equal(world.bmcWrites().length, before);
    for (const name of ["m1", "m2", "m4", "m5"])
      assert.equal(world.lab.machine(name).state.power, "On", name);
  });

  it("with the other one back, the next run carries it to its end", async () => {
    await world.lab.machine("m3").reset("On");
    await cluster.until("etcd to have its quorum again", () =>
      cluster.write("with two of three").then(() => true),
    );
    await world.must(...UP);
    assert.deepEqual(uninstalled(), ["m2"]);
    assertLetGo(world, "m2");
    await cluster.restsAt({ nodes: ["n1", "n3", "n4", "n5"], voters: ["n1", "n3", "n4"] });
  });

  it("the mains of a cluster at rest are cut: it is back by itself, and the machine that was let go of stays off", async () => {
    const before = installed();
    await cutMains();
    await backAgain();
    await cluster.restsAt({ nodes: ["n1", "n3", "n4", "n5"], voters: ["n1", "n3", "n4"] });
    assertLetGo(world, "m2");
    assert.deepEqual(installed(), before);
  });

  it("a machine that leaves while its BMC reports the UUID of a member: refused with what differs, before anything is touched", async () => {
    const [m1, m5] = [world.lab.machine("m1").hardware, world.lab.machine("m5").hardware];
    await world.lab.fault("m5", "uuid-of", ["m1"]);
    const before = { bmcWrites: world.bmcWrites().length, uninstalled: uninstalled() };
    world.edit((config) => {
      delete config.cluster.nodes.n5;
    });
    const run = await world.pulumi(UP);
    assert.notEqual(run.code, 0, run.output);
    assert.match(run.output, new RegExp(`uuid: declared ${m5.uuid}, found ${m1.uuid} \\(differs\\)`));
    assert.match(run.output, new RegExp(`serial: declared ${m5.serial}, found ${m5.serial} \\(agrees\\)`));
    assert.deepEqual({ bmcWrites: world.bmcWrites().length, uninstalled: uninstalled() }, before);
    assert.equal(await cluster.leaving("n5"), undefined);
  });

  const cutMains = async () => {
    await world.lab.mains(false);
    await world.lab.mains(true);
  };
  /** Waits until the cluster is back: every node Ready, and seen by a preview. */
  const backAgain = async () => {
    await cluster.until("everybody to be Ready", async () =>
      (await cluster.nodes()).every(({ status }) =>
        status.conditions.some((one: Loose) => one.type === "Ready" && one.status === "True"),
      ),
    );
    await cluster.until("the plan to see the cluster", async () => {
      const { output } = await world.pulumi(["preview"]);
      return !/could not be looked at/.test(output);
    });
  };
  const machinesOf = (event: string) =>
    world
      .happened(event)
      .map(({ machine }) => machine)
      .sort();
  const installed = () => machinesOf("installed");
  const uninstalled = () => machinesOf("rke2-uninstalled");
  const starts = (name: string): Loose[] =>
    world.happened("power-on").filter(({ machine }) => machine === name);
});
