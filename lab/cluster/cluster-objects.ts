/**
 * What a new Harvester cluster contains: the objects its installation leaves, as pure data.
 */
import type { InstalledSystem } from "../types";
import { CONFIG_MAPS, NAMESPACES, SECRETS, SERVICES, STORAGE_CLASSES } from "./builtins";
import type { NodeIdentity } from "./identity";
import { type KindName, objectOf, resourceOf } from "./kinds";
import type { KubeObject, Resource } from "./kube";
import { FLEET_LOCAL } from "./machines";
import { PASSWORD_NAMESPACE } from "./passwords";
import { initialSettings } from "./settings";

/** An object to create, and its status where that is written apart. */
export interface InitialObject {
  resource: Resource;
  object: KubeObject;
  status?: object;
}

const HARVESTER = "harvester-system";

/** Addons of the ISO with their namespaces. */
const ADDONS: [name: string, namespace: string][] = [
  ["harvester-pcidevices-controller", HARVESTER],
  ["harvester-seeder", HARVESTER],
  ["harvester-vm-import-controller", HARVESTER],
  ["nvidia-driver-toolkit", HARVESTER],
  ["rancher-logging", "cattle-logging-system"],
  ["rancher-monitoring", "cattle-monitoring-system"],
];

/** Everything but the definitions of kinds, users and certificates, in the order in which it is created. */
export function clusterObjects(
  identity: NodeIdentity,
  system: InstalledSystem,
  vipCa: string,
): InitialObject[] {
  return [
    ...namespaces(),
    ...vipObjects(system),
    ...rancherObjects(identity, system, vipCa),
    ...harvesterObjects(identity, system),
    ...storageClasses(system),
  ];
}

/** The last object of an installation: Ready only when everything else is there. */
export function harvesterChart(version: string): InitialObject {
  return custom(
    "managedChart",
    {
      metadata: { name: "harvester", namespace: FLEET_LOCAL },
      spec: { chart: "harvester", version: bare(version) },
    },
    { conditions: [ready("Processed"), ready("Ready")] },
  );
}

function namespaces(): InitialObject[] {
  const names = [
    HARVESTER,
    "harvester-public",
    "cattle-system",
    FLEET_LOCAL,
    "longhorn-system",
    PASSWORD_NAMESPACE,
    ...ADDONS.map(([, namespace]) => namespace),
  ];
  return [...new Set(names)].map((name) => ({ resource: NAMESPACES, object: { metadata: { name } } }));
}

function vipObjects(system: InstalledSystem): InitialObject[] {
  const install = system.config.install ?? {};
  const ip = install.vip ?? "";
  return [
    {
      resource: CONFIG_MAPS,
      object: {
        metadata: { name: "vip", namespace: HARVESTER },
        data: {
          enabled: "true",
          hwAddress: install.vip_hw_addr ?? "",
          ip,
          loadBalancerIP: ip,
          mode: (install.vip_mode ?? "static").toLowerCase(),
          serviceType: "LoadBalancer",
        },
      },
    },
    {
      resource: SERVICES,
      object: {
        metadata: {
          name: "ingress-expose",
          namespace: "kube-system",
          annotations: { "kube-vip.io/loadbalancerIPs": ip },
        },
        spec: {
          type: "LoadBalancer",
          selector: { "app.kubernetes.io/name": "rke2-ingress-nginx" },
          ports: [
            { name: "https-internal", port: 443, protocol: "TCP", targetPort: 443 },
            { name: "http", port: 80, protocol: "TCP", targetPort: 80 },
          ],
        },
      },
      status: { loadBalancer: { ingress: [{ ip }] } },
    },
  ];
}

