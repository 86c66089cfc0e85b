/**
 * Harvester's rules of maintenance mode, as pure functions over Kubernetes' objects (harvester, pkg/util/drainhelper/helper.go and
 * pkg/controller/master/nodedrain/nodedrain_controller.go).
 */
import type { KubeObject } from "../kube";
import { immovable, isSchedulable, isWanted, nameOf, nodeOf, sameName } from "../workload/instances";

/** Annotation by which maintenance mode is asked for. */
export const DRAIN_REQUESTED = "harvesterhci.io/drain-requested";
/** Annotation by which what cannot be moved is stopped. */
export const DRAIN_FORCED = "harvesterhci.io/drain-forced";
/** Annotation that tells how far it is: `running`, then `completed`. */
export const MAINTAIN_STATUS = "harvesterhci.io/maintain-status";
/** Label of a virtual machine: what is to become of it when its node is maintained. */
export const STRATEGY_LABEL = "harvesterhci.io/maintain-mode-strategy";

/** Strategies by which a machine is stopped instead of moved. */
const SHUTDOWN = ["ShutdownAndRestartAfterEnable", "ShutdownAndRestartAfterDisable", "Shutdown"];
const NOT_POSSIBLE = "draining of this node is not possible";
const CONTROL_PLANE = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd"];

/** What the rules look at. */
export interface View {
  nodes: readonly KubeObject[];
  instances: readonly KubeObject[];
  volumes: readonly KubeObject[];
  replicas: readonly KubeObject[];
}

/** Why a node of the control plane cannot be maintained now; undefined when it can, as every other node. */
export function drainImpossible(node: KubeObject, nodes: readonly KubeObject[]): string | undefined {
  if (!isControlPlane(node)) return undefined;
  const members = nodes.filter(isControlPlane);
  if (members.length === 1)
    return `${NOT_POSSIBLE}: single controlplane cluster, cannot place controlplane in maintenance mode`;
  const available = members.filter(({ metadata }) => metadata.annotations?.[MAINTAIN_STATUS] === undefined);
  return available.length === 3
    ? undefined
    : `${NOT_POSSIBLE}: another controlplane is already in maintenance mode, cannot place current node in maintenance mode`;
}

/** Virtual machines that cannot leave a node without being stopped, by the word for why. */
export function nonMigratable(node: KubeObject, view: View): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (why: string, instance: KubeObject) =>
    found.set(why, [...(found.get(why) ?? []), nameOf(instance)]);
  for (const instance of lastReplicaOn(node, view)) add("LastHealthyReplica", instance);
  const others = view.nodes.filter((other) => !isSame(other, node) && isSchedulable(other));
  for (const instance of view.instances.filter((i) => nodeOf(i) === node.metadata.name)) {
    const condition = immovable(instance);
    if (condition) add(condition.reason ?? "", instance);
    if (!others.some((other) => isWanted(other, instance))) add("NodeSchedulingRequirementsNotMet", instance);
  }
  return found;
}

/** Whether another node is neither cordoned nor in maintenance: the last one can be put into neither (Harvester's webhook of Nodes). */
export function otherNodeAvailable(node: KubeObject, nodes: readonly KubeObject[]): boolean {
  return nodes.some(
    (other) =>
      !isSame(other, node) &&
      other.spec?.unschedulable !== true &&
      other.metadata.annotations?.[MAINTAIN_STATUS] === undefined,
  );
}

/** Whether an instance is stopped instead of moved. */
export function isShutDown(instance: KubeObject): boolean {
  return SHUTDOWN.includes(instance.metadata.labels?.[STRATEGY_LABEL] ?? "");
}

/** Instances of which a volume has its last started copy on a node; they may run on another one. */
function lastReplicaOn(node: KubeObject, { volumes, replicas, instances }: View): KubeObject[] {
  const endangered = volumes.filter(({ metadata }) => {
    const started = replicas.filter(
      ({ spec, status }) => spec?.volumeName === metadata.name && status?.started === true,
    );
    return started.length <= 1 && started.some(({ spec }) => spec?.nodeID === node.metadata.name);
  });
  const users = endangered.flatMap(({ status }) => {
    const workloads: { workloadName: string }[] = status?.kubernetesStatus?.workloadsStatus ?? [];
    const namespace: string = status?.kubernetesStatus?.namespace ?? "";
    return workloads.map(({ workloadName: name }) => ({ metadata: { name, namespace } }));
  });
  return instances.filter((instance) => users.some((user) => sameName(user, instance)));
}

function isControlPlane({ metadata }: KubeObject): boolean {
  return CONTROL_PLANE.some((label) => metadata.labels?.[label] !== undefined);
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.name === b.metadata.name;
}
