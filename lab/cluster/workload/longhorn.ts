/**
 * A simple Longhorn: its nodes, volumes and replicas as objects, kept in step with the Nodes that are up. There is no data.
 */
import { createHash, randomBytes } from "node:crypto";
import type { LabClock, Ledger } from "../../types";
import { CLAIMS, NODES } from "../builtins";
import { objectOf, resourceOf } from "../kinds";
import type { KubeClient, KubeObject } from "../kube";
import { claimsOf, isReady } from "./instances";
import { type Replica, type ReplicaStep, replicaSteps, robustness, type StorageNode } from "./volumes";

const NAMESPACE = "longhorn-system";
const STORAGE_NODES = resourceOf("longhornNode");
const VOLUMES = resourceOf("longhornVolume");
const REPLICAS = resourceOf("longhornReplica");
const STATUS = { namespace: NAMESPACE, subresource: "status" as const };
const DISK = "default-disk";
const GIB = 1024 ** 3;
const WITNESS = "node-role.harvesterhci.io/witness";

/** Longhorn's controllers in one. */
export class Longhorn {
  /** When a replica came into the state in which this controller has seen it, in lab seconds. */
  readonly #since = new Map<string, { state: string; at: number }>();

  constructor(
    private readonly kube: KubeClient,
    private readonly clock: LabClock,
    private readonly ledger: Ledger,
  ) {}

  /** One pass over everything. */
  async reconcile(): Promise<void> {
    const replicas = await this.kube.list(REPLICAS, NAMESPACE);
    const nodes = await this.#storageNodes(replicas);
    const volumes = await this.kube.list(VOLUMES, NAMESPACE);
    const users = volumes.length === 0 ? new Map<string, object>() : await this.#users();
    for (const volume of volumes) {
      const own = replicas.filter((replica) => replica.spec?.volumeName === volume.metadata.name);
      await this.#volume(volume, own, nodes);
      await this.#usedBy(volume, users.get(volume.metadata.name) ?? null);
    }
    for (const { metadata, spec } of replicas) {
      if (!volumes.some((volume) => volume.metadata.name === spec?.volumeName))
        await this.kube.delete(REPLICAS, metadata.name, NAMESPACE);
    }
  }