function rancherObjects(identity: NodeIdentity, system: InstalledSystem, vipCa: string): InitialObject[] {
  const url = `https://${system.config.install?.vip ?? ""}`;
  const setting = (name: string, value: string, standard = ""): InitialObject =>
    custom("rancherSetting", { metadata: { name }, value, default: standard });
  const local = { name: "local", namespace: FLEET_LOCAL };
  const token = Buffer.from(system.config.token ?? "").toString("base64");
  return [
    {
      // rancherd keeps the join token here for Rancher (rancher/rancherd pkg/resources/resources.go).
      resource: SECRETS,
      object: {
        metadata: { name: "local-rke-state", namespace: FLEET_LOCAL },
        type: "rke.cattle.io/cluster-state",
        data: { serverToken: token, agentToken: token },
      },
    },
    setting("server-url", url),
    setting("server-version", identity.release.rancher),
    setting("internal-cacerts", vipCa),
    setting("password-min-length", "", "12"),
    setting("first-login", "", "true"),
    custom("rancherCluster", {
      metadata: { name: "local" },
      spec: { displayName: "local", internal: true },
      status: { conditions: [ready("Ready"), ready("Connected")], driver: "rke2" },
    }),
    custom(
      "provisioningCluster",
      {
        metadata: local,
        spec: { kubernetesVersion: identity.release.kubernetes, rkeConfig: { upgradeStrategy: {} } },
      },
      {
        clusterName: "local",
        ready: true,
        observedGeneration: 1,
        conditions: [ready("Ready"), ready("Provisioned")],
      },
    ),
    custom(
      "capiCluster",
      {
        metadata: local,
        spec: {
          controlPlaneRef: { apiVersion: "rke.cattle.io/v1", kind: "RKEControlPlane", ...local },
          infrastructureRef: { apiVersion: "rke.cattle.io/v1", kind: "RKECluster", ...local },
        },
      },
      {
        phase: "Provisioned",
        infrastructureReady: true,
        controlPlaneReady: true,
        conditions: [ready("Ready")],
      },
    ),
  ];
}

function harvesterObjects(identity: NodeIdentity, system: InstalledSystem): InitialObject[] {
  const ntp = system.config.os?.ntp_servers ?? [];
  const values: Record<string, string> = {
    ...(ntp.length > 0 ? { "ntp-servers": JSON.stringify({ ntpServers: ntp }) } : {}),
    ...system.config.system_settings,
    "server-version": identity.version,
  };
  const settings = initialSettings(identity.version, values).map(({ name, value, default: standard }) =>
    custom("setting", {
      metadata: { name },
      default: standard,
      value,
      ...(value ? { status: { conditions: [ready("configured")] } } : {}),
    }),
  );
  return [...settings, ...addons(system), custom("clusterNetwork", { metadata: { name: "mgmt" } })];
}

function addons(system: InstalledSystem): InitialObject[] {
  const wishes = (system.config.install?.addons ?? {}) as Record<
    string,
    { enabled?: boolean; values_content?: string } | undefined
  >;
  return ADDONS.map(([name, namespace]) => {
    const wish = wishes[name.replaceAll("-", "_")];
    const enabled = wish?.enabled ?? false;
    return custom(
      "addon",
      {
        metadata: { name, namespace },
        spec: {
          repo: "http://harvester-cluster-repo.cattle-system.svc/charts",
          chart: name,
          version: bare(system.version),
          enabled,
          valuesContent: wish?.values_content ?? "",
        },
      },
      enabled
        ? { status: "AddonDeploySuccessful", conditions: [ready("Completed")] }
        : { status: "AddonDisabled" },
    );
  });
}

function storageClasses(system: InstalledSystem): InitialObject[] {
  const harvester = (system.config.install?.harvester ?? {}) as {
    storage_class?: { replica_count?: number };
  };
  const replicas = String(Math.min(harvester.storage_class?.replica_count ?? 3, 3));
  const make = (
    name: string,
    parameters: Record<string, string>,
    annotations: Record<string, string>,
  ): InitialObject => ({
    resource: STORAGE_CLASSES,
    object: {
      metadata: { name, annotations: { "harvesterhci.io/is-reserved-storageclass": "true", ...annotations } },
      provisioner: "driver.longhorn.io",
      allowVolumeExpansion: true,
      reclaimPolicy: "Delete",
      volumeBindingMode: "Immediate",
      parameters,
    },
  });
  const common = { numberOfReplicas: replicas, staleReplicaTimeout: "30" };
  return [
    make(
      "harvester-longhorn",
      { ...common, migratable: "true" },
      { "storageclass.kubernetes.io/is-default-class": "true" },
    ),
    make("longhorn-static", { ...common, numberOfReplicas: "3" }, {}),
    make("vmstate-persistence", { ...common, nodeSelector: "" }, {}),
  ];
}

function custom(kind: KindName, body: KubeObject, status?: object): InitialObject {
  return { resource: resourceOf(kind), object: objectOf(kind, body), status };
}

function ready(type: string): { type: string; status: string; lastUpdateTime: string } {
  return { type, status: "True", lastUpdateTime: new Date().toISOString() };
}

function bare(version: string): string {
  return version.replace(/^v/, "");
}
