/** What runs on the nodes and what they store, in plain values: volumes, virtual machines, an upgrade under way. */
import type { VirtualMachineFacts, VolumeFacts } from "../../model/transition";

/** Base paths of the kinds that are read. */
export const WORKLOAD_PATHS = {
  volumes: "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/volumes",
  replicas: "/apis/longhorn.io/v1beta2/namespaces/longhorn-system/replicas",
  instances: "/apis/kubevirt.io/v1/virtualmachineinstances",
  upgrades: "/apis/harvesterhci.io/v1beta1/namespaces/harvester-system/upgrades",
} as const;

interface Named {
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

/** A Longhorn volume as far as it is read here [longhorn-manager, k8s/pkg/apis/longhorn/v1beta2/volume.go]. */
export interface LonghornVolume extends Named {
  spec?: { numberOfReplicas?: number };
  status?: { kubernetesStatus?: { namespace?: string; pvcName?: string } };
}

/** A Longhorn replica as far as it is read here [same folder, replica.go]. */
export interface LonghornReplica extends Named {
  spec?: { volumeName?: string; nodeID?: string; failedAt?: string; healthyAt?: string };
}

/** A running virtual machine as far as it is read here [kubevirt api/core/v1/types.go]. */
export interface VirtualMachineInstance extends Named {
  status?: { nodeName?: string; conditions?: { type: string; status: string }[] };
}

/** An upgrade as far as it is read here [harvester pkg/apis/harvesterhci.io/v1beta1/upgrade.go]. */
export interface Upgrade extends Named {
  spec?: { version?: string };
}

/** Volumes with the nodes that hold a healthy replica: one that was healthy once and has not failed since. */
export function volumeFacts(
  volumes: readonly LonghornVolume[],
  replicas: readonly LonghornReplica[],
): VolumeFacts[] {
  return volumes.map(({ metadata, spec, status }) => {
    const { namespace, pvcName } = status?.kubernetesStatus ?? {};
    return {
      name: namespace && pvcName ? `${namespace}/${pvcName}` : metadata.name,
      replicas: spec?.numberOfReplicas ?? 0,
      healthyOn: replicas
        .filter((replica) => replica.spec?.volumeName === metadata.name)
        .flatMap(({ spec }) => (spec?.healthyAt && !spec.failedAt && spec.nodeID ? [spec.nodeID] : [])),
    };
  });
}

/** Virtual machines that run on some node. */
export function virtualMachineFacts(instances: readonly VirtualMachineInstance[]): VirtualMachineFacts[] {
  return instances.flatMap(({ metadata, status }) => {
    if (!status?.nodeName) return [];
    const migratable = status.conditions?.some((c) => c.type === "LiveMigratable" && c.status === "True");
    return [
      {
        name: `${metadata.namespace ?? "default"}/${metadata.name}`,
        node: status.nodeName,
        migratable: migratable === true,
      },
    ];
  });
}

/** The upgrade that is under way: one whose state is neither success nor failure (label `harvesterhci.io/upgradeState`). */
export function upgradeUnderWay(upgrades: readonly Upgrade[]): Upgrade | undefined {
  return upgrades.find(
    ({ metadata }) =>
      !["Succeeded", "Failed"].includes(metadata.labels?.["harvesterhci.io/upgradeState"] ?? ""),
  );
}
