/** What `npm run status` knows about a cluster: the shape of its JSON, and when all is well. */

/** A cluster as it is right now. */
export interface ClusterStatus {
  /** When it was looked at, ISO 8601. */
  at: string;
  /** Name of the stack. */
  stack: string;
  /** Name of the cluster in its description. */
  cluster: string;
  vip: {
    address: string;
    /** URL people open. */
    url: string;
    /** Whether this cluster answers there. */
    reachable: boolean;
    /** Node that holds the address, as kube-vip says; null when unknown. */
    holder: string | null;
  };
  /** etcd: voting members, those of them that are well, and how many more may be lost. */
  quorum: { members: number; healthy: number; tolerance: number };
  nodes: NodeReport[];
  /** Nodes of the cluster that run on no machine of its description, by name. */
  notDescribed: UndescribedNode[];
  /** What could not be learnt, in words. */
  notKnown: string[];
}

/** A node that the cluster has and the description, as the last `up` left it, does not name. */
export interface UndescribedNode {
  /** Name of the Kubernetes node. */
  name: string;
  /** System UUID that its kubelet reports; empty when it reports none. */
  uuid: string;
  ready: boolean;
  controlPlane: boolean;
  etcdVoter: boolean;
  /** Whether it was taken out of the description and is on its way out. */
  leaving: boolean;
}

/** One node and its machine. */
export interface NodeReport {
  /** Name of the Kubernetes node. */
  name: string;
  /** Serial number and UUID of the machine. */
  hardware: { serial: string; uuid: string };
  /** Declared role. */
  role: string;
  ready: boolean;
  controlPlane: boolean;
  etcdVoter: boolean;
  /** Whether its etcd member leads; null when unknown. */
  etcdLeader: boolean | null;
  /** Whether it holds the VIP; null when unknown. */
  vipHolder: boolean | null;
  /** Harvester version it runs; null when the cluster does not say. */
  version: string | null;
  /** Power as its BMC says; null when the BMC does not answer. */
  power: string | null;
  /** Since when it is (not) Ready, ISO 8601; null when unknown. */
  since: string | null;
}

/** Whether a cluster is as described: it answers, every described node is Ready, and it has no node that nobody described. */
export function isWell({ vip, nodes, notDescribed }: ClusterStatus): boolean {
  return vip.reachable && nodes.every(({ ready }) => ready) && notDescribed.length === 0;
}
