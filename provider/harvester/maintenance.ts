/** Taking a node out of use and back: Harvester's maintenance mode, and `kubectl drain` where Harvester does not offer it. */
import { HarvesterError } from "./errors";
import type { KubeApi, KubeObject } from "./kube-api";

const NODES = "/api/v1/nodes";

/** Annotations by which Harvester is asked for maintenance mode and says how far it is [harvester pkg/controller/master/nodedrain]. */
export const MAINTENANCE = {
  requested: "harvesterhci.io/drain-requested",
  forced: "harvesterhci.io/drain-forced",
  status: "harvesterhci.io/maintain-status",
} as const;

/** KubeVirt's taint of a node that is drained [harvester pkg/controller/master/nodedrain]. */
const DRAIN_TAINT = "kubevirt.io/drain";

/** Members of the control plane must be so many and in use before Harvester drains one of them [harvester pkg/util/drainhelper]. */
export const MEMBERS_FOR_MAINTENANCE = 3;

/** Pods that `kubectl drain` passes over by the documented selector [docs host.md, "Remove a node"]. */
const NOT_EVICTED = ["csi-attacher", "csi-provisioner"];

/** Somebody else has changed the object since it was read. */
const CONFLICT = 409;
const MOST_TRIES = 5;

/** A pod may not be evicted right now because of a disruption budget. It is asked again. */
const LATER = 429;

interface Pod extends KubeObject {
  metadata: KubeObject["metadata"] & { ownerReferences?: { kind: string }[] };
  status?: { phase?: string };
}

interface Tainted extends KubeObject {
  spec?: { taints?: { key: string }[] };
}

/** Asks for maintenance mode, which moves virtual machines away. Harvester removes the request where it refuses. */
export async function requestMaintenance(kube: KubeApi, node: string): Promise<void> {
  const change = { metadata: { annotations: { [MAINTENANCE.requested]: "true" } } };
  await kube.merge(`${NODES}/${node}`, change, `asking for maintenance mode of ${node}`);
}

/** Ends maintenance mode, or a drain, as Harvester's own action does: annotations, cordon and taint go. */
export async function endMaintenance(kube: KubeApi, node: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await endMaintenanceOnce(kube, node);
    } catch (error) {
      // A kubelet was faster. It writes every few seconds, and not five times in a row.
      if (!(error instanceof HarvesterError && error.status === CONFLICT && tries < MOST_TRIES)) throw error;
    }
  }
}

async function endMaintenanceOnce(kube: KubeApi, node: string): Promise<void> {
  const found = await kube.find<Tainted>(`${NODES}/${node}`, `reading the node ${node}`);
  const taints = found?.spec?.taints ?? [];
  const change = {
    // By version: taints are one list, which others write, too.
    metadata: {
      resourceVersion: found?.metadata.resourceVersion,
      annotations: { [MAINTENANCE.requested]: null, [MAINTENANCE.forced]: null, [MAINTENANCE.status]: null },
    },
    spec: { unschedulable: null, taints: taints.filter(({ key }) => key !== DRAIN_TAINT) },
  };
  await kube.merge(`${NODES}/${node}`, change, `ending maintenance mode of ${node}`);
}

/** Keeps new pods and virtual machines away from a node. */
export async function cordon(kube: KubeApi, node: string): Promise<void> {
  await kube.merge(`${NODES}/${node}`, { spec: { unschedulable: true } }, `cordoning ${node}`);
}

/**
 * Asks once for the eviction of every pod that a drain evicts; KubeVirt moves a virtual machine when its pod is evicted. Returns how many are
 * still there.
 */
export async function evictPods(kube: KubeApi, node: string, pods: readonly KubeObject[]): Promise<number> {
  const evicted = (pods as readonly Pod[]).filter(isEvicted);
  for (const { metadata } of evicted) {
    const { name, namespace = "default" } = metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    await kube.ask(path, eviction, `evicting the pod ${namespace}/${name} from ${node}`, [LATER, 404]);
  }
  return evicted.length;
}

/** Path that lists the pods of a node. */
export function podsOf(node: string): string {
  return `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
}

function isEvicted({ metadata, status }: Pod): boolean {
  const owners = (metadata.ownerReferences ?? []).map(({ kind }) => kind);
  const over = status?.phase === "Succeeded" || status?.phase === "Failed";
  const mirror = metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
  return (
    !over && !mirror && !owners.includes("DaemonSet") && !NOT_EVICTED.includes(metadata.labels?.app ?? "")
  );
}
