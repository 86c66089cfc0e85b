/** What one look sees of a node. Several of them over time tell a hiccup from a fault. */

/** What a look sees of one node. `null` always means: it could not be learnt. */
export interface NodeSigns {
  /** The cluster has a Node object for it. */
  registered: boolean;
  /** Holds a seat in the control plane: an API server, an etcd member, or both. */
  member: boolean;
  /** Status of the kubelet's condition Ready; Kubernetes sets it to Unknown when the kubelet has been silent for 40 s. */
  ready: "True" | "False" | "Unknown" | null;
  /** `spec.unschedulable`. */
  cordoned: boolean;
  /** In Harvester's maintenance mode, on the way into it, or declared so. */
  maintenance: boolean;
  /** Power as the BMC says; `changing` on the way. */
  power: "On" | "Off" | "changing" | null;
  /** Health of the whole system as the BMC says [Redfish ComputerSystem: Status.Health]. */
  health: "OK" | "Warning" | "Critical" | null;
  /** The disk that the system is installed on, as the BMC says. */
  installDisk: "present" | "failing" | "gone" | null;
  /** The BMC reports the described host, and no installation of another one is marked on it. */
  sameHost: boolean | null;
  /** The BMC holds no boot override: the next start comes from disk. */
  bootsFromDisk: boolean | null;
  /** Whether etcd's list of members has it as a voter; null also where it holds no etcd. */
  votes: boolean | null;
  /** Whether its own etcd member commits, asked on the node itself; null also where it holds no etcd. */
  etcdAnswers: boolean | null;
  /** Its operating system answers (SSH greets). */
  reachable: boolean | null;
}

/** One node in one look. */
export interface NodeLook extends NodeSigns {
  /** Since when Ready is what it is, ISO 8601; null where the cluster does not say. */
  readySince: string | null;
  /** `spec.renewTime` of the node's Lease in kube-node-lease, as it stands there; kubelets renew it every 10 s. */
  leaseRenewed: string | null;
}

/** One look at a cluster. */
export interface Look {
  /** ISO 8601, by the clock of the one who looks. */
  at: string;
  /** Every described node, by key. */
  nodes: Readonly<Record<string, NodeLook>>;
}

/** Whether a node that should work does not: its kubelet is not Ready, or its etcd member does not vote or commit. */
export function isFailing({ ready, votes, etcdAnswers }: NodeSigns): boolean {
  return ready !== "True" || votes === false || etcdAnswers === false;
}
