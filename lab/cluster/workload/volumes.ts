/**
 * Longhorn's view of volumes: what to do with the replicas of one volume, as a pure function. A replica lives on the disk of one storage
 * node; two replicas of a volume never share a node.
 */

/** A node with Longhorn's disks. */
export interface StorageNode {
  name: string;
  /** Its Kubernetes node is Ready. */
  ready: boolean;
  /** New replicas may be placed on it. */
  schedulable: boolean;
  /** Its replicas are to go elsewhere. */
  evicting: boolean;
}

/** One copy of a volume's data. */
export interface Replica {
  name: string;
  node: string;
  /** `healthy` has all data; `rebuilding` is being filled from a healthy one; `failed` misses what was written since. */
  state: "healthy" | "rebuilding" | "failed";
  /** Seconds (lab time) for which it has been so. */
  since: number;
}

/** A step towards a healthy volume. */
export type ReplicaStep =
  | { kind: "fail" | "rebuild" | "finish" | "salvage" | "delete"; replica: Replica }
  | { kind: "create"; node: string };

/** Lab seconds that filling a replica takes. */
export const REBUILD_SECONDS = 30;
/** Longhorn's setting replica-replenishment-wait-interval: so long it hopes for a failed replica to come back before it makes a new one. */
export const REPLENISH_SECONDS = 600;

/** The steps that the volume's replicas need now. */
export function replicaSteps(
  wanted: number,
  replicas: readonly Replica[],
  nodes: readonly StorageNode[],
): ReplicaStep[] {
  const up = (replica: Replica) => nodes.some((node) => node.name === replica.node && node.ready);
  const lost = replicas.filter((replica) => replica.state !== "failed" && !up(replica));
  if (lost.length > 0) return lost.map((replica) => ({ kind: "fail", replica }));
  const healthy = replicas.filter((replica) => replica.state === "healthy");
  if (healthy.length === 0) return firstCopies(wanted, replicas, nodes, up);
  const steps: ReplicaStep[] = replicas
    .filter((replica) => replica.state === "rebuilding" && replica.since >= REBUILD_SECONDS)
    .map((replica) => ({ kind: "finish", replica }));
  if (steps.length > 0) return steps;
  const evicting = (replica: Replica) => nodes.some((node) => node.name === replica.node && node.evicting);
  const staying = replicas.filter((replica) => replica.state !== "failed" && !evicting(replica));
  const failed = replicas.filter((replica) => replica.state === "failed");
  const surplus = [...healthy.filter(evicting), ...failed][0];
  if (staying.filter(({ state }) => state === "healthy").length >= wanted && surplus)
    return [{ kind: "delete", replica: surplus }];
  if (staying.length >= wanted) return [];
  const back = failed.find((replica) => up(replica) && !evicting(replica));
  if (back) return [{ kind: "rebuild", replica: back }];
  const hoping = failed.some((replica) => !evicting(replica) && replica.since < REPLENISH_SECONDS);
  const target = hoping ? undefined : freeNodes(replicas, nodes)[0];
  return target ? [{ kind: "create", node: target.name }] : [];
}

/** Longhorn's word for a volume's condition. */
export function robustness(wanted: number, replicas: readonly Replica[]): "healthy" | "degraded" | "faulted" {
  const healthy = replicas.filter((replica) => replica.state === "healthy").length;
  if (healthy === 0) return "faulted";
  return healthy >= wanted ? "healthy" : "degraded";
}

/** A new volume's replicas are complete at once; one whose last copies are back is salvaged from them. */
function firstCopies(
  wanted: number,
  replicas: readonly Replica[],
  nodes: readonly StorageNode[],
  up: (replica: Replica) => boolean,
): ReplicaStep[] {
  if (replicas.length === 0)
    return freeNodes(replicas, nodes)
      .slice(0, wanted)
      .map(({ name }) => ({ kind: "create", node: name }));
  // The last to fail has all data; the others are filled from it.
  const last = replicas.filter((replica) => replica.state === "failed").sort((a, b) => a.since - b.since)[0];
  return last && up(last) ? [{ kind: "salvage", replica: last }] : [];
}

function freeNodes(replicas: readonly Replica[], nodes: readonly StorageNode[]): StorageNode[] {
  const taken = new Set(replicas.map((replica) => replica.node));
  return nodes.filter((node) => node.ready && node.schedulable && !node.evicting && !taken.has(node.name));
}
