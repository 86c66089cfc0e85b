import assert from "node:assert/strict";
import { CONFIG_MAPS, NODES } from "../../../lab/cluster/builtins";
import { resourceOf } from "../../../lab/cluster/kinds";
import type { KubeClient } from "../../../lab/cluster/kube";
import { FLEET_LOCAL } from "../../../lab/cluster/machines";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { clusterReady, eventually, ssh, type TestMachine, TestSite, threeVoters } from "./support";

const ETCDCTL = "sudo /var/lib/rancher/rke2/bin/etcdctl --command-timeout=2s";

describe("two of three members are lost for good", function () {
  this.timeout(120_000);
  let site: TestSite;
  let machines: TestMachine[];
  let nodes: HarvesterNode[];

  before(async () => {
    site = await TestSite.create();
    ({ machines, nodes } = await threeVoters(site));
    await kube().create(CONFIG_MAPS, {
      metadata: { name: "kept", namespace: "default" },
      data: { word: "old" },
    });
    await Promise.all([nodes[0]!.kill(), nodes[1]!.kill()]);
  });

  after(async () => site?.stop());

  const happened = (event: string) => site.ledger.read().filter((entry) => entry.event === event);
  const kube = () => nodes.at(-1)?.server?.api.admin as KubeClient;
  const on3 = (command: string) => ssh(site, machines[2]!, command, { password: "rancher-password" });

  it("the one that is left has its data, and nobody can write or ask", async () => {
    assert.notEqual((await on3(`${ETCDCTL} endpoint health`)).code, 0);
    await assert.rejects(kube().get(CONFIG_MAPS, "kept", "default"));
  });

  it("the reset wants root, and a service that is stopped", async () => {
    assert.match((await on3("/opt/rke2/bin/rke2 server --cluster-reset")).stderr, /must run as root/);
    assert.match(
      (await on3("sudo /opt/rke2/bin/rke2 server --cluster-reset")).stderr,
      /address already in use/,
    );
    assert.equal((await on3("systemctl stop rke2-server")).code, 1);
    assert.deepEqual(happened("etcd-cluster-reset"), []);
  });

  it("stop, reset, start: the same data, one voter, and the API answers through the VIP", async () => {
    assert.equal((await on3("sudo systemctl stop rke2-server")).code, 0);
    assert.equal((await on3("systemctl is-active rke2-server")).stdout, "inactive\n");
    const reset = await on3("sudo /opt/rke2/bin/rke2 server --cluster-reset");
    assert.equal(reset.code, 0, reset.stderr);
    assert.match(reset.stdout, /cluster membership has been reset/);
    const again = await on3("sudo /opt/rke2/bin/rke2 server --cluster-reset");
    assert.match(again.stderr, /already|successfully performed/);
    assert.equal((await on3("sudo systemctl start rke2-server")).code, 0);
    await clusterReady(site);
    const kept = await eventually("the API to answer", () => kube().get(CONFIG_MAPS, "kept", "default"));
    assert.equal(kept.data.word, "old");
    const members = (await on3(`${ETCDCTL} member list`)).stdout.trim().split("\n");
    assert.equal(members.length, 1, members.join("\n"));
    assert.match(members[0]!, /started, n3-/);
  });

  it("the lost ones are still listed as nodes until their Machines are deleted", async () => {
    const names = async () => (await kube().list(NODES)).map(({ metadata }) => metadata.name);
    assert.deepEqual((await names()).sort(), ["n1", "n2", "n3"]);
    const machineKind = resourceOf("machine");
    for (const { metadata, status } of await kube().list(machineKind, FLEET_LOCAL)) {
      if (status?.nodeRef?.name !== "n3") await kube().delete(machineKind, metadata.name, FLEET_LOCAL);
    }
    await eventually("n1 and n2 to be gone", async () => (await names()).join() === "n3");
  });
});
