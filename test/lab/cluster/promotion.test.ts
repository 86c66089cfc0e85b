import assert from "node:assert/strict";
import { CONFIG_MAPS, NODES } from "../../../lab/cluster/builtins";
import { resourceOf } from "../../../lab/cluster/kinds";
import { FLEET_LOCAL, serverLabels } from "../../../lab/cluster/machines";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { ask, clusterReady, eventually, login, TestSite } from "./support";

describe("nodes that are promoted to servers", function () {
  this.timeout(180_000);
  let site: TestSite;
  let nodes: HarvesterNode[];

  before(async () => {
    site = await TestSite.create();
    nodes = [await site.machine(1).boot()];
    await clusterReady(site);
    nodes.push(await site.machine(2).boot(), await site.machine(3).boot());
    for (const name of ["n2", "n3"]) await promote(name);
  });

  after(async () => site?.stop());

  /** What Harvester's promotion job does: it labels the node's Machine, and Rancher's plan follows. */
  async function promote(name: string): Promise<void> {
    const kube = admin(0);
    const machine = await eventually(`the Machine of ${name}`, async () => {
      const all = await kube.list(resourceOf("machine"), FLEET_LOCAL);
      return all.find((m) => m.status?.nodeRef?.name === name);
    });
    const patch = { metadata: { labels: serverLabels() } };
    await kube.merge(resourceOf("machine"), machine.metadata.name, patch, { namespace: FLEET_LOCAL });
    await eventually(`${name} to be a voter`, async () => {
      const found = await kube.get(NODES, name);
      const voter = found.status?.conditions?.find((c: { type: string }) => c.type === "EtcdIsVoter");
      return (
        voter?.status === "True" &&
        found.metadata.labels?.["node-role.kubernetes.io/control-plane"] === "true"
      );
    });
  }

  function admin(index: number) {
    const server = nodes[index]?.server;
    if (!server) throw new Error(`node ${index + 1} has no control plane`);
    return server.api.admin;
  }

  it("end as three voters, each with an API server of its own", async () => {
    const members = (await nodes[2]?.server?.etcd.client.members()) ?? [];
    assert.deepEqual(members.map((m) => [m.name.split("-")[0], m.learner]).sort(), [
      ["n1", false],
      ["n2", false],
      ["n3", false],
    ]);
    await admin(1).create(CONFIG_MAPS, { metadata: { name: "written-at-n2", namespace: "default" } });
    assert.ok(await admin(2).find(CONFIG_MAPS, "written-at-n2", "default"));
  });

  it("take over the VIP when its holder loses power, with the same certificate and users", async () => {
    const token = await login(site, "admin");
    const ca = (await ask(`https://${site.vip}:17443/cacerts`)).body;
    await nodes[0]?.kill();
    await eventually("another holder of the VIP", async () =>
      ["m2", "m3"].includes(site.lab.vip.holder(site.vip) ?? ""),
    );
    await clusterReady(site);
    const seen = await ask(`https://${site.vip}:17443/k8s/clusters/local/api/v1/nodes`, { token, ca });
    assert.equal(seen.json.items.length, 3);
    await eventually("n1 to be missed", async () => {
      const conditions = (await admin(1).get(NODES, "n1")).status?.conditions;
      return conditions.find((c: { type: string }) => c.type === "Ready").status === "Unknown";
    });
  });

  it("stop answering without a majority, and recover with it", async () => {
    await nodes[1]?.kill();
    await eventually("the VIP to fall silent", async () => site.lab.vip.holder(site.vip) === undefined);
    await assert.rejects(admin(2).create(CONFIG_MAPS, { metadata: { name: "lost", namespace: "default" } }));
    nodes[0] = await site.machine(1).boot();
    nodes[1] = await site.machine(2).boot();
    await clusterReady(site);
    assert.equal(
      await eventually("n2's own API server", () =>
        admin(1)
          .find(CONFIG_MAPS, "lost", "default")
          .then((x) => x ?? "absent"),
      ),
      "absent",
    );
    assert.equal(site.ledger.read().filter((entry) => entry.event === "cluster-created").length, 1);
  });
});
