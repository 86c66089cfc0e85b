/** What the cluster says about a node, in plain values. */
import type { Role } from "../../model/description";
import type { PromoteStatus, PromotionNode } from "../../model/promotion";
import { MAINTENANCE } from "./maintenance";

/** A Kubernetes object as far as it is read here. */
export interface KubeNode {
  metadata: {
    name: string;
    creationTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
  };
  spec?: { unschedulable?: boolean };
  status?: {
    conditions?: { type: string; status: string; lastTransitionTime?: string }[];
    nodeInfo?: { systemUUID?: string; osImage?: string };
  };
}

/** A node. */
export interface NodeFacts {
  name: string;
  /** System UUID that its kubelet reports; empty when it reports none. */
  uuid: string;
  labels: Record<string, string>;
  ready: boolean;
  /** Since when it is (not) Ready, ISO 8601. */
  readySince: string | undefined;
  /** Whether Kubernetes' control plane runs on it. */
  controlPlane: boolean;
  /** Whether it holds an etcd member. */
  etcd: boolean;
  /** Whether that member votes (RKE2's node condition EtcdIsVoter). */
  etcdVoter: boolean;
  /** `harvesterhci.io/promote-status` (promote_controller.go): running, complete, failed, unknown. */
  promoteStatus: PromoteStatus | undefined;
  /** Whether Ready is True and no other condition is: what the promotion controller asks of a candidate. */
  healthy: boolean;
  /** Since when the node is known to the cluster, milliseconds. */
  created: number;
  cordoned: boolean;
  /** In Harvester's maintenance mode, or on the way into it (annotation `harvesterhci.io/maintain-status`). */
  inMaintenance: boolean;
  /** How far maintenance mode is: `running`, `completed`. */
  maintenance: string | undefined;
  /** Somebody has asked for maintenance mode, and Harvester has neither begun nor refused it yet. */
  maintenanceRequested: boolean;
  /** Its machine was switched off on purpose: see `SWITCHED_OFF`. */
  switchedOff: boolean;
  /** Its Machine (Cluster API, namespace fleet-local). */
  machine: string | undefined;
  /** Name of its etcd member. */
  etcdName: string | undefined;
  /** When it was told to switch off because it had come back, ISO 8601: see `TOLD_OFF`. */
  toldOff: string | undefined;
  /** How far it is on its way out, where it is: see `LEAVING`. */
  leaving: string | undefined;
  /** Its deletion was asked for, and finalizers hold it. */
  deleting: boolean;
  /** Harvester version (`v1.6.1`), from the node's operating system image. */
  version: string;
}

/** Annotation of a node that is on its way out of the cluster: our own journal, which survives whoever carries it out. */
export const LEAVING = "harvester-stack.io/leaving";

/** Annotation of a node in maintenance whose machine is switched off on purpose. Written before, and removed once it is Ready again. */
export const SWITCHED_OFF = "harvester-stack.io/switched-off";

/**
 * Annotation of a node whose machine had left and came back: when it was told to switch off. Written right before, so that whoever goes on after a
 * kill knows by whom it went off.
 */
export const TOLD_OFF = "harvester-stack.io/told-to-switch-off";

/** Reads a node. */
export function nodeFacts(node: KubeNode): NodeFacts {
  const { labels = {}, annotations = {} } = node.metadata;
  const condition = (type: string) => node.status?.conditions?.find((c) => c.type === type);
  const has = (role: string) => labels[`node-role.kubernetes.io/${role}`] === "true";
  const etcd = has("etcd");
  return {
    name: node.metadata.name,
    uuid: node.status?.nodeInfo?.systemUUID ?? "",
    labels,
    ready: condition("Ready")?.status === "True",
    readySince: condition("Ready")?.lastTransitionTime,
    controlPlane: has("control-plane"),
    etcd,
    etcdVoter: etcd && condition("EtcdIsVoter")?.status === "True",
    promoteStatus: annotations["harvesterhci.io/promote-status"] as PromoteStatus | undefined,
    healthy: (node.status?.conditions ?? []).every(({ type, status }) =>
      type === "Ready" ? status === "True" : status !== "True",
    ),
    created: Date.parse(node.metadata.creationTimestamp ?? "") || 0,
    cordoned: node.spec?.unschedulable === true,
    inMaintenance: annotations[MAINTENANCE.status] !== undefined,
    maintenance: annotations[MAINTENANCE.status],
    maintenanceRequested: annotations[MAINTENANCE.requested] !== undefined,
    switchedOff: annotations[SWITCHED_OFF] !== undefined,
    machine: annotations["cluster.x-k8s.io/machine"],
    etcdName: annotations["etcd.rke2.cattle.io/node-name"],
    toldOff: annotations[TOLD_OFF],
    leaving: annotations[LEAVING],
    deleting: node.metadata.deletionTimestamp !== undefined,
    version: /v\d+\.\d+\.\d+\S*/.exec(node.status?.nodeInfo?.osImage ?? "")?.[0] ?? "",
  };
}

/** The node as the replayed promotion controller sees it. */
export function promotionNode(facts: NodeFacts): PromotionNode {
  const zone = facts.labels["topology.kubernetes.io/zone"];
  const { name, healthy, controlPlane, etcd, created, cordoned, promoteStatus } = facts;
  return {
    name,
    role: roleOfLabels(facts.labels),
    healthy,
    controlPlane,
    etcd,
    created,
    cordoned,
    managed: facts.labels["harvesterhci.io/managed"] === "true",
    ...(zone === undefined ? {} : { zone }),
    ...(promoteStatus === undefined ? {} : { promoteStatus }),
  };
}

/** The declared role, which the installer turns into a label. */
function roleOfLabels(labels: Record<string, string>): Role {
  const roles: readonly Role[] = ["management", "worker", "witness"];
  return roles.find((role) => labels[`node-role.harvesterhci.io/${role}`] === "true") ?? "default";
}
