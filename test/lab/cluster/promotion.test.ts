import assert from "node:assert/strict";
import { CONFIG_MAPS, JOBS, NODES } from "../../../lab/cluster/builtins";
import { objectOf, resourceOf } from "../../../lab/cluster/kinds";
import type { KubeClient } from "../../../lab/cluster/kube";
import { FLEET_LOCAL } from "../../../lab/cluster/machines";
import type { HarvesterNode } from "../../../lab/cluster/node";
import { quorumRecord } from "../../../lab/quorum/record";
import { QuorumSampler } from "../../../lab/quorum/sampler";
import { ask, clusterReady, eventually, login, TestSite } from "./support";

const VMS = resourceOf("virtualMachine");
const VOLUMES = resourceOf("longhornVolume");
const LONGHORN = "longhorn-system";
const STATUS = "harvesterhci.io/promote-status";

describe("four nodes, three of them management", function () {
  this.timeout(180_000);
  let site: TestSite;
  let nodes: HarvesterNode[];
  let sampler: QuorumSampler;

  before(async () => {
    site = await TestSite.create();
    sampler = QuorumSampler.start(site.dir, site.lab.etcd);
    nodes = [await site.machine(1).boot()];
    await clusterReady(site);
    for (const number of [2, 3, 4]) nodes.push(await boot(number));
  });

  after(async () => {
    sampler?.stop();
    await site?.stop();
  });

  function boot(number: number): Promise<HarvesterNode> {
    const role = number === 4 ? "worker" : "management";
    return site.machine(number, number === 1 ? {} : { install: { role } }).boot();
  }

  function admin(index: number): KubeClient {
    const server = nodes[index]?.server;
    if (!server) throw new Error(`node ${index + 1} has no control plane`);
    return server.api.admin;
  }

  async function voters(index: number): Promise<string[]> {
    const members = (await nodes[index]?.server?.etcd.client.members()) ?? [];
    return members
      .filter((m) => !m.learner)
      .map((m) => m.name.split("-")[0] ?? "")
      .sort();
  }

  function events(event: string): string[] {
    return site.ledger
      .read()
      .filter((entry) => entry.event === event)
      .map((entry) => entry.machine);
  }

  it("end as three voters, each with an API server of its own, promoted one at a time", async () => {
    await eventually("both promotions", async () => events("promotion-complete").length === 2);
    assert.deepEqual(await voters(0), ["n1", "n2", "n3"]);
    const order = site.ledger.read().filter(({ event }) => event.startsWith("promotion-"));
    assert.deepEqual(
      order.map(({ event }) => event),
      ["promotion-started", "promotion-complete", "promotion-started", "promotion-complete"],
    );
    await admin(1).create(CONFIG_MAPS, { metadata: { name: "written-at-n2", namespace: "default" } });
    assert.ok(await admin(2).find(CONFIG_MAPS, "written-at-n2", "default"));
    for (const name of ["n2", "n3"]) {
      const node = await admin(0).get(NODES, name);
      assert.equal(node.metadata.annotations?.[STATUS], "complete");
      assert.equal(node.spec?.unschedulable, undefined);
      const job = await admin(0).get(JOBS, `harvester-promote-${name}`, "harvester-system");
      assert.equal(job.status.succeeded, 1);
    }
    const worker = await admin(0).get(NODES, "n4");
    assert.equal(worker.metadata.labels?.["node-role.kubernetes.io/etcd"], undefined);
  });

  it("run virtual machines and keep volumes in three copies", async () => {
    const kube = admin(0);
    const spec = { runStrategy: "Always", template: { spec: { domain: {} } } };
    await kube.create(
      VMS,
      objectOf("virtualMachine", { metadata: { name: "vm", namespace: "default" }, spec }),
    );
    const volume = {
      metadata: { name: "pvc-1", namespace: LONGHORN },
      spec: { numberOfReplicas: 3, size: "1073741824" },
    };
    await kube.create(VOLUMES, objectOf("longhornVolume", volume));
    await eventually("the virtual machine to run", async () => (await runsOn()) !== undefined);
    await eventually("a healthy volume", async () => (await robustness()) === "healthy");
    const replicas = await kube.list(resourceOf("longhornReplica"), LONGHORN);
    assert.equal(new Set(replicas.map((replica) => replica.spec.nodeID)).size, 3);
    assert.ok(replicas.some((replica) => replica.spec.nodeID === "n1"));
  });

  /** Node of the virtual machine, as one of the surviving API servers says. */
  async function runsOn(server = 0): Promise<string | undefined> {
    const found = await admin(server).find(resourceOf("virtualMachineInstance"), "vm", "default");
    return found?.status?.phase === "Running" ? found.status.nodeName : undefined;
  }

  async function robustness(server = 0): Promise<string | undefined> {
    return (await admin(server).find(VOLUMES, "pvc-1", LONGHORN))?.status?.robustness;
  }

  it("move the VIP when its holder loses power, with the same certificate and users; it comes back with its data", async () => {
    const token = await login(site, "admin");
    const ca = (await ask(`https://${site.vip}:17443/cacerts`)).body;
    await nodes[0]?.kill();
    const began = Date.now();
    await eventually("another holder of the VIP", async () =>
      ["m2", "m3"].includes(site.lab.vip.holder(site.vip) ?? ""),
    );
    await clusterReady(site);
    assert.ok(Date.now() - began < 15_000, `the VIP was away for ${Date.now() - began} ms`);
    const seen = await ask(`https://${site.vip}:17443/k8s/clusters/local/api/v1/nodes`, { token, ca });
    assert.equal(seen.json.items.length, 4);
    await eventually("n1 to be missed", async () => {
      const conditions = (await admin(1).get(NODES, "n1")).status?.conditions;
      return conditions.find((c: { type: string }) => c.type === "Ready").status === "Unknown";
    });
    assert.deepEqual(await voters(1), ["n1", "n2", "n3"]);
    await eventually("a degraded volume", async () => (await robustness(1)) === "degraded");
    await eventually(
      "the virtual machine on another node",
      async () => ![undefined, "n1"].includes(await runsOn(1)),
    );
  });

  it("stop answering without a majority, and recover with it", async () => {
    await nodes[1]?.kill();
    await eventually("the VIP to fall silent", async () => site.lab.vip.holder(site.vip) === undefined);
    // Nobody says yes to it. What becomes of it is open, as ever in etcd: a leader that comes back may still carry it through.
    await assert.rejects(
      admin(2).create(CONFIG_MAPS, { metadata: { name: "unanswered", namespace: "default" } }),
    );
    nodes[0] = await boot(1);
    await clusterReady(site);
    nodes[1] = await boot(2);
    await eventually("n2's own API server", async () => {
      await admin(1).list(NODES);
      return true;
    });
    assert.deepEqual(events("cluster-created"), ["m1"]);
    await eventually("the volume to be filled again", async () => (await robustness(1)) === "healthy");
  });

  it("lose the member and the Machine of a Node that is deleted; booted again it comes back by itself", async () => {
    await nodes[2]?.kill();
    const machines = () => admin(0).list(resourceOf("machine"), FLEET_LOCAL);
    const uid = await eventually(
      "n3's Machine",
      async () => (await machines()).find((m) => m.status?.nodeRef?.name === "n3")?.metadata.uid,
    );
    await admin(0).delete(NODES, "n3");
    await eventually("n3 to be gone", async () => (await admin(0).find(NODES, "n3")) === undefined);
    await eventually(
      "the Machine to be gone",
      async () => !(await machines()).some((m) => m.metadata.uid === uid),
    );
    assert.deepEqual(await voters(0), ["n1", "n2"]);
    nodes[2] = await boot(3);
    await eventually("n3 as a member again", async () => (await voters(0)).length === 3);
    const again = await eventually("a second Machine", async () =>
      (await machines()).find((m) => m.status?.nodeRef?.name === "n3"),
    );
    assert.notEqual(again.metadata.uid, uid);
    assert.deepEqual(events("server-rejoined"), ["m3"]);
  });

  it("are in the record of the quorum as they were: lost once, while two of three were away", async () => {
    sampler.flush();
    const { states, samples, belowQuorum, lowestHealthy } = quorumRecord(site.dir);
    assert.deepEqual(
      belowQuorum.map(({ voters, healthy, until }) => [voters, healthy, until !== undefined]),
      [[3, 1, true]],
    );
    assert.equal(lowestHealthy, 1);
    assert.deepEqual([...new Set(states.map(({ voters }) => voters))], [1, 2, 3]);
    assert.equal(new Set(states.map(({ cluster }) => cluster)).size, 1);
    assert.ok(samples > states.length);
  });
});
