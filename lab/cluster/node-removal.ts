/**
 * What follows when a Node or a Machine is deleted: the other one goes too, and with them the etcd member. Finalizers hold the object until
 * that is done, so a change of the VIP's holder in between loses nothing.
 */
import type { Ledger } from "../types";
import { NODES, SECRETS } from "./builtins";
import type { EtcdClient } from "./etcd-client";
import { resourceOf } from "./kinds";
import type { KubeClient, KubeObject, Resource } from "./kube";
import { FLEET_LOCAL } from "./machines";
import { MACHINE_ANNOTATION } from "./node-object";

const MACHINES = resourceOf("machine");
/** Harvester's, from v1.3 on: it deletes the Machine of a removed Node. */
const NODE_REMOVE = "wrangler.cattle.io/node-remove-controller";
/** RKE2's: it removes the etcd member of a removed Node. */
const MANAGED_ETCD = "wrangler.cattle.io/managed-etcd-controller";
/** Cluster API's: it deletes the Node of a removed Machine. */
const MACHINE_REMOVE = "machine.cluster.x-k8s.io";
const ETCD_NAME = "etcd.rke2.cattle.io/node-name";

/** One pass over all Nodes and Machines. */
export async function removeNodes(
  kube: KubeClient,
  etcd: Pick<EtcdClient, "members" | "remove">,
  ledger: Ledger,
): Promise<void> {
  for (const machine of await kube.list(MACHINES, FLEET_LOCAL)) {
    if (machine.metadata.deletionTimestamp === undefined)
      await hold(kube, MACHINES, machine, [MACHINE_REMOVE]);
    else {
      const ref: { name: string; uid: string } | undefined = machine.status?.nodeRef;
      // A Node that has come back under the same name since then is none of this Machine's.
      const node = ref && (await kube.find(NODES, ref.name));
      if (node && node.metadata.uid === ref.uid) await kube.delete(NODES, ref.name);
      const { name } = machine.metadata;
      await kube.delete(resourceOf("rkeBootstrap"), name, FLEET_LOCAL);
      await kube.delete(SECRETS, `${name}-machine-plan`, FLEET_LOCAL);
      await letGo(kube, MACHINES, machine, [MACHINE_REMOVE]);
    }
  }
  for (const node of await kube.list(NODES)) {
    const member = node.metadata.annotations?.[ETCD_NAME];
    if (node.metadata.deletionTimestamp === undefined) {
      await hold(kube, NODES, node, member ? [NODE_REMOVE, MANAGED_ETCD] : [NODE_REMOVE]);
      continue;
    }
    const machine = node.metadata.annotations?.["cluster.x-k8s.io/machine"];
    if (machine) await kube.delete(MACHINES, machine, FLEET_LOCAL);
    const found = (await etcd.members()).find(({ name }) => name === member);
    if (found) await etcd.remove(found.id);
    ledger.append({
      machine: node.metadata.annotations?.[MACHINE_ANNOTATION] ?? node.metadata.name,
      event: "node-removed",
      node: node.metadata.name,
      etcdMember: found?.name,
    });
    await letGo(kube, NODES, node, [NODE_REMOVE, MANAGED_ETCD]);
  }
}

async function hold(kube: KubeClient, resource: Resource, object: KubeObject, own: string[]): Promise<void> {
  const present = object.metadata.finalizers ?? [];
  const missing = own.filter((finalizer) => !present.includes(finalizer));
  if (missing.length > 0) await setFinalizers(kube, resource, object, [...present, ...missing]);
}

async function letGo(kube: KubeClient, resource: Resource, object: KubeObject, own: string[]): Promise<void> {
  const present = object.metadata.finalizers ?? [];
  const rest = present.filter((finalizer) => !own.includes(finalizer));
  if (rest.length < present.length) await setFinalizers(kube, resource, object, rest);
}

async function setFinalizers(
  kube: KubeClient,
  resource: Resource,
  { metadata }: KubeObject,
  finalizers: string[],
): Promise<void> {
  const patch = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
  await kube.merge(resource, metadata.name, patch, { namespace: metadata.namespace });
}
