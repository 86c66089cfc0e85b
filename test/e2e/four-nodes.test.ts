/** The committed stack of the lab, whole: three management nodes and a worker by one `up`, what drifts afterwards, and the way down. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { timings } from "../../lab/timings";
import { until } from "../toolchain/offline/support/until";
import { ask, kubeGet } from "./http";
import { runScript } from "./scripts";
import { liveVerdicts, stateVerdicts } from "./verdicts";
import { type Loose, World } from "./world";

const POLICIES = ["--policy-pack", "policies"];
const NODES = ["n1", "n2", "n3", "n4"];

/** Nothing is to be done to a machine. */
const MACHINE_STEP = /metal:index:Machine \S+ (create|update|replace|delete)/;

describe("four nodes become a cluster by one up", function () {
  this.timeout(240_000);
  let world: World;
  let kubeconfig: string;
  /** The state of the cluster when it was there and well. */
  let exported: Loose;

  before(async () => {
    world = await World.start({ nodes: NODES.length, speed: 40 });
  });
  after(() => world?.stop());

  it("up ends well, and says how long it took beside the shortest possible", async () => {
    const began = Date.now();
    const up = await world.must("up", "--yes", "--skip-preview", ...POLICIES);
    assert.doesNotMatch(up.output, /warning/);
    const { toReady, toRest, speed } = timings(world.lab.ledger.read());
    const show = (name: string, { measured, criticalPath }: { measured: number; criticalPath: number }) =>
      console.log(
        `      from the first power-on to ${name}: ${Math.round(measured)} lab seconds (${(measured / speed).toFixed(1)} s), ` +
          `critical path of the simulated delays ${Math.round(criticalPath)} (${(criticalPath / speed).toFixed(1)} s)`,
      );
    show("4 nodes Ready", toReady!);
    show("the end of promotion", toRest!);
    console.log(`      up as a whole: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    assert(toReady!.measured >= toReady!.criticalPath);
  });

  it("one machine created the cluster, three joined, the worker was not promoted", () => {
    const who = (event: string) => world.happened(event).map(({ machine }) => machine);
    assert.deepEqual(who("cluster-created"), ["m1"]);
    assert.deepEqual(who("node-joined").sort(), ["m2", "m3", "m4"]);
    assert.deepEqual(who("promotion-complete").sort(), ["m2", "m3"]);
    assert.deepEqual(who("installed").sort(), ["m1", "m2", "m3", "m4"]);
  });

  it("status says 4 Ready, 3 voters, tolerance 1", async () => {
    const status = await statusNow();
    assert.equal(status.vip.address, `${world.net}.10`);
    assert.equal(status.vip.reachable, true);
    assert.deepEqual(status.quorum, { members: 3, healthy: 3, tolerance: 1 });
    const shown = status.nodes.map(
      ({ name, role, ready, controlPlane, etcdVoter, version, power }: Loose) => ({
        name,
        role,
        ready,
        controlPlane,
        etcdVoter,
        version,
        power,
      }),
    );
    const node = (name: string, role: string, server: boolean) => ({
      name,
      role,
      ready: true,
      controlPlane: server,
      etcdVoter: server,
      version: "v1.6.1",
      power: "On",
    });
    const managers = ["n1", "n2", "n3"].map((name) => node(name, "management", true));
    assert.deepEqual(shown, [...managers, node("n4", "worker", false)]);
    assert.equal(status.nodes.filter(({ vipHolder }: Loose) => vipHolder).length, 1);
    assert.equal(status.nodes.filter(({ etcdLeader }: Loose) => etcdLeader).length, 1);
    assert.deepEqual(status.notKnown, []);
  });

  it("another preview expects no changes and warns of nothing", async () => {
    const preview = await world.must("preview", "--expect-no-changes", ...POLICIES);
    assert.doesNotMatch(preview.output, /warn/i);
    kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
  });

  describe("an edit of the cluster that is there", () => {
    liveVerdicts(() => world);

    it("that has no way back is approved by the hash that its preview prints, and by no other", () =>
      world.edited(
        ({ cluster }) => {
          cluster.nodes.n4.reinstall = 1;
        },
        async () => {
          const wanted = await world.pulumi(["preview"]);
          const [, hash] = /--config approve=([0-9a-f]+)/.exec(wanted.output) ?? [];
          assert(hash !== undefined, wanted.output);
          const approved = await world.pulumi(["preview", "--config", `approve=${hash}`]);
          assert.doesNotMatch(approved.output, /rule approval/);
          const other = await world.pulumi(["preview", "--config", "approve=another"]);
          assert.match(other.output, /"another" approves another change than this one/);
        },
      ));

    after(async () => {
      exported = await world.state();
    });
  });

  describe("what drifts is said by a refresh, and nothing is proposed to be installed", () => {
    let installed: number;
    before(() => {
      installed = world.happened("disk-wiped").length;
    });

    it("a node that was powered off", async () => {
      await world.lab.machine("m4").reset("ForceOff");
      await until("n4 to be not Ready", 60_000, async () => !(await readyNodes()).includes("n4"));
      const refresh = await world.must("refresh", "--yes", "--skip-preview");
      assert.match(refresh.output, /n4: its power is Off, and was On/);
      assert.match(refresh.output, /n4 is not Ready/);
      const status = await statusNow();
      const n4 = status.nodes.find(({ name }: Loose) => name === "n4");
      assert.deepEqual([n4.ready, n4.power], [false, "Off"]);
      await assertNothingProposed();
    });

    it("back again, it is well, and nobody installed it", async () => {
      await world.lab.machine("m4").reset("On");
      await until("n4 to be Ready", 60_000, async () => (await readyNodes()).includes("n4"));
      const refresh = await world.must("refresh", "--yes", "--skip-preview");
      assert.doesNotMatch(refresh.output, /n4 is not/);
      await assertNothingProposed();
    });

    it("a management node that is off: etcd lives on with two of three", async () => {
      await world.lab.machine("m3").reset("ForceOff");
      await until("n3 to be not Ready", 60_000, async () => !(await readyNodes()).includes("n3"));
      assert.deepEqual((await statusNow()).quorum, { members: 3, healthy: 2, tolerance: 0 });
      const refresh = await world.must("refresh", "--yes", "--skip-preview");
      assert.match(refresh.output, /n3 is not Ready/);
      await assertNothingProposed();
      await world.lab.machine("m3").reset("On");
      await until("n3 to be Ready", 60_000, async () => (await readyNodes()).includes("n3"));
      assert.deepEqual((await statusNow()).quorum, { members: 3, healthy: 3, tolerance: 1 });
    });

    it("a node that was deleted in Harvester's user interface", async () => {
      await deleteNode("n4");
      await until("n4 to be gone", 60_000, async () => !(await nodeNames()).includes("n4"));
      const refresh = await world.must("refresh", "--yes", "--skip-preview");
      assert.match(refresh.output, /n4 is not in the cluster/);
      await assertNothingProposed();
      const up = await world.pulumi(["up", "--yes", "--skip-preview"]);
      assert.doesNotMatch(up.stdout, MACHINE_STEP);
      assert.equal(world.happened("disk-wiped").length, installed);
      // The state, and with it every output, still knows the machine.
      const { deployment } = await world.state();
      const machines = deployment.resources.filter(({ type }: Loose) => type === "metal:index:Machine");
      assert.equal(machines.length, NODES.length);
    });

    const assertNothingProposed = async () => {
      const preview = await world.must("preview");
      assert.doesNotMatch(preview.stdout, MACHINE_STEP);
      assert.equal(world.happened("disk-wiped").length, installed);
    };
  });

  describe("destroy", () => {
    it("takes the members down in order, each observed off before the next, and clears the marks", async () => {
      const before = world.lab.ledger.read().length;
      await world.must("destroy", "--yes", "--skip-preview");
      const since = world.lab.ledger.read().slice(before) as Loose[];
      const order = since.filter(({ event }) => event === "power-off").map(({ machine }) => machine);
      assert.deepEqual(order, ["m4", "m2", "m3", "m1"]);
      for (const machine of world.lab.machines) {
        assert.equal(machine.state.power, "Off", machine.name);
        assert.equal(machine.state.assetTag, "", machine.name);
        assert.equal(machine.state.boot.enabled, "Disabled", machine.name);
      }
      assert.equal((await world.state()).deployment.resources?.length ?? 0, 0);
    });
  });

  describe("an edit of the cluster while it cannot be reached", () => {
    before(() => world.lab.stop());
    stateVerdicts(
      () => world,
      () => exported,
    );
  });

  const statusNow = async (): Promise<Loose> => {
    const run = await runScript(world, "status", ["--stack", "lab", "--json"]);
    if (run.stdout === "") throw new Error(run.output);
    return JSON.parse(run.stdout);
  };

  const nodesNow = async (): Promise<Loose[]> => (await kubeGet(kubeconfig, "/api/v1/nodes")).items;
  const nodeNames = async () => (await nodesNow()).map(({ metadata }) => metadata.name);
  const readyNodes = async () =>
    (await nodesNow())
      .filter(({ status }) =>
        status.conditions.some((one: Loose) => one.type === "Ready" && one.status === "True"),
      )
      .map(({ metadata }) => metadata.name);

  const deleteNode = async (name: string) => {
    const { clusters, users } = parse(kubeconfig);
    const url = `${clusters[0].cluster.server}/api/v1/nodes/${name}`;
    const answer = await ask(url, { method: "DELETE", token: users[0].user.token });
    assert.equal(answer.status, 200, answer.body);
  };
});
