/** A member of the control plane dies: the guard waits, repairs, and evicts it in the end; and the next preview says so. */
import assert from "node:assert/strict";
import type { GuardReport } from "../../cli/guard/report";
import {
  type Assessment,
  decide,
  type GuardedNode,
  RECOVERY_GUARDS,
  recoveryPolicyOf,
} from "../../model/recovery";
import { runOverSsh } from "../../provider/ssh/exec";
import { until } from "../toolchain/offline/support/until";
import { assertNoneLost, Counter } from "./counter";
import { kubeDelete, kubeGet, kubePatch, kubePost } from "./http";
import { runScript } from "./scripts";
import { type Loose, World } from "./world";

/** Real seconds, as everything that the guard measures: the lab's clock makes machines fast, not the guard. */
const RECOVERY = { mode: "automatic", failureThreshold: "6s", retryPeriod: "3s" } as const;

const NODES = ["n1", "n2", "n3", "n4"];

interface Pass {
  code: number;
  report: GuardReport;
  stderr: string;
}

describe("a member of the control plane dies", function () {
  this.timeout(420_000);
  let world: World;
  let kubeconfig: string;
  let counter: Counter | undefined;

  before(async () => {
    world = await World.start({ nodes: 4, speed: 60 });
    world.withoutObjects();
    world.edit(({ cluster }) => {
      cluster.nodes.n4.role = "default";
      cluster.recovery = RECOVERY;
    });
    await world.must("up", "--yes", "--skip-preview");
    kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
    counter = await Counter.start(world);
  });
  after(async () => {
    await counter?.end();
    await world?.stop();
  });

  const pass = async (heard?: (text: string) => void): Promise<Pass> => {
    const args = ["--stack", "lab", "--json"];
    const { code, stdout, stderr } = await runScript(world, "guard", args, heard && { heard });
    assert.notEqual(stdout, "", stderr);
    return { code, report: JSON.parse(stdout), stderr };
  };
  const stateOf = ({ report }: Pass, node: string) =>
    report.nodes.find((each) => each.node === node)?.assessment.state;
  /** Takes the Lease of changes as somebody else; returns where it is. */
  const holdLease = async (holderIdentity: string): Promise<string> => {
    const leases = "/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases";
    const metadata = { name: "harvester-stack-membership", namespace: "harvester-system" };
    const spec = { holderIdentity, leaseDurationSeconds: 60 };
    await kubePost(kubeconfig, leases, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata,
      spec,
    });
    return `${leases}/${metadata.name}`;
  };
  const nodesNow = async (): Promise<Loose[]> => (await kubeGet(kubeconfig, "/api/v1/nodes")).items;

  /** Passes one after another, as cron would, until one says something of this kind. */
  const passesUntil = async (what: string, wanted: (pass: Pass) => boolean): Promise<Pass[]> => {
    const passes: Pass[] = [];
    for (const end = Date.now() + 180_000; Date.now() < end; ) {
      passes.push(await pass());
      if (wanted(passes.at(-1)!)) return passes;
    }
    throw new Error(
      `no pass until ${what}: ${JSON.stringify(
        passes.map(({ report }) => [report.decision, report.outcome]),
        null,
        1,
      )}`,
    );
  };

  it("while all is well there is nothing to do, and nothing is touched", async () => {
    const before = world.bmcWrites().length;
    const { code, report } = await pass();
    assert.deepEqual(
      [code, report.decision.do, report.recovery],
      [0, "nothing", "automatic"],
      JSON.stringify(report),
    );
    assert.deepEqual(report.quorum, { members: 3, healthy: 3, required: 2, tolerance: 1, reached: true });
    assert.equal(world.bmcWrites().length, before);
  });

  it("a member that lost its power, and whose BMC is silent, is waited for, then left to a person: whether it is off cannot be told", async () => {
    const before = world.bmcWrites().length;
    await world.lab.machine("m3").cutPower();
    await passesUntil("it is seen to fail", (each) => stateOf(each, "n3") === "hiccup");
    const second = await pass();
    assert.deepEqual([second.code, stateOf(second, "n3")], [0, "hiccup"], JSON.stringify(second.report));
    await world.lab.fault("m3", "bmc-silent");
    const passes = await passesUntil("it is a fault", (each) => stateOf(each, "n3") !== "hiccup");
    const { code, report } = passes.at(-1)!;
    assert.deepEqual([code, report.outcome], [1, { result: "none" }], JSON.stringify(report));
    assert.ok(report.decision.do === "refuse" && report.decision.guard === "not-certain");
    assert.match(report.decision.why, /its BMC does not answer: whether it is off cannot be told/);
    assert.equal(world.bmcWrites().length, before);
    assert.deepEqual((await nodesNow()).map(({ metadata }) => metadata.name).sort(), NODES);
  });

  it("its BMC mended, it is switched on, once, also by two passes at a time: the other one names who holds the Lease", async () => {
    await world.lab.clearFault("m3");
    // For a while its BMC goes on saying that it is off: longer than a pass waits for the Lease.
    await world.lab.fault("m3", "power-stale", ["900"]);
    const before = world.lab.ledger.read().length;
    const lease = await holdLease("ada@desk: looking on");
    const waiting = new Set<string>();
    const heardOf = (one: string) => (text: string) => {
      if (!text.includes("waiting: ada@desk")) return;
      waiting.add(one);
      // Both have judged by now that it is to be switched on.
      if (waiting.size === 2) void kubePatch(kubeconfig, lease, { spec: { holderIdentity: "" } });
    };
    const passes = await Promise.all([pass(heardOf("one")), pass(heardOf("other"))]);
    const [winner, loser] = passes.sort((one, other) => other.code - one.code);
    assert.deepEqual([winner?.code, winner?.report.outcome], [1, { result: "done" }], JSON.stringify(winner));
    const { decision } = winner!.report;
    assert.ok(decision.do === "repair" && decision.act === "power-on");
    assert.deepEqual(winner!.report.quorum, {
      members: 3,
      healthy: 2,
      required: 2,
      tolerance: 0,
      reached: true,
    });
    assert.deepEqual([loser?.code, loser?.report.outcome], [0, { result: "none" }], JSON.stringify(loser));
    assert.ok(loser?.report.decision.do === "refuse" && loser.report.decision.guard === "other-change");
    assert.match(loser.report.decision.why, /guard: repair n3 holds the Lease/);
    await world.lab.clearFault("m3");
    await passesUntil("n3 is well", ({ code, report }) => code === 0 && report.quorum.healthy === 3);
    const power = (world.lab.ledger.read().slice(before) as Loose[]).filter(
      ({ event }) => event === "power-on",
    );
    assert.deepEqual(
      power.map(({ machine }) => machine),
      ["m3"],
    );
  });

  it("a member whose disk has died is switched on once, and then evicted; another one takes its seat", async () => {
    const before = world.lab.ledger.read().length;
    await world.lab.fault("m2", "disk-missing");
    await world.lab.machine("m2").cutPower();
    const passes = await passesUntil("n2 is evicted", ({ report }) => report.decision.do === "evict");
    assert.equal(stateOf(passes[0]!, "n2"), "hiccup");
    const acts = passes.flatMap(({ report: { decision } }) =>
      decision.do === "repair" ? [decision.act] : [],
    );
    assert.deepEqual(acts, ["power-on"]);
    const last = passes.at(-1)!;
    assert.deepEqual(last.report.outcome, { result: "done" }, JSON.stringify(last.report));
    assert.ok(last.report.decision.do === "evict");
    assert.equal(last.report.decision.successor, "n4");
    assert.match(last.report.decision.why, /power-on did not help, and its install disk is gone/);
    assert.equal(world.lab.machine("m2").state.power, "Off");
    const since = world.lab.ledger.read().slice(before) as Loose[];
    assert.deepEqual(
      since.filter(({ event }) => event === "disk-wiped"),
      [],
    );
    const nodes = await nodesNow();
    const voters = nodes.filter(({ metadata }) => metadata.labels["node-role.kubernetes.io/etcd"] === "true");
    assert.deepEqual(voters.map(({ metadata }) => metadata.name).sort(), ["n1", "n3", "n4"]);
  });

  it("until somebody answers it, a pass and every preview say so, and nothing installs the node again", async () => {
    const { code, report } = await pass();
    assert.equal(code, 1);
    assert.deepEqual(
      report.evicted.map(({ node }) => node),
      ["n2"],
    );
    assert.deepEqual(report.quorum, { members: 3, healthy: 3, required: 2, tolerance: 1, reached: true });
    const preview = await world.must("preview", "--expect-no-changes");
    assert.match(preview.output, /n2 evicted by guard: replace or remove it.*its install disk is gone/);
    const edited = await world.edited(
      ({ cluster }) => {
        cluster.recovery = "manual";
      },
      () => world.pulumi(["preview"]),
    );
    assert.notEqual(edited.code, 0);
    assert.match(edited.output, /cluster\.nodes\.n2: n2 evicted by guard: replace or remove it/);
  });

  it("taking it out of the description answers it", async () => {
    world.edit(({ cluster }) => {
      delete cluster.nodes.n2;
    });
    await world.must("up", "--yes", "--skip-preview");
    const { code, report } = await pass();
    assert.deepEqual([code, report.decision.do, report.evicted], [0, "nothing", []], JSON.stringify(report));
  });

  it("none of the writes that the cluster has acknowledged throughout is lost", async () => {
    await assertNoneLost(counter!, 0);
    // What follows takes the majority away.
    await counter!.end();
  });

  describe("two of three members are lost (docs/runbooks/lost-majority.md)", () => {
    const MACHINES = "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet-local/machines";
    let hostKey: string;
    before(async () => {
      const { resources } = (await world.state()).deployment;
      hostKey = resources.find(
        ({ type, inputs }: Loose) => type === "metal:index:Machine" && inputs.key === "n1",
      ).outputs.sshHostKey;
    });

    const onSurvivor = async (command: string): Promise<string> => {
      const target = {
        host: `${world.net}.11`,
        port: 17022,
        hostKey,
        privateKey: world.secret("ssh_ed25519"),
      };
      const { code, stdout, stderr } = await runOverSsh(target, command, 60_000);
      assert.equal(code, 0, `${command}: ${stderr}`);
      return stdout;
    };

    it("without the quorum guard one reset would take the majority: with it, it is refused", async () => {
      await world.lab.machine("m3").cutPower();
      const { report } = await pass();
      const hangs: Assessment = { state: "repairable", act: "reset", why: "its kubelet is silent" };
      const nodes = report.nodes.map(
        ({ node, seat, assessment }, at): GuardedNode => ({
          name: node,
          healthy: assessment.state === "well",
          controlPlane: seat !== null,
          etcd: seat !== null,
          created: at,
          assessment: node === "n4" ? hangs : assessment,
          votes: true,
          etcdAnswers: null,
          reachable: node !== "n3",
        }),
      );
      const policy = recoveryPolicyOf({ ...RECOVERY, minimumHealthy: 1 }, nodes.length);
      const situation = {
        now: report.at,
        policy,
        nodes,
        version: "v1.6.1",
        acts: [],
        evicted: [],
        unfit: {},
      };
      const guarded = decide(situation);
      assert.ok(guarded.do === "refuse" && guarded.guard === "quorum", JSON.stringify(guarded));
      assert.equal((await nodesNow()).length, 3);

      const unguarded = decide(
        situation,
        RECOVERY_GUARDS.filter(({ id }) => id !== "quorum"),
      );
      assert.deepEqual(unguarded, { do: "repair", node: "n4", act: "reset", why: hangs.why });
      // What a reset begins with.
      await world.lab.machine("m4").reset("ForceOff");
      await assert.rejects(nodesNow(), "etcd goes on without a majority");
    });

    it("the guard cannot judge, does nothing, and names the runbook", async () => {
      const writes = world.bmcWrites().length;
      const { code, stdout, stderr } = await runScript(world, "guard", ["--stack", "lab"]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /Nothing was done.*docs\/runbooks\/lost-majority\.md/);
      assert.equal(world.bmcWrites().length, writes);
    });

    it("the survivor becomes a cluster of its own, with the same data", async () => {
      await onSurvivor("sudo systemctl stop rke2-server");
      assert.match(
        await onSurvivor("sudo /opt/rke2/bin/rke2 server --cluster-reset"),
        /membership has been reset/,
      );
      await onSurvivor("sudo systemctl start rke2-server");
      await until("the API answers", 60_000, async () => (await nodesNow()).length === 3);
    });

    it("the lost ones are removed, installed anew, and three voters are there again", async () => {
      const { items } = await kubeGet(kubeconfig, MACHINES);
      for (const { metadata, status } of items as Loose[]) {
        if (status.nodeRef.name !== "n1") await kubeDelete(kubeconfig, `${MACHINES}/${metadata.name}`);
      }
      await until("n3 and n4 are gone", 60_000, async () => (await nodesNow()).length === 1);
      world.edit(({ cluster }) => {
        cluster.nodes.n3.reinstall = 1;
        cluster.nodes.n4.reinstall = 1;
      });
      // Unseen, this would be the reinstallation of two members at once.
      await until("the plan sees the cluster", 120_000, async () => {
        return !/could not be looked at/.test((await world.pulumi(["preview"])).output);
      });
      await world.must("up", "--yes", "--skip-preview");
      const { code, report } = await pass();
      assert.equal(code, 0, JSON.stringify(report));
      assert.deepEqual(report.quorum, { members: 3, healthy: 3, required: 2, tolerance: 1, reached: true });
    });
  });
});
