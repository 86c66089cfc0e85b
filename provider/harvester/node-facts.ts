/** What the cluster says about a node, in plain values. */

/** A Kubernetes object as far as it is read here. */
export interface KubeNode {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
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
  promoteStatus: string | undefined;
  /** Harvester version (`v1.6.1`), from the node's operating system image. */
  version: string;
}

/** Reads a node. */
export function nodeFacts(node: KubeNode): NodeFacts {
  const labels = node.metadata.labels ?? {};
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
    promoteStatus: node.metadata.annotations?.["harvesterhci.io/promote-status"],
    version: /v\d+\.\d+\.\d+\S*/.exec(node.status?.nodeInfo?.osImage ?? "")?.[0] ?? "",
  };
}
