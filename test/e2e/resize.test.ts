/** A cluster that grows and shrinks by edits of its description, each carried out by one `up`. */
import assert from "node:assert/strict";
import { freshClone } from "./clone";
import { assertLetGo, describedMachine, provision, type ResizedCluster } from "./resized";
import { type Loose, REPOSITORY, says, type World } from "./world";

describe("a cluster grows and shrinks", function () {
  this.timeout(360_000);
  let world: World;
  let cluster: ResizedCluster;
  let described: Loose;

  provision(
    { nodes: 5, speed: 40 },
    (config) => {
      described = structuredClone(config.cluster.nodes);
      config.cluster.nodes = { n1: described.n1 };
    },
    (made) => {
      ({ world, cluster } = made);
    },
  );

  it("one node becomes four: two of those that join are promoted, and a worker is not", async () => {
    world.edit((config) => {
      config.cluster.nodes = described;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: grow\./);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] });
  });

  it("a fifth node joins, and stands by: the control plane stays as it was", async () => {
    world.edit((config) => {
      config.cluster.nodes.n5 = describedMachine(world, "m5", config.cluster.nodes.n4, { role: "default" });
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: grow\./);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({
      nodes: ["n1", "n2", "n3", "n4", "n5"],
      voters: ["n1", "n2", "n3"],
    });
  });

  it("a worker that runs a virtual machine which cannot be moved stays, and is named", async () => {
    // One volume with a replica on n4, one machine that may move from there to n5, and one that may not move at all.
    for (const name of ["n1", "n2"]) await schedule(name, false);
    await cluster.change("POST", VOLUMES, volume("data"));
    await cluster.until("three replicas", async () => (await replicasOf("data")).length === 3);
    for (const name of ["n1", "n2"]) await schedule(name, true);
    await cluster.change("POST", MACHINES, virtualMachine("web", {}, ["n1", "n2", "n3"]));
    await cluster.until("web to run", async () => (await placeOf("web")) === "n4");
    const devices = { hostDevices: [{ name: "gpu", deviceName: "gpu" }] };
    await cluster.change("POST", MACHINES, virtualMachine("render", { devices }, ["n1", "n2", "n3", "n5"]));
    await cluster.until("render to run", async () => (await placeOf("render")) === "n4");
    world.edit((config) => {
      delete config.cluster.nodes.n4;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: shrink\./);
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(refused.output, /default\/render.*leave\.virtualMachines: "stop"/);
    assert.equal(await placeOf("render"), "n4");
  });

  it("where that may be stopped, the worker leaves: emptied, uninstalled, off, taken out, and let go of; who cancels that run and starts another one waits for it", async () => {
    const { uid } = (await cluster.get(`${INSTANCES}/web`)).metadata;
    world.edit((config) => {
      config.cluster.leave = { virtualMachines: "stop" };
    });
    const before = world.lab.ledger.read().length;
    // As long as its replica has nowhere to go, n4 does not leave.
    for (const name of ["n1", "n2"]) await schedule(name, false);
    const first = world.spawn(["up", "--yes", "--skip-preview"]);
    await says(first, /n4 leaves: waiting: Longhorn to move 1 replicas off n4/);
    // The backend has no lock any more; the cluster has.
    await world.must("cancel", "--yes");
    const elsewhere = { project: freshClone(REPOSITORY, world.dir), env: { PULUMI_HOME: world.freshHome() } };
    const second = world.spawn(["up", "--yes", "--skip-preview"], elsewhere);
    await says(second, /waiting: \S+@\S+ \([^)]*\): taking n4 out holds the Lease/);
    for (const name of ["n1", "n2"]) await schedule(name, true);
    for (const { code, output } of [await first.done, await second.done]) assert.equal(code, 0, output);
    const since = world.lab.ledger.read().slice(before) as Loose[];
    const order = since
      .filter(
        ({ machine, event }) =>
          machine === "m4" && ["rke2-uninstalled", "power-off", "node-removed"].includes(event),
      )
      .map(({ event }) => event);
    assert.deepEqual(order, ["rke2-uninstalled", "power-off", "node-removed"]);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n5"], voters: ["n1", "n2", "n3"] });
    assertLetGo(world, "m4");
    const { left } = await cluster.roster();
    assert.deepEqual(
      left.map(({ key, serial, how }: Loose) => [key, serial, how]),
      [["n4", "HVL1004", "left"]],
    );
    assert.equal(await placeOf("web"), "n5");
    assert.equal(
      (await cluster.get(`${INSTANCES}/web`)).metadata.uid,
      uid,
      "it was moved, not started again",
    );
    assert.equal((await cluster.get(`${MACHINES}/render`)).spec.runStrategy, "Halted");
    const replicas = await replicasOf("data");
    assert.equal(replicas.filter(({ spec }) => spec.healthyAt !== "" && spec.nodeID !== "n4").length, 3);
  });

  it("a member of the control plane leaves, though another one's etcd is slow and its run is killed in the middle; the node that stood by takes its seat", async () => {
    // Right after n2 is uninstalled, nothing is written without the slow one.
    await world.lab.fault("m3", "etcd-slow", ["700"]);
    world.edit((config) => {
      delete config.cluster.nodes.n2;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /n5 will be promoted/);
    const killed = world.spawn(["up", "--yes", "--skip-preview"]);
    const stop = world.onLedger(({ event }) => {
      if (event === "rke2-uninstalled") process.kill(killed.pid, "SIGKILL");
    });
    await killed.done;
    stop();
    await world.must("cancel", "--yes");
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n3", "n5"], voters: ["n1", "n3", "n5"] });
    await world.lab.clearFault("m3");
    assertLetGo(world, "m2");
    assert.equal(world.happened("rke2-uninstalled").filter(({ machine }) => machine === "m2").length, 1);
  });

  it("a rule is overridden for a reason: the preview says so, the run carries it out, and the state keeps the reason", async () => {
    // Its replicas would be three on two nodes: another rule, which no run could go against.
    await cluster.change("DELETE", `${VOLUMES}/data`);
    await cluster.until("the volume to be gone", async () => (await replicasOf("data")).length === 0);
    world.edit((config) => {
      delete config.cluster.nodes.n3;
    });
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(refused.output, /nodes\.n3: .*2 etcd voters[^\n]*\(rule voters-odd-at-rest\)/);
    assert.equal((await cluster.nodes()).length, 3);
    const override = { rule: "voters-odd-at-rest", reason: "n6 is delivered tomorrow" };
    world.edit((config) => {
      config.cluster.overrides = [override];
    });
    const preview = await world.must("preview", "--policy-pack", "policies");
    assert.match(
      preview.output,
      /warning: [^\n]*nodes\.n3: [^\n]*Overridden \(rule voters-odd-at-rest\): n6 is delivered/,
    );
    assert.match(preview.output, /overrides-announced[\s\S]*is overridden: n6 is delivered tomorrow/);
    await world.must("up", "--yes", "--skip-preview");
    const nodes = await cluster.nodes();
    assert.deepEqual(nodes.map(({ metadata }) => metadata.name).sort(), ["n1", "n5"]);
    assertLetGo(world, "m3");
    const { resources } = (await world.state()).deployment;
    const { transition } = resources.find(({ type }: Loose) => type === "metal:index:Plan").outputs;
    const { rule, severity, overridden } = transition.findings.find(
      (found: Loose) => found.rule === override.rule,
    );
    assert.deepEqual(
      { rule, severity, overridden },
      { rule: override.rule, severity: "warning", overridden: override.reason },
    );
  });

  const schedule = (name: string, allowed: boolean): Promise<void> =>
    cluster.edit(`${LONGHORN}/nodes/${name}`, ({ spec }) => {
      spec.allowScheduling = allowed;
    });

  const replicasOf = async (name: string): Promise<Loose[]> =>
    (await cluster.get(REPLICAS)).items.filter(({ spec }: Loose) => spec.volumeName === name);

  const placeOf = async (name: string): Promise<string | undefined> =>
    (await cluster.get(`${INSTANCES}/${name}`)).status?.nodeName;
});

const LONGHORN = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system";
const VOLUMES = `${LONGHORN}/volumes`;
const REPLICAS = `${LONGHORN}/replicas`;
const KUBEVIRT = "/apis/kubevirt.io/v1/namespaces/default";
const MACHINES = `${KUBEVIRT}/virtualmachines`;
const INSTANCES = `${KUBEVIRT}/virtualmachineinstances`;

function volume(name: string): Loose {
  return {
    apiVersion: "longhorn.io/v1beta2",
    kind: "Volume",
    metadata: { name, namespace: "longhorn-system" },
    spec: { numberOfReplicas: 3, size: "1073741824" },
  };
}

/** A virtual machine that does not run on the given nodes. */
function virtualMachine(name: string, domain: Loose, not: string[]): Loose {
  const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "NotIn", values: not }];
  const required = { nodeSelectorTerms: [{ matchExpressions }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachine",
    metadata: { name, namespace: "default" },
    spec: { runStrategy: "Always", template: { spec: { domain, affinity } } },
  };
}
