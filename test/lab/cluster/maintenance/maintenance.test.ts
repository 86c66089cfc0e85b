import assert from "node:assert/strict";
import { CLAIMS, NODES } from "../../../../lab/cluster/builtins";
import { objectOf, resourceOf } from "../../../../lab/cluster/kinds";
import type { KubeClient, KubeObject } from "../../../../lab/cluster/kube";
import {
  DRAIN_FORCED,
  DRAIN_REQUESTED,
  MAINTAIN_STATUS,
  STRATEGY_LABEL,
} from "../../../../lab/cluster/maintenance/rules";
import { ask, clusterReady, eventually, login, TestSite } from "../support";

const MACHINES = resourceOf("virtualMachine");
const INSTANCES = resourceOf("virtualMachineInstance");
const VOLUMES = resourceOf("longhornVolume");
const LONGHORN = "longhorn-system";

describe("a server and two workers, one of which is maintained", function () {
  this.timeout(120_000);
  let site: TestSite;
  let kube: KubeClient;
  let token: string;

  before(async () => {
    site = await TestSite.create();
    const creator = await site.machine(1).boot();
    await clusterReady(site);
    kube = creator.server!.api.admin;
    for (const number of [2, 3]) await site.machine(number, { install: { role: "worker" } }).boot();
    await eventually("three Ready nodes", async () => happened("node-ready").length === 3);
    token = await login(site, "admin");
  });

  afterEach(async () => {
    for (const { metadata } of await kube.list(MACHINES))
      await kube.delete(MACHINES, metadata.name, "default");
    await eventually("no instance", async () => (await kube.list(INSTANCES)).length === 0);
    await act("n2", "disableMaintenanceMode");
  });

  after(async () => site?.stop());

  const happened = (event: string) => site.ledger.read().filter((entry) => entry.event === event);
  const node = (name: string) => kube.get(NODES, name);
  const status = async (name: string) => (await node(name)).metadata.annotations?.[MAINTAIN_STATUS];

  /** Harvester's action on a node, by way of the VIP. */
  async function act(name: string, action: string, body?: object) {
    const url = `https://${site.vip}:17443/v1/harvester/nodes/${name}?action=${action}`;
    const { status, body: text } = await ask(url, { method: "POST", token, body });
    return { status, text };
  }

  async function request(name: string, annotations: Record<string, string>): Promise<void> {
    await kube.merge(NODES, name, { metadata: { annotations } });
  }

  /** A machine that runs on n2 at first. */
  async function runOnN2(
    name: string,
    spec: object = {},
    labels: Record<string, string> = {},
  ): Promise<void> {
    for (const other of ["n1", "n3"]) await kube.merge(NODES, other, { spec: { unschedulable: true } });
    const machine = {
      metadata: { name, namespace: "default", labels },
      spec: { runStrategy: "Always", template: { spec: { domain: {}, ...spec } } },
    };
    await kube.create(MACHINES, objectOf("virtualMachine", machine));
    await eventually(`${name} on n2`, async () => (await runsOn(name)) === "n2");
    for (const other of ["n1", "n3"]) await kube.merge(NODES, other, { spec: { unschedulable: null } });
  }

  async function runsOn(name: string): Promise<string | undefined> {
    const found = await kube.find(INSTANCES, name, "default");
    return found?.status?.phase === "Running" ? found.status.nodeName : undefined;
  }

  const strategyOf = async (name: string) => (await kube.get(MACHINES, name, "default")).spec.runStrategy;

  async function completed(): Promise<KubeObject> {
    await eventually("maintenance", async () => (await status("n2")) === "completed");
    return node("n2");
  }

  it("is cordoned, its machines move away without being stopped, then it is completed; ended, it is as before", async () => {
    await runOnN2("vm");
    const { uid } = (await kube.get(INSTANCES, "vm", "default")).metadata;
    await request("n2", { [DRAIN_REQUESTED]: "true" });
    await eventually("the migration", async () => happened("vm-migration-started").length === 1);
    assert.equal((await node("n2")).spec?.unschedulable, true);
    assert.equal(await status("n2"), undefined);
    assert.equal(await runsOn("vm"), "n2");
    const { metadata } = await completed();
    assert.equal(metadata.annotations?.[DRAIN_REQUESTED], undefined);
    const moved = await kube.get(INSTANCES, "vm", "default");
    assert.equal(moved.metadata.uid, uid);
    assert.ok(["n1", "n3"].includes(moved.status.nodeName));
    assert.equal(moved.metadata.labels?.["kubevirt.io/nodeName"], moved.status.nodeName);
    assert.equal(happened("vm-migrated").length, 1);
    const started = happened("vm-started").filter(({ vm }) => vm === "default/vm");
    assert.equal(started.length, 1);
    const annotations = { [MAINTAIN_STATUS]: null, [DRAIN_REQUESTED]: null, [DRAIN_FORCED]: null };
    await kube.merge(NODES, "n2", { metadata: { annotations }, spec: { unschedulable: null } });
    await runOnN2("second");
    assert.deepEqual(
      happened("maintenance-completed").map(({ machine }) => machine),
      ["m2"],
    );
  });

  it("is refused while a machine cannot move; forced, that machine is stopped and stays so", async () => {
    await runOnN2("gpu", { domain: { devices: { hostDevices: [{ name: "g", deviceName: "d" }] } } });
    assert.match((await act("n2", "listUnhealthyVM")).text, /HostDeviceNotLiveMigratable.*default\/gpu/);
    await request("n2", { [DRAIN_REQUESTED]: "true" });
    await eventually("the refusal", async () => happened("maintenance-refused").length === 1);
    const { metadata, spec } = await node("n2");
    assert.equal(metadata.annotations?.[DRAIN_REQUESTED], undefined);
    assert.equal(spec?.unschedulable, undefined);
    assert.match(String(happened("maintenance-refused")[0]?.why), /gpu cannot be migrated due to HostDevice/);
    assert.equal(await runsOn("gpu"), "n2");
    assert.equal((await act("n2", "enableMaintenanceMode", { force: "true" })).status, 204);
    await completed();
    assert.equal(await strategyOf("gpu"), "Halted");
    assert.equal((await act("n2", "disableMaintenanceMode")).status, 204);
    assert.equal((await node("n2")).spec?.unschedulable, undefined);
    assert.equal(await strategyOf("gpu"), "Halted");
  });

  it("knows of a volume whose last copy is on it", async () => {
    const inLonghorn = { namespace: LONGHORN };
    await kube.merge(resourceOf("longhornNode"), "n1", { spec: { allowScheduling: false } }, inLonghorn);
    await kube.merge(resourceOf("longhornNode"), "n3", { spec: { allowScheduling: false } }, inLonghorn);
    const volume = {
      metadata: { name: "pvc-1", namespace: LONGHORN },
      spec: { numberOfReplicas: 1, size: "1" },
    };
    await kube.create(VOLUMES, objectOf("longhornVolume", volume));
    const spec = {
      accessModes: ["ReadWriteMany"],
      volumeName: "pvc-1",
      resources: { requests: { storage: "1Gi" } },
    };
    await kube.create(CLAIMS, { metadata: { name: "data", namespace: "default" }, spec });
    await runOnN2("vm", { volumes: [{ name: "d", persistentVolumeClaim: { claimName: "data" } }] });
    await eventually("Longhorn to know who uses it", async () =>
      (await act("n2", "listUnhealthyVM")).text.includes("LastHealthyReplica"),
    );
    await kube.delete(VOLUMES, "pvc-1", LONGHORN);
  });
  it("stops and starts machines as their label says", async () => {
    const label = (strategy: string) => ({ [STRATEGY_LABEL]: strategy });
    await runOnN2("after-enable", {}, label("ShutdownAndRestartAfterEnable"));
    await runOnN2("after-disable", {}, label("ShutdownAndRestartAfterDisable"));
    await runOnN2("off", {}, label("Shutdown"));
    await request("n2", { [DRAIN_REQUESTED]: "true" });
    await completed();
    await eventually("the first to run elsewhere", async () => {
      return ["n1", "n3"].includes((await runsOn("after-enable")) ?? "");
    });
    assert.equal(await strategyOf("after-disable"), "Halted");
    assert.equal((await act("n2", "disableMaintenanceMode")).status, 204);
    await eventually("the second", async () => (await runsOn("after-disable")) !== undefined);
    assert.equal(await strategyOf("off"), "Halted");
  });

  it("is never the only server, nor the last node that is left; cordoning is an action of its own", async () => {
    const refused = await act("n1", "maintenancePossible");
    assert.deepEqual([refused.status, /single controlplane/.test(refused.text)], [500, true]);
    assert.equal((await act("n2", "maintenancePossible")).status, 204);
    assert.equal((await act("n1", "enableMaintenanceMode", { force: "false" })).status, 500);
    await request("n1", { [DRAIN_REQUESTED]: "true" });
    await eventually("the request to be gone", async () => {
      return (await node("n1")).metadata.annotations?.[DRAIN_REQUESTED] === undefined;
    });
    assert.equal((await node("n1")).spec?.unschedulable, undefined);
    for (const name of ["n2", "n3"]) assert.equal((await act(name, "cordon")).status, 204);
    assert.match((await act("n1", "cordon")).text, /last available node/);
    assert.equal((await act("n3", "uncordon")).status, 204);
    assert.match((await act("n3", "uncordon")).text, /already uncordoned/);
    const stranger = await ask(`https://${site.vip}:17443/v1/nodes/n3?action=cordon`, { method: "POST" });
    assert.equal(stranger.status, 401);
  });
});
