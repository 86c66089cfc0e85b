/**
 * Hardware that lies, forgets and repeats itself. What can be got over is got over, with nothing done twice that cannot be undone; what cannot
 * ends before anything is touched, or at the deadline with what is likely to be wrong.
 */
import assert from "node:assert/strict";
import type { FaultName } from "../../lab/faults/table";
import { describedMachine, nodesOf, ResizedCluster } from "./resized";
import { type Run, World } from "./world";

interface Lie {
  machine: string;
  what: string;
  fault: [FaultName, ...string[]];
  /** Lab seconds after which it ends by itself. */
  seconds?: number;
}

const GOT_OVER: Lie[] = [
  { machine: "m2", what: "a BMC that shows the power state of a minute ago", fault: ["power-stale", "60"] },
  { machine: "m3", what: "a BMC that keeps a one-time boot for good", fault: ["boot-once-sticks"] },
  { machine: "m4", what: "a BMC that refuses every second request with 503", fault: ["bmc-busy", "2"] },
  { machine: "m5", what: "a BMC whose sessions end without notice", fault: ["bmc-session-ends"] },
  {
    machine: "m6",
    what: "an installer that asks twice for its configuration",
    fault: ["config-answer-lost"],
  },
  { machine: "m7", what: "a system that asks to join minutes late", fault: ["join-late"], seconds: 180 },
];

/** What a run says of a machine of which nothing can be made. */
const ENDS: (Lie & { says: RegExp })[] = [
  {
    machine: "m2",
    what: "a BMC that accepts a power action and does nothing",
    fault: ["power-ignored"],
    says: /create did not end within its 40 s; the last thing that it did: power on\./,
  },
  {
    machine: "m3",
    what: "a firmware that boots from the disk whatever it is told",
    fault: ["boot-override-ignored"],
    says: /n3 \(n3\): gave up waiting [^\n]*stands at "armed"[^\n]*HTTP boot is enabled in its BIOS/,
  },
];

describe("hardware that lies", function () {
  this.timeout(300_000);
  let world: World;

  const describeWorkers = (machines: readonly string[]) =>
    world.edit(({ cluster }) => {
      const { n1 } = cluster.nodes;
      const worker = (machine: string) => describedMachine(world, machine, n1, { role: "worker" });
      cluster.nodes = {
        n1,
        ...Object.fromEntries(machines.map((machine) => [machine.replace("m", "n"), worker(machine)])),
      };
    });

  const start = async () => {
    world = await World.start({ nodes: 7, speed: 40 });
    world.withoutObjects();
    const { n1 } = nodesOf(world);
    world.edit(({ cluster }) => {
      cluster.nodes = { n1 };
    });
    await world.must("up", "--yes", "--skip-preview");
  };
  const installationsOf = (machine: string) => ({
    installed: world.happened("installed").filter((record) => record.machine === machine).length,
    wiped: world
      .happened("disk-wiped")
      .filter((record) => record.machine === machine && record.how === "install-device").length,
  });

  afterEach(() => world?.stop());

  it(`is got over: ${GOT_OVER.map(({ what }) => what).join("; ")}; and meanwhile an API that flaps`, async () => {
    await start();
    for (const { machine, fault, seconds } of GOT_OVER) {
      const [name, ...args] = fault;
      await world.lab.fault(machine, name, args, seconds);
    }
    await world.lab.fault("site", "api-flapping", ["6000"]);
    describeWorkers(GOT_OVER.map(({ machine }) => machine));
    await world.must("up", "--yes", "--skip-preview");
    await world.lab.clearFault("site", "api-flapping");
    for (const { machine, what } of GOT_OVER) {
      assert.deepEqual(installationsOf(machine), { installed: 1, wiped: 1 }, what);
      await world.lab.clearFault(machine);
    }
    const cluster = await ResizedCluster.of(world);
    const nodes = ["m1", ...GOT_OVER.map(({ machine }) => machine)].map((name) => name.replace("m", "n"));
    await cluster.restsAt({ nodes, voters: ["n1"] });
  });

  it(`ends the run with what is likely to be wrong: ${ENDS.map(({ what }) => what).join("; ")}`, async () => {
    await start();
    for (const { machine, fault } of ENDS) {
      const [name, ...args] = fault;
      await world.lab.fault(machine, name, args);
    }
    describeWorkers(ENDS.map(({ machine }) => machine));
    world.edit(({ cluster }) => {
      cluster.installTimeout = "40s";
    });
    const run: Run = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(run.code, 0, run.output);
    for (const { machine, what, says } of ENDS) {
      assert(says.test(run.output), `${what}:\n${run.output}`);
      assert.deepEqual(installationsOf(machine), { installed: 0, wiped: 0 }, what);
      await world.lab.clearFault(machine);
    }
    // Mended, it goes on.
    world.edit(({ cluster }) => {
      delete cluster.installTimeout;
    });
    await world.must("up", "--yes", "--skip-preview");
    const cluster = await ResizedCluster.of(world);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3"], voters: ["n1"] });
  });
});
