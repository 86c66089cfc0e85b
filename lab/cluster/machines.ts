/**
 * Cluster API Machines: the objects by which Rancher knows the cluster's nodes. One per installation of a machine.
 */
import { NODES, SECRETS } from "./builtins";
import type { NodeIdentity } from "./identity";
import { objectOf, resourceOf } from "./kinds";
import { type KubeClient, KubeError, type KubeObject } from "./kube";

/** Where Fleet and Cluster API keep the local cluster. */
export const FLEET_LOCAL = "fleet-local";
const MACHINES = resourceOf("machine");

/** What a node tells Rancher when it connects for the first time. */
export interface MachineRegistration {
  machineObject: string;
  machineId: string;
  hostname: string;
  address: string;
  /** True for the node that creates the cluster; all others start as agents and become servers by promotion. */
  server: boolean;
}

/** The registration of a node. */
export function registrationOf(identity: NodeIdentity, server: boolean): MachineRegistration {
  const { machineObject, machineId, hostname, address } = identity;
  return { machineObject, machineId, hostname, address, server };
}

/**
 * Creates a node's Machine and what belongs to it, unless they exist; returns the Machine. Refused as a conflict while an earlier Machine of the
 * same installation is being deleted.
 */
export async function registerMachine(kube: KubeClient, node: MachineRegistration): Promise<KubeObject> {
  const name = node.machineObject;
  const labels: Record<string, string> = {
    "cattle.io/os": "linux",
    "cluster.x-k8s.io/cluster-name": "local",
    "rke.cattle.io/cluster-name": "local",
    "rke.cattle.io/machine-id": node.machineId,
    "rke.cattle.io/worker-role": "true",
    ...(node.server ? serverLabels() : {}),
  };
  const metadata = { name, namespace: FLEET_LOCAL, labels };
  const ref = (kind: string) => ({ apiVersion: "rke.cattle.io/v1", kind, name, namespace: FLEET_LOCAL });
  await kube.ensure(
    resourceOf("rkeBootstrap"),
    objectOf("rkeBootstrap", { metadata, spec: { clusterName: "local" } }),
  );
  const machine = await kube.ensure(
    MACHINES,
    objectOf("machine", {
      metadata: {
        ...metadata,
        annotations: { "rke.cattle.io/address": node.address, "rke.cattle.io/hostname": node.hostname },
      },
      spec: {
        clusterName: "local",
        bootstrap: { configRef: ref("RKEBootstrap"), dataSecretName: `${name}-machine-bootstrap` },
        infrastructureRef: ref("CustomMachine"),
      },
    }),
  );
  if (machine.metadata.deletionTimestamp !== undefined)
    throw new KubeError(409, "Conflict", `The Machine ${name} is being deleted.`);
  await kube.ensure(SECRETS, {
    metadata: {
      name: `${name}-machine-plan`,
      namespace: FLEET_LOCAL,
      labels: { ...labels, "rke.cattle.io/machine-name": name },
    },
    type: "rke.cattle.io/machine-plan",
  });
  return machine;
}

/** Labels of a Machine, its bootstrap and its plan secret when the node runs etcd and an API server. */
export function serverLabels(): Record<string, string> {
  return {
    "cluster.x-k8s.io/control-plane": "true",
    "rke.cattle.io/control-plane-role": "true",
    "rke.cattle.io/etcd-role": "true",
  };
}

/** One pass of the controller that ties Machines and Nodes together. */
export async function reconcileMachines(kube: KubeClient): Promise<void> {
  const [machines, nodes] = [await kube.list(MACHINES, FLEET_LOCAL), await kube.list(NODES)];
  for (const machine of machines) {
    const { name, uid } = machine.metadata;
    const node = nodes.find((n) => n.metadata.labels?.["rke.cattle.io/machine"] === uid);
    const status = machineStatus(machine, node);
    if (status)
      await kube.merge(MACHINES, name, { status }, { namespace: FLEET_LOCAL, subresource: "status" });
    if (node && node.metadata.annotations?.["cluster.x-k8s.io/machine"] !== name) {
      await kube.merge(NODES, node.metadata.name, {
        metadata: {
          annotations: {
            "cluster.x-k8s.io/cluster-name": "local",
            "cluster.x-k8s.io/cluster-namespace": FLEET_LOCAL,
            "cluster.x-k8s.io/labels-from-machine": "",
            "cluster.x-k8s.io/machine": name,
          },
        },
      });
    }
  }
}

/**
 * Forgets the passwords of nodes that were removed since the last pass, as RKE2 does: only then may a new installation use the name.
 * `known` carries the names from pass to pass.
 */
export async function forgetRemovedNodes(kube: KubeClient, known: Set<string>): Promise<void> {
  const names = new Set((await kube.list(NODES)).map((node) => node.metadata.name));
  for (const name of known) {
    if (!names.has(name)) await kube.delete(SECRETS, nodePasswordSecret(name), "kube-system");
  }
  known.clear();
  for (const name of names) known.add(name);
}

/** Name of the secret that binds a node's name to one installation. */
export function nodePasswordSecret(hostname: string): string {
  return `${hostname}.node-password.rke2`;
}

/** The status a Machine should have, or undefined when it has it already. */
function machineStatus(machine: KubeObject, node: KubeObject | undefined): object | undefined {
  const phase = node ? "Running" : "Provisioning";
  const before = machine.status ?? {};
  if (before.phase === phase && before.nodeRef?.uid === node?.metadata.uid) return undefined;
  return {
    phase,
    bootstrapReady: true,
    infrastructureReady: true,
    observedGeneration: 1,
    nodeRef: node
      ? { apiVersion: "v1", kind: "Node", name: node.metadata.name, uid: node.metadata.uid }
      : null,
    nodeInfo: node?.status?.nodeInfo,
    addresses: node?.status?.addresses,
    conditions: [
      {
        type: "Ready",
        status: node ? "True" : "False",
        reason: node ? "Ready" : "WaitingForNodeRef",
        lastTransitionTime: new Date().toISOString(),
      },
    ],
  };
}
