/**
 * The kinds that Harvester, Rancher, Fleet and Cluster API add to Kubernetes, as far as the lab's clusters have them. Small on purpose: the
 * fields this lab and its users write are checked as upstream checks them, the rest is kept as it comes.
 */
import type { KubeObject, Resource } from "./kube";

/** JSON schema of a field. */
type Schema = Record<string, unknown>;

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const whole: Schema = { type: "integer" };
const texts: Schema = { type: "array", items: text };
const textMap: Schema = { type: "object", additionalProperties: text };
/** Kept as it comes. */
const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

function fields(properties: Record<string, Schema>, required: string[] = []): Schema {
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

/** One kind of custom resource. */
export interface Kind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  shortNames?: string[];
  /** True when status is written by a path of its own and a plain update cannot change it. */
  statusSubresource: boolean;
  /** Fields beside apiVersion, kind and metadata. */
  schema: Record<string, Schema>;
  required?: string[];
}

const conditions: Schema = {
  type: "array",
  items: fields(
    { type: text, status: text, reason: text, message: text, lastTransitionTime: text, lastUpdateTime: text },
    ["type", "status"],
  ),
};

/** A status of which only the conditions have a known shape. */
const statusWithConditions: Schema = { ...open, properties: { conditions } };

const backupSource = fields({ apiGroup: text, kind: text, name: text }, ["kind", "name"]);
const backupType: Schema = { type: "string", enum: ["backup", "snapshot"], default: "backup" };

const harvester = (row: Omit<Kind, "group" | "version">): Kind => ({
  group: "harvesterhci.io",
  version: "v1beta1",
  ...row,
});

const longhorn = (kind: string, plural: string, spec: Record<string, Schema>): Kind => ({
  group: "longhorn.io",
  version: "v1beta2",
  kind,
  plural,
  namespaced: true,
  shortNames: [`lh${kind[0]?.toLowerCase()}`],
  statusSubresource: true,
  schema: { spec: { ...open, properties: spec }, status: open },
});

const kubevirt = (kind: string, plural: string, shortNames: string[]): Kind => ({
  group: "kubevirt.io",
  version: "v1",
  kind,
  plural,
  namespaced: true,
  shortNames,
  statusSubresource: true,
  schema: { spec: open, status: statusWithConditions },
  required: ["spec"],
});