  /** A storage node for every Node but a witness; it goes when its Node is gone and nothing is left on it. */
  async #storageNodes(replicas: KubeObject[]): Promise<StorageNode[]> {
    const nodes = (await this.kube.list(NODES)).filter((n) => n.metadata.labels?.[WITNESS] !== "true");
    const present = await this.kube.list(STORAGE_NODES, NAMESPACE);
    const seen: StorageNode[] = [];
    for (const node of nodes) {
      const { name } = node.metadata;
      const storage =
        present.find((s) => s.metadata.name === name) ??
        (await this.kube.create(STORAGE_NODES, newStorageNode(name)));
      const ready = isReady(node);
      const held = replicas.filter((replica) => replica.spec?.nodeID === name);
      await this.#storageStatus(storage, ready, node.spec?.unschedulable !== true, held);
      seen.push({
        name,
        ready,
        schedulable: storage.spec?.allowScheduling !== false && node.spec?.unschedulable !== true,
        evicting: storage.spec?.evictionRequested === true,
      });
    }
    for (const { metadata } of present) {
      if (!nodes.some((node) => node.metadata.name === metadata.name))
        await this.kube.delete(STORAGE_NODES, metadata.name, NAMESPACE);
    }
    return seen;
  }

  async #storageStatus(
    storage: KubeObject,
    ready: boolean,
    schedulable: boolean,
    held: KubeObject[],
  ): Promise<void> {
    const known: { type: string; status: string }[] = storage.status?.conditions ?? [];
    const scheduledReplica = Object.fromEntries(
      held.map((replica) => [replica.metadata.name, Number(replica.spec?.volumeSize ?? 0)]),
    );
    const before = storage.status?.diskStatus?.[DISK]?.scheduledReplica ?? {};
    const wanted = { Ready: ready ? "True" : "False", Schedulable: schedulable ? "True" : "False" };
    const same = Object.entries(wanted).every(([type, s]) =>
      known.some((c) => c.type === type && c.status === s),
    );
    if (same && Object.keys(before).sort().join() === Object.keys(scheduledReplica).sort().join()) return;
    const conditions = Object.entries(wanted).map(([type, status]) => ({
      type,
      status,
      reason: status === "True" ? "" : ready ? "KubernetesNodeCordoned" : "KubernetesNodeNotReady",
      lastTransitionTime: new Date().toISOString(),
    }));
    // A merge patch keeps the replicas that are not named: those that left are set to null.
    const gone = Object.fromEntries(
      Object.keys(before).map((name) => [name, scheduledReplica[name] ?? null]),
    );
    const storageScheduled = Object.values(scheduledReplica).reduce((a, b) => a + b, 0);
    const disk = {
      scheduledReplica: { ...gone, ...scheduledReplica },
      storageScheduled,
      storageMaximum: 900 * GIB,
      storageAvailable: 900 * GIB - storageScheduled,
    };
    const status = { conditions, diskStatus: { [DISK]: disk } };
    await this.kube.merge(STORAGE_NODES, storage.metadata.name, { status }, STATUS);
  }

  async #volume(volume: KubeObject, objects: KubeObject[], nodes: StorageNode[]): Promise<void> {
    const wanted = Number(volume.spec?.numberOfReplicas ?? 3);
    const replicas = objects.map((object) => this.#replica(object));
    for (const step of replicaSteps(wanted, replicas, nodes)) {
      await this.#step(volume, step, replicas.length === 0);
    }
    const now = (await this.kube.list(REPLICAS, NAMESPACE))
      .filter((replica) => replica.spec?.volumeName === volume.metadata.name)
      .map((object) => this.#replica(object));
    const attached = (volume.spec?.nodeID ?? "") !== "";
    const status = {
      state: attached ? "attached" : "detached",
      robustness: robustness(wanted, now),
      currentNodeID: volume.spec?.nodeID ?? "",
    };
    if (
      status.robustness === volume.status?.robustness &&
      status.currentNodeID === volume.status?.currentNodeID
    )
      return;
    await this.kube.merge(VOLUMES, volume.metadata.name, { status }, STATUS);
    if (status.robustness !== volume.status?.robustness)
      this.ledger.append({
        machine: "site",
        event: `volume-${status.robustness}`,
        volume: volume.metadata.name,
      });
  }

  /** By volume, in Longhorn's words: the claim that stands for it and the instances of virtual machines that use it. */
  async #users(): Promise<Map<string, object>> {
    const instances = await this.kube.list(resourceOf("virtualMachineInstance"));
    const claims = await this.kube.list(CLAIMS);
    return new Map(
      claims.map(({ metadata: { name: pvcName, namespace }, spec }) => {
        const using = instances.filter(
          (i) => i.metadata.namespace === namespace && claimsOf(i).includes(pvcName),
        );
        const workloadsStatus = using.map(({ metadata }) => {
          return { workloadName: metadata.name, workloadType: "VirtualMachineInstance" };
        });
        return [spec?.volumeName as string, { namespace, pvcName, workloadsStatus }];
      }),
    );
  }

  async #usedBy(volume: KubeObject, kubernetesStatus: object | null): Promise<void> {
    if (JSON.stringify(volume.status?.kubernetesStatus ?? null) === JSON.stringify(kubernetesStatus)) return;
    await this.kube.merge(VOLUMES, volume.metadata.name, { status: { kubernetesStatus } }, STATUS);
  }

  async #step(volume: KubeObject, step: ReplicaStep, first: boolean): Promise<void> {
    const now = new Date().toISOString();
    if (step.kind === "create") {
      const made = await this.kube.create(REPLICAS, newReplica(volume, step.node, first ? now : ""));
      return this.#started(made.metadata.name, true);
    }
    const { name } = step.replica;
    if (step.kind === "delete") return this.kube.delete(REPLICAS, name, NAMESPACE);
    const spec = {
      fail: { failedAt: now, healthyAt: "" },
      rebuild: { failedAt: "", healthyAt: "" },
      finish: { failedAt: "", healthyAt: now },
      salvage: { failedAt: "", healthyAt: now },
    }[step.kind];
    await this.kube.merge(REPLICAS, name, { spec }, { namespace: NAMESPACE });
    await this.#started(name, step.kind !== "fail");
  }

  async #started(replica: string, started: boolean): Promise<void> {
    const status = { started, currentState: started ? "running" : "stopped" };
    await this.kube.merge(REPLICAS, replica, { status }, STATUS);
  }

  #replica({ metadata, spec }: KubeObject): Replica {
    const state = spec?.failedAt ? "failed" : spec?.healthyAt ? "healthy" : "rebuilding";
    const known = this.#since.get(metadata.name);
    const at = known?.state === state ? known.at : this.clock.now();
    this.#since.set(metadata.name, { state, at });
    return { name: metadata.name, node: spec?.nodeID ?? "", state, since: this.clock.now() - at };
  }
}

function newStorageNode(name: string): KubeObject {
  return objectOf("longhornNode", {
    metadata: { name, namespace: NAMESPACE },
    spec: {
      name,
      allowScheduling: true,
      evictionRequested: false,
      tags: [],
      disks: {
        [DISK]: {
          path: "/var/lib/harvester/defaultdisk",
          diskType: "filesystem",
          allowScheduling: true,
          evictionRequested: false,
          storageReserved: 0,
          tags: [],
        },
      },
    },
  });
}

function newReplica(volume: KubeObject, node: string, healthyAt: string): KubeObject {
  const { name } = volume.metadata;
  return objectOf("longhornReplica", {
    metadata: {
      name: `${name}-r-${randomBytes(4).toString("hex")}`,
      namespace: NAMESPACE,
      labels: { longhornvolume: name, longhornnode: node },
    },
    spec: {
      volumeName: name,
      volumeSize: String(volume.spec?.size ?? GIB),
      nodeID: node,
      diskID: createHash("sha256").update(node).digest("hex").slice(0, 32),
      desireState: "running",
      failedAt: "",
      healthyAt,
      active: true,
    },
  });
}
