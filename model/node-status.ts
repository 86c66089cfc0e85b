/** A node as it is shown to people and programs. */
export interface NodeStatus {
  /** Name of the Kubernetes node. */
  name: string;
  /** Declared role. */
  role: string;
  /** Whether the node is Ready. */
  ready: boolean;
  /** Whether promotion made it part of the control plane. */
  controlPlane: boolean;
  /** Whether it holds an etcd member that votes. */
  etcdVoter: boolean;
  /** Harvester version it runs. */
  version: string;
}