const KINDS = {
  setting: harvester({
    kind: "Setting",
    plural: "settings",
    namespaced: false,
    statusSubresource: false,
    schema: { value: text, default: text, source: text, customized: flag, status: statusWithConditions },
  }),
  addon: harvester({
    kind: "Addon",
    plural: "addons",
    namespaced: true,
    statusSubresource: true,
    schema: {
      spec: fields({ repo: text, chart: text, version: text, enabled: flag, valuesContent: text }, [
        "chart",
        "enabled",
        "repo",
        "valuesContent",
        "version",
      ]),
      status: { ...open, properties: { status: text, conditions } },
    },
    required: ["spec"],
  }),
  version: harvester({
    kind: "Version",
    plural: "versions",
    namespaced: true,
    statusSubresource: false,
    schema: {
      spec: fields(
        { isoURL: text, isoChecksum: text, releaseDate: text, minUpgradableVersion: text, tags: texts },
        ["isoURL"],
      ),
    },
    required: ["spec"],
  }),
  upgrade: harvester({
    kind: "Upgrade",
    plural: "upgrades",
    namespaced: true,
    statusSubresource: false,
    schema: {
      spec: fields({ version: text, image: text, logEnabled: { ...flag, default: true } }),
      status: {
        ...open,
        properties: {
          conditions,
          imageID: text,
          nodeStatuses: { type: "object", additionalProperties: open },
          previousVersion: text,
          repoInfo: text,
          singleNode: text,
          upgradeLog: text,
        },
      },
    },
    required: ["spec"],
  }),
  image: harvester({
    kind: "VirtualMachineImage",
    plural: "virtualmachineimages",
    namespaced: true,
    shortNames: ["vmimage", "vmimages"],
    statusSubresource: false,
    schema: {
      spec: fields(
        {
          backend: { type: "string", enum: ["backingimage", "cdi"], default: "backingimage" },
          checksum: text,
          description: text,
          displayName: text,
          pvcName: text,
          pvcNamespace: text,
          retry: { ...whole, default: 3, minimum: 0, maximum: 10 },
          securityParameters: fields(
            {
              cryptoOperation: { type: "string", enum: ["encrypt", "decrypt"] },
              sourceImageName: text,
              sourceImageNamespace: text,
            },
            ["cryptoOperation", "sourceImageName", "sourceImageNamespace"],
          ),
          sourceType: {
            type: "string",
            enum: ["download", "upload", "export-from-volume", "restore", "clone"],
          },
          storageClassParameters: textMap,
          targetStorageClassName: text,
          url: text,
        },
        ["displayName", "sourceType"],
      ),
      status: statusWithConditions,
    },
    required: ["spec"],
  }),
  backup: harvester({
    kind: "VirtualMachineBackup",
    plural: "virtualmachinebackups",
    namespaced: true,
    shortNames: ["vmbackup", "vmbackups"],
    statusSubresource: false,
    schema: {
      spec: fields({ source: backupSource, type: backupType }, ["source"]),
      status: statusWithConditions,
    },
    required: ["spec"],
  }),
  restore: harvester({
    kind: "VirtualMachineRestore",
    plural: "virtualmachinerestores",
    namespaced: true,
    shortNames: ["vmrestore", "vmrestores"],
    statusSubresource: false,
    schema: {
      spec: fields(
        {
          target: backupSource,
          virtualMachineBackupName: text,
          virtualMachineBackupNamespace: text,
          newVM: flag,
          deletionPolicy: text,
          keepMacAddress: flag,
        },
        ["target", "virtualMachineBackupName", "virtualMachineBackupNamespace"],
      ),
      status: statusWithConditions,
    },
    required: ["spec"],
  }),
  backupSchedule: harvester({
    kind: "ScheduleVMBackup",
    plural: "schedulevmbackups",
    namespaced: true,
    shortNames: ["svmbackup", "svmbackups"],
    statusSubresource: false,
    schema: {
      spec: fields(
        {
          cron: text,
          retain: { ...whole, default: 8, minimum: 2, maximum: 250 },
          maxFailure: { ...whole, default: 4, minimum: 2 },
          suspend: { ...flag, default: false },
          vmbackup: fields({ source: backupSource, type: backupType }, ["source"]),
        },
        ["cron", "maxFailure", "retain", "vmbackup"],
      ),
      status: statusWithConditions,
    },
    required: ["spec"],
  }),
  cloudInit: {
    group: "node.harvesterhci.io",
    version: "v1beta1",
    kind: "CloudInit",
    plural: "cloudinits",
    namespaced: false,
    shortNames: ["nci"],
    statusSubresource: true,
    schema: {
      spec: fields({ matchSelector: textMap, filename: text, contents: text, paused: flag }, [
        "contents",
        "filename",
        "matchSelector",
      ]),
      status: { ...open, properties: { rollouts: { type: "object", additionalProperties: open } } },
    },
    required: ["spec"],
  },
  managedChart: {
    group: "management.cattle.io",
    version: "v3",
    kind: "ManagedChart",
    plural: "managedcharts",
    namespaced: true,
    statusSubresource: true,
    schema: { spec: open, status: statusWithConditions },
  },
  rancherSetting: {
    group: "management.cattle.io",
    version: "v3",
    kind: "Setting",
    plural: "settings",
    namespaced: false,
    statusSubresource: false,
    schema: { value: text, default: text, source: text, customized: flag },
  },
  rancherCluster: {
    group: "management.cattle.io",
    version: "v3",
    kind: "Cluster",
    plural: "clusters",
    namespaced: false,
    statusSubresource: false,
    schema: { spec: open, status: statusWithConditions },
  },
  user: {
    group: "management.cattle.io",
    version: "v3",
    kind: "User",
    plural: "users",
    namespaced: false,
    statusSubresource: false,
    schema: {
      displayName: text,
      description: text,
      username: text,
      mustChangePassword: flag,
      principalIds: texts,
      enabled: flag,
    },
  },
  token: {
    group: "management.cattle.io",
    version: "v3",
    kind: "Token",
    plural: "tokens",
    namespaced: false,
    statusSubresource: false,
    schema: {
      authProvider: text,
      description: text,
      expiresAt: text,
      isDerived: flag,
      token: text,
      ttl: whole,
      userId: text,
    },
  },
  provisioningCluster: {
    group: "provisioning.cattle.io",
    version: "v1",
    kind: "Cluster",
    plural: "clusters",
    namespaced: true,
    statusSubresource: true,
    schema: { spec: open, status: statusWithConditions },
  },
  capiCluster: {
    group: "cluster.x-k8s.io",
    version: "v1beta1",
    kind: "Cluster",
    plural: "clusters",
    namespaced: true,
    statusSubresource: true,
    schema: { spec: open, status: { ...open, properties: { phase: text, conditions } } },
  },
  machine: {
    group: "cluster.x-k8s.io",
    version: "v1beta1",
    kind: "Machine",
    plural: "machines",
    namespaced: true,
    shortNames: ["ma"],
    statusSubresource: true,
    schema: {
      spec: { ...open, properties: { clusterName: text }, required: ["clusterName"] },
      status: { ...open, properties: { phase: text, nodeRef: open, conditions } },
    },
    required: ["spec"],
  },
  rkeBootstrap: {
    group: "rke.cattle.io",
    version: "v1",
    kind: "RKEBootstrap",
    plural: "rkebootstraps",
    namespaced: true,
    statusSubresource: true,
    schema: { spec: open, status: statusWithConditions },
  },
  clusterNetwork: {
    group: "network.harvesterhci.io",
    version: "v1beta1",
    kind: "ClusterNetwork",
    plural: "clusternetworks",
    namespaced: false,
    shortNames: ["cn"],
    statusSubresource: false,
    schema: { status: statusWithConditions },
  },
  longhornNode: longhorn("Node", "nodes", {
    name: text,
    allowScheduling: flag,
    evictionRequested: flag,
    disks: { type: "object", additionalProperties: open },
  }),
  longhornVolume: longhorn("Volume", "volumes", { numberOfReplicas: whole, size: text, nodeID: text }),
  longhornReplica: longhorn("Replica", "replicas", {
    volumeName: text,
    volumeSize: text,
    nodeID: text,
    failedAt: text,
    healthyAt: text,
  }),
  virtualMachine: kubevirt("VirtualMachine", "virtualmachines", ["vm", "vms"]),
  virtualMachineInstance: kubevirt("VirtualMachineInstance", "virtualmachineinstances", ["vmi", "vmis"]),
  virtualMachineInstanceMigration: kubevirt(
    "VirtualMachineInstanceMigration",
    "virtualmachineinstancemigrations",
    ["vmim", "vmims"],
  ),
} satisfies Record<string, Kind>;

/** Names of the kinds in code. */
export type KindName = keyof typeof KINDS;

/** Every kind of the lab's clusters. */
export const ALL_KINDS: Kind[] = Object.values(KINDS);

/** Where objects of one of these kinds live. */
export function resourceOf(name: KindName): Resource {
  const kind: Kind = KINDS[name];
  return { apiVersion: `${kind.group}/${kind.version}`, plural: kind.plural, namespaced: kind.namespaced };
}

/** An object of one of these kinds with its apiVersion and kind filled in. */
export function objectOf(name: KindName, body: KubeObject): KubeObject {
  const kind: Kind = KINDS[name];
  return { apiVersion: `${kind.group}/${kind.version}`, kind: kind.kind, ...body };
}

/** The definition that teaches a kind to the API server. */
export function definitionOf(kind: Kind): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...(kind.shortNames ? { shortNames: kind.shortNames } : {}),
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: fields(
              { apiVersion: text, kind: text, metadata: { type: "object" }, ...kind.schema },
              [...(kind.required ?? [])],
            ),
          },
          ...(kind.statusSubresource ? { subresources: { status: {} } } : {}),
        },
      ],
    },
  };
}
