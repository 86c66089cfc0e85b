import assert from "node:assert/strict";
import { NODES } from "../../../lab/cluster/builtins";
import { resourceOf } from "../../../lab/cluster/kinds";
import type { KubeClient } from "../../../lab/cluster/kube";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { ask, clusterReady, eventually, TestSite } from "./support";

const STATUS = "harvesterhci.io/promote-status";

describe("two management nodes and a witness", function () {
  this.timeout(120_000);
  let site: TestSite;
  let kube: KubeClient;
  let witness: HarvesterNode;

  before(async () => {
    site = await TestSite.create();
    site.faults.set("m2", "promotion-fails");
    const creator = await site.machine(1).boot();
    await clusterReady(site);
    if (!creator.server) throw new Error("the creating node has no control plane");
    kube = creator.server.api.admin;
    await site.machine(2, { install: { role: "management" } }).boot();
    witness = await boot();
  });

  after(async () => site?.stop());

  function boot(): Promise<HarvesterNode> {
    return site.machine(3, { install: { role: "witness" } }).boot();
  }

  const completed = () => site.ledger.read().filter(({ event }) => event === "promotion-complete");

  it("stay one member while a promotion has failed, until somebody clears it", async () => {
    const n2 = await eventually("the failure", async () => {
      const node = await kube.find(NODES, "n2");
      return node?.metadata.annotations?.[STATUS] === "failed" ? node : undefined;
    });
    assert.equal(n2.spec?.unschedulable, true);
    assert.equal((await kube.get(NODES, "n3")).metadata.annotations?.[STATUS], undefined);
    assert.deepEqual(completed(), []);
    site.faults.clear("m2");
    await kube.merge(NODES, "n2", { metadata: { annotations: { [STATUS]: null } } });
    await eventually("both promotions", async () => completed().length === 2);
    assert.equal((await kube.get(NODES, "n2")).spec?.unschedulable, undefined);
  });

  it("end as three voters and two API servers; the witness has a taint and no storage", async () => {
    const voters = (await witness.etcd?.client.members())?.filter((member) => !member.learner);
    assert.equal(voters?.length, 3);
    assert.equal(witness.server, undefined);
    const { metadata, spec } = await kube.get(NODES, "n3");
    assert.equal(metadata.labels?.["node-role.kubernetes.io/etcd"], "true");
    assert.equal(metadata.labels?.["node-role.kubernetes.io/control-plane"], undefined);
    assert.ok(spec?.taints.some((t: { key: string }) => t.key === "node-role.kubernetes.io/etcd"));
    const storage = await kube.list(resourceOf("longhornNode"), "longhorn-system");
    assert.deepEqual(storage.map((node) => node.metadata.name).sort(), ["n1", "n2"]);
  });

  it("keep the witness as a member when it is switched off and on again", async () => {
    const before = (await kube.get(NODES, "n3")).metadata.uid;
    await witness.shutdown();
    witness = await boot();
    await eventually("the witness to vote", async () => witness.etcd?.client.healthy());
    assert.equal((await kube.get(NODES, "n3")).metadata.uid, before);
    assert.equal(site.ledger.read().filter(({ event }) => event === "node-promoted").length, 2);
  });

  it("answer 503 while the API is said to be away", async () => {
    const ready = async () => (await ask(`https://${site.vip}:17443/v1/harvester/cluster/local`)).status;
    site.faults.set("site", "api-unavailable");
    assert.equal(await ready(), 503);
    site.faults.clear("site");
    assert.equal(await ready(), 200);
  });

  it("answer and do not answer in turns while the API is said to flap", async () => {
    site.faults.set("site", "api-flapping", ["300"]);
    const turns: number[] = [];
    await eventually("four turns", async () => {
      const { status } = await ask(`https://${site.vip}:17443/ping`);
      if (turns.at(-1) !== status) turns.push(status);
      return turns.length === 4;
    });
    site.faults.clear("site");
    assert.deepEqual([...new Set(turns)].sort(), [200, 503]);
  });
});
