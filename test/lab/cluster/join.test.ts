import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { NODES, SECRETS } from "../../../lab/cluster/builtins";
import { resourceOf } from "../../../lab/cluster/kinds";
import type { KubeClient, KubeObject } from "../../../lab/cluster/kube";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { clusterReady, eventually, TestSite } from "./support";

describe("nodes that join a cluster", function () {
  this.timeout(120_000);
  let site: TestSite;
  let kube: KubeClient;
  let worker: HarvesterNode;

  before(async () => {
    site = await TestSite.create();
    // The joining machine is up first: it waits for a VIP that does not answer yet.
    worker = await site.machine(2, { install: { role: "worker" } }).boot();
    const creator = await site.machine(1).boot();
    await clusterReady(site);
    if (!creator.server) throw new Error("the creating node has no control plane");
    kube = creator.server.api.admin;
  });

  after(async () => site?.stop());

  function ready(name: string, status: string): Promise<KubeObject> {
    return eventually(`node ${name} with Ready ${status}`, async () => {
      const node = await kube.find(NODES, name);
      const found = node?.status?.conditions?.find((c: { type: string }) => c.type === "Ready");
      return found?.status === status ? node : undefined;
    });
  }

  const joins = () => site.ledger.read().filter((entry) => entry.event === "node-joined");

  it("lets a worker in as an agent, with a Machine of its own", async () => {
    const node = await ready("n2", "True");
    assert.equal(node.metadata.labels?.["node-role.harvesterhci.io/worker"], "true");
    assert.equal(node.metadata.labels?.["node-role.kubernetes.io/etcd"], undefined);
    assert.equal(worker.server, undefined);
    const machine = await eventually("the worker's Machine to run", async () => {
      const all = await kube.list(resourceOf("machine"), "fleet-local");
      return all.find((m) => m.status?.nodeRef?.name === "n2" && m.status.phase === "Running");
    });
    assert.equal(machine.metadata.labels?.["rke.cattle.io/control-plane-role"], undefined);
    assert.deepEqual(
      joins().map((entry) => entry.machine),
      ["m2"],
    );
  });

  it("marks a node that lost power as Unknown and welcomes it back without a second join", async () => {
    await worker.kill();
    const lost = await ready("n2", "Unknown");
    await eventually("the taint of an unreachable node", async () => {
      const node = await kube.get(NODES, lost.metadata.name);
      return node.spec?.taints?.some((t: { key: string }) => t.key === "node.kubernetes.io/unreachable");
    });
    worker = await site.machine(2, { install: { role: "worker" } }).boot();
    const back = await ready("n2", "True");
    assert.equal(back.metadata.uid, lost.metadata.uid);
    await eventually("the taint to be gone", async () => !(await kube.get(NODES, "n2")).spec?.taints?.length);
    assert.equal(joins().length, 1);
  });

  it("refuses a wrong token, and the node goes on asking without a word on its screen", async () => {
    const stranger = site.machine(3, { token: "another token" });
    const node = await stranger.boot();
    await eventually("two refusals", async () => {
      return (
        site.ledger.read().filter((entry) => entry.event === "join-refused" && entry.from === "n3").length >=
        2
      );
    });
    assert.equal(await kube.find(NODES, "n3"), undefined);
    assert.deepEqual(stranger.screen, []);
    await node.kill();
  });

  it("refuses a reinstalled machine under its old name while the old Node is there", async () => {
    await worker.kill();
    const machine = site.machine(2, { install: { role: "worker" } });
    fs.rmSync(path.join(machine.system.root, "var"), { recursive: true });
    fs.rmSync(path.join(machine.system.root, "etc"), { recursive: true });
    worker = await machine.boot();
    const log = path.join(machine.context.dir, "logs/node.log");
    await eventually("the refusal", async () =>
      fs.readFileSync(log, "utf8").includes("Node password rejected"),
    );
    assert.equal(joins().length, 1);
    assert.ok(await kube.find(SECRETS, "n2.node-password.rke2", "kube-system"));

    await kube.delete(NODES, "n2");
    await eventually("the second join", async () => joins().length === 2);
    await ready("n2", "True");
  });

  it("takes a deleted node back by itself when its machine boots again, disk intact, with a Machine of a new identity", async () => {
    const machine = async () =>
      (await kube.list(resourceOf("machine"), "fleet-local")).find((m) => m.status?.nodeRef?.name === "n2")
        ?.metadata.uid;
    const before = await eventually("the Machine", machine);
    await worker.kill();
    await kube.delete(NODES, "n2");
    await eventually("the Node to be gone", async () => (await kube.find(NODES, "n2")) === undefined);
    worker = await site.machine(2, { install: { role: "worker" } }).boot();
    await ready("n2", "True");
    const after = await eventually("the second Machine", machine);
    assert.notEqual(after, before);
    assert.equal(joins().length, 2);
  });

  it("lets one in long after its installation, when that does not ask before", async () => {
    site.faults.set("m4", "join-late", [], 40);
    await site.machine(4, { install: { role: "worker" } }).boot();
    await ready("n4", "True");
    const at = (event: string) =>
      site.ledger.read().find((entry) => entry.machine === "m4" && entry.event === event)?.lab ?? 0;
    assert.ok(at("node-joined") - at("fault") >= 40);
  });
});
