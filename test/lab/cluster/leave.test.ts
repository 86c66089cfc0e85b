import assert from "node:assert/strict";
import { CONFIG_MAPS, NODES } from "../../../lab/cluster/builtins";
import { resourceOf } from "../../../lab/cluster/kinds";
import type { KubeClient } from "../../../lab/cluster/kube";
import { FLEET_LOCAL } from "../../../lab/cluster/machines";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { quorumRecord } from "../../../lab/quorum/record";
import { QuorumSampler } from "../../../lab/quorum/sampler";
import { eventually, ssh, type TestMachine, TestSite, threeVoters } from "./support";

const ETCDCTL =
  "sudo /var/lib/rancher/rke2/bin/etcdctl --endpoints https://127.0.0.1:2379 --cacert /x --command-timeout=1s";
const UNINSTALL = "sudo /opt/rke2/bin/rke2-uninstall.sh";

interface EndpointStatus {
  Endpoint: string;
  Status: { header: { member_id: number }; leader: number };
}

describe("three management nodes that are worked on by hand", function () {
  this.timeout(120_000);
  let site: TestSite;
  let kube: KubeClient;
  let machines: TestMachine[];
  let nodes: HarvesterNode[];

  before(async () => {
    site = await TestSite.create();
    ({ machines, nodes } = await threeVoters(site));
    kube = nodes[0]?.server?.api.admin as KubeClient;
  });

  after(async () => site?.stop());

  const happened = (event: string) => site.ledger.read().filter((entry) => entry.event === event);

  const at = (number: number, command: string) =>
    ssh(site, machines[number - 1] as TestMachine, command, { password: "rancher-password" });

  async function status(number: number): Promise<EndpointStatus[]> {
    // Ids of members are larger than JavaScript's numbers.
    const { stdout } = await at(number, `${ETCDCTL} endpoint status --cluster -w json`);
    return JSON.parse(stdout.replaceAll(/"(member_id|leader)":(\d+)/g, '"$1":"$2"'));
  }

  const hex = (id: number) => BigInt(id).toString(16);

  it("show every member, and hand the leadership over only at the leader itself", async () => {
    const all = await status(2);
    assert.equal(all.length, 3);
    const on = (address: string) => all.find(({ Endpoint }) => Endpoint.includes(`${address}:`))!.Status;
    const own = machines.map(({ context }) => on(context.address));
    const leads = own.findIndex(({ header, leader }) => header.member_id === leader);
    const target = own[(leads + 1) % 3]!;
    const move = `${ETCDCTL} move-leader ${hex(target.header.member_id)}`;
    const refused = await at(((leads + 1) % 3) + 1, move);
    assert.deepEqual([refused.code, refused.stdout], [128, ""]);
    assert.match(refused.stderr, /no leader endpoint given/);
    const moved = await at(leads + 1, move);
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stdout, /Leadership transferred from/);
    const after = await status(1);
    assert.deepEqual(
      after.map(({ Status }) => Status.leader),
      Array(3).fill(target.header.member_id),
    );
    assert.equal((await at(1, `${ETCDCTL} endpoint health --cluster`)).code, 0);
  });

  it("go on with a member that stands still, which the record of the quorum shows; it catches up", async () => {
    const sampler = QuorumSampler.start(site.dir, site.lab.etcd);
    const seen = () => quorumRecord(site.dir).states.map(({ healthy }) => healthy);
    try {
      await eventually("three healthy members", async () => seen().at(-1) === 3);
      site.faults.set("m3", "etcd-slow", ["1000"]);
      await eventually("two", async () => seen().at(-1) === 2);
      assert.equal((await at(1, `${ETCDCTL} endpoint health --cluster`)).code, 1);
      await kube.create(CONFIG_MAPS, { metadata: { name: "written", namespace: "default" } });
      site.faults.set("m3", "etcd-slow", ["500"]);
      await eventually("three again", async () => seen().at(-1) === 3);
      site.faults.clear("m3");
      await eventually("the member at its own pace", async () => {
        return (await at(3, `${ETCDCTL} endpoint health`)).code === 0;
      });
    } finally {
      sampler.stop();
    }
  });

  it("lose one by rke2-uninstall.sh, which only root may run: its member stays listed, dead and counted", async () => {
    const refused = await at(3, "/opt/rke2/bin/rke2-uninstall.sh");
    assert.equal(refused.code, 1);
    assert.deepEqual(happened("rke2-uninstalled"), []);
    assert.equal((await at(3, UNINSTALL)).code, 0);
    assert.deepEqual(
      happened("rke2-uninstalled").map(({ machine }) => machine),
      ["m3"],
    );
    for (const unit of ["rke2-server", "rke2-agent"])
      assert.equal((await at(3, `systemctl is-active ${unit}`)).stdout, "inactive\n");
    assert.equal((await at(3, UNINSTALL)).code, 127);
    assert.equal((await at(3, `${ETCDCTL} member list`)).code, 127);
    assert.equal((await at(1, `${ETCDCTL} member list`)).stdout.trim().split("\n").length, 3);
    assert.equal((await status(1)).length, 2);
    const partial = await at(1, `${ETCDCTL} endpoint status --cluster -w json`);
    assert.equal(partial.code, 1);
    assert.match(partial.stderr, /Failed to get the status of endpoint https:\/\/.*:\d+ \(context deadline/);
    const health = await at(1, `${ETCDCTL} endpoint health --cluster`);
    assert.equal(health.code, 1);
    assert.match(health.stdout + health.stderr, /is unhealthy/);
    assert.ok(await kube.find(NODES, "n3"));
  });

  it("do not get it back by a boot, neither while its Node is there nor after that was deleted", async () => {
    for (const deleted of [false, true]) {
      if (deleted) {
        await kube.delete(NODES, "n3");
        await eventually("n3 to be gone", async () => (await kube.find(NODES, "n3")) === undefined);
      }
      await nodes[2]?.shutdown();
      nodes[2] = (await machines[2]?.boot()) as HarvesterNode;
      assert.equal((await at(3, "systemctl is-active rke2-server")).code, 3);
      assert.equal(nodes[2]?.etcd, undefined);
    }
    await eventually("the Machine to be gone", async () => {
      return (await kube.list(resourceOf("machine"), FLEET_LOCAL)).length === 2;
    });
    assert.equal((await at(1, `${ETCDCTL} member list`)).stdout.trim().split("\n").length, 2);
    assert.deepEqual(happened("server-rejoined"), []);
    assert.equal(happened("node-joined").filter(({ machine }) => machine === "m3").length, 1);
  });

  it("never become a second cluster: an uninstalled creator sits there", async () => {
    assert.equal((await at(1, UNINSTALL)).code, 0);
    await nodes[0]?.shutdown();
    nodes[0] = (await machines[0]?.boot()) as HarvesterNode;
    assert.equal(nodes[0]?.server, undefined);
    assert.equal(happened("cluster-created").length, 1);
  });
});
