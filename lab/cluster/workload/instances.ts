/**
 * KubeVirt's view of instances of virtual machines: where one may run, and whether it can move there without being stopped. Pure functions.
 */
import type { KubeObject } from "../kube";

/** Node on which an instance runs, as a label: how KubeVirt and Harvester find the instances of a node. */
export const NODE_NAME_LABEL = "kubevirt.io/nodeName";
/** Taint by which KubeVirt is asked to move away what runs on a node (KubeVirt's setting nodeDrainTaintKey). */
export const DRAIN_TAINT = "kubevirt.io/drain";
/** Nodes with the same label of this prefix have the same CPU for a machine with the host's model, which is KubeVirt's default. */
const HOST_CPU = "host-model-cpu.node.kubevirt.io/";
const HOST_MODELS = [undefined, "host-model", "host-passthrough"];

/** A condition of an instance. */
export interface InstanceCondition {
  type: string;
  status: "True" | "False";
  reason?: string;
  message?: string;
}

/** Whether a Node reports that it is Ready. */
export function isReady(node: KubeObject): boolean {
  const conditions: { type: string; status: string }[] = node.status?.conditions ?? [];
  return conditions.some((c) => c.type === "Ready" && c.status === "True");
}

/** Whether new instances may be placed on a node at all: it is Ready and not cordoned. */
export function isSchedulable(node: KubeObject): boolean {
  return isReady(node) && node.spec?.unschedulable !== true;
}

/** Whether an instance may be started on a node now. */
export function fits(node: KubeObject, instance: KubeObject): boolean {
  const taints: { effect: string }[] = node.spec?.taints ?? [];
  return (
    isSchedulable(node) &&
    !taints.some(({ effect }) => effect !== "PreferNoSchedule") &&
    isWanted(node, instance)
  );
}

/** Whether a running instance may move to a node: it may be started there, and the CPU is one that it can go on with. */
export function canMoveTo(target: KubeObject, instance: KubeObject, source: KubeObject | undefined): boolean {
  if (target.metadata.name === instance.status?.nodeName || !fits(target, instance)) return false;
  if (source === undefined || !HOST_MODELS.includes(instance.spec?.domain?.cpu?.model)) return true;
  const cpu = Object.keys(source.metadata.labels ?? {}).filter((label) => label.startsWith(HOST_CPU));
  return cpu.every((label) => target.metadata.labels?.[label] !== undefined);
}

/** Whether a node is one of those that the instance asks for: by nodeSelector and by required nodeAffinity. */
export function isWanted(node: KubeObject, instance: KubeObject): boolean {
  const selector: Record<string, string> = instance.spec?.nodeSelector ?? {};
  const labels = node.metadata.labels ?? {};
  const terms: AffinityTerm[] | undefined =
    instance.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (
    Object.entries(selector).every(([key, value]) => labels[key] === value) &&
    (terms === undefined ||
      terms.some((term) => (term.matchExpressions ?? []).every((e) => matches(labels, e))))
  );
}

interface Expression {
  key: string;
  operator: string;
  values?: string[];
}

interface AffinityTerm {
  matchExpressions?: Expression[];
}

function matches(labels: Record<string, string>, { key, operator, values = [] }: Expression): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw new Error(`the lab's KubeVirt does not know the operator ${operator} of a node affinity`);
  }
}

/** Names of the claims that an instance uses. */
export function claimsOf(instance: KubeObject): string[] {
  const volumes: { persistentVolumeClaim?: { claimName: string }; dataVolume?: { name: string } }[] =
    instance.spec?.volumes ?? [];
  return volumes.flatMap(({ persistentVolumeClaim, dataVolume }) => {
    const name = persistentVolumeClaim?.claimName ?? dataVolume?.name;
    return name === undefined ? [] : [name];
  });
}

/**
 * KubeVirt's condition LiveMigratable, with its own reasons: hardware of the host, a disk of the host, or a claim that only one node can have
 * (virt-handler, `calculateLiveMigrationCondition`). `claims` are the PersistentVolumeClaims of the instance's namespace.
 */
export function liveMigratable(instance: KubeObject, claims: readonly KubeObject[]): InstanceCondition {
  const no = (reason: string, message: string): InstanceCondition => {
    return { type: "LiveMigratable", status: "False", reason, message };
  };
  const devices = instance.spec?.domain?.devices ?? {};
  if ([...(devices.hostDevices ?? []), ...(devices.gpus ?? [])].length > 0)
    return no("HostDeviceNotLiveMigratable", "VMI uses a PCI host devices");
  const volumes: { name: string; hostDisk?: object }[] = instance.spec?.volumes ?? [];
  if (volumes.some(({ hostDisk }) => hostDisk !== undefined))
    return no("DisksNotLiveMigratable", "cannot migrate VMI with non-shared HostDisk");
  const own = claims.filter(({ metadata }) => claimsOf(instance).includes(metadata.name));
  const single = own.find(({ spec }) => !(spec?.accessModes ?? []).includes("ReadWriteMany"));
  if (single) {
    return no(
      "DisksNotLiveMigratable",
      `cannot migrate VMI: PVC ${single.metadata.name} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)`,
    );
  }
  return { type: "LiveMigratable", status: "True" };
}

/** Why an instance cannot be moved while it runs; undefined when it can. */
export function immovable(instance: KubeObject): InstanceCondition | undefined {
  const conditions: InstanceCondition[] = instance.status?.conditions ?? [];
  return conditions.find(({ type, status }) => type === "LiveMigratable" && status === "False");
}

/** Where an instance runs; undefined while it runs nowhere. */
export function nodeOf(instance: KubeObject): string | undefined {
  return instance.status?.phase === "Running" ? instance.status.nodeName : undefined;
}

/** `namespace/name`, as ledger and messages name a machine. */
export function nameOf({ metadata }: KubeObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Whether two objects have the same name in the same namespace, as a machine and its instance have. */
export function sameName(a: KubeObject, b: KubeObject): boolean {
  return nameOf(a) === nameOf(b);
}
