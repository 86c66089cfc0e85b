/** A node as Longhorn sees it: whether volumes may be placed on it, and what it still holds. */
import type { KubeApi, KubeObject } from "./kube-api";
import type { LonghornReplica } from "./workload";

const NODES = "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/nodes";

/** A Longhorn node as far as it is read here [longhorn-manager, k8s/pkg/apis/longhorn/v1beta2/node.go]. */
interface LonghornNode extends KubeObject {
  spec?: { allowScheduling?: boolean; evictionRequested?: boolean };
}

/** A node's storage. */
export interface StorageNode {
  /** New replicas may be placed on it. */
  schedulable: boolean;
  /** Its replicas are asked to go elsewhere. */
  evicting: boolean;
  /** Names of the volumes that have a replica on it. */
  volumes: string[];
}

/** The storage of a node; undefined where it has none, like a witness. */
export async function storageOf(
  kube: KubeApi,
  node: string,
  replicas: readonly LonghornReplica[],
): Promise<StorageNode | undefined> {
  const found = await kube.find<LonghornNode>(`${NODES}/${node}`, `reading the Longhorn node ${node}`);
  if (found === undefined) return undefined;
  return {
    schedulable: found.spec?.allowScheduling !== false,
    evicting: found.spec?.evictionRequested === true,
    volumes: replicas
      .filter(({ spec }) => spec?.nodeID === node)
      .map(({ spec, metadata }) => spec?.volumeName ?? metadata.name),
  };
}

/** Lets Longhorn use a node, keeps new replicas away from it, or asks that those which are there leave it, too. */
export async function setStorage(
  kube: KubeApi,
  node: string,
  use: "used" | "kept" | "emptied",
): Promise<void> {
  const spec = { allowScheduling: use === "used", evictionRequested: use === "emptied" };
  await kube.merge(`${NODES}/${node}`, { spec }, `changing the Longhorn node ${node}`);
}
