/** Removing a node for good: its Machine is deleted, and Harvester, Rancher and RKE2 take Node and etcd member out. */
import type { KubeApi, KubeObject } from "./kube-api";

/** Where Rancher keeps the local cluster's Machines. */
const MACHINES = "/apis/cluster.x-k8s.io/v1beta1/namespaces/fleet-local/machines";

/**
 * Deletes the Machine of a node, or the Node itself where no Machine is named. Finalizers are left alone: they are what takes the etcd
 * member out (harvester#8968). Deleting the Machine is the more reliable of the two (harvester#5158).
 */
export async function removeNode(
  kube: KubeApi,
  { name, machine }: { name: string; machine: string | undefined },
): Promise<void> {
  const found = machine === undefined ? undefined : await machineOf(kube, machine);
  if (found === undefined) return kube.remove(`/api/v1/nodes/${name}`, `deleting the node ${name}`);
  if (found.metadata.deletionTimestamp !== undefined) return;
  await kube.remove(`${MACHINES}/${machine}`, `deleting the Machine ${machine} of ${name}`);
}

/** A Machine; undefined where it is gone. */
export function machineOf(kube: KubeApi, machine: string): Promise<KubeObject | undefined> {
  return kube.find(`${MACHINES}/${machine}`, `reading the Machine ${machine}`);
}
