/**
 * Harvester's settings: their names and defaults, and since which minor release each exists.
 */
import { minorOf } from "./versions";

interface SettingDefault {
  name: string;
  default: string;
  /** First minor release that has it; every supported one when absent. */
  since?: number;
}

const NO_NETWORK = "";

const SETTINGS: SettingDefault[] = [
  { name: "additional-ca", default: "" },
  { name: "additional-guest-memory-overhead-ratio", default: "1.5", since: 4 },
  { name: "api-ui-version", default: "1.1.9" },
  { name: "auto-disk-provision-paths", default: "" },
  {
    name: "auto-rotate-rke2-certs",
    default: JSON.stringify({ enable: false, expiringInHours: 240 }),
    since: 3,
  },
  { name: "backup-target", default: "" },
  { name: "cluster-registration-url", default: "" },
  { name: "containerd-registry", default: "" },
  {
    name: "csi-driver-config",
    default: JSON.stringify({
      "driver.longhorn.io": {
        volumeSnapshotClassName: "longhorn-snapshot",
        backupVolumeSnapshotClassName: "longhorn",
      },
    }),
  },
  { name: "default-vm-termination-grace-period-seconds", default: "120", since: 3 },
  { name: "http-proxy", default: "{}" },
  { name: "kubeconfig-default-token-ttl-minutes", default: "0", since: 4 },
  { name: "kubevirt-migration", default: "", since: 7 },
  { name: "log-level", default: "info" },
  { name: "longhorn-v2-data-engine-enabled", default: "false", since: 4 },
  { name: "max-hotplug-ratio", default: "4", since: 6 },
  { name: "ntp-servers", default: "" },
  { name: "overcommit-config", default: JSON.stringify({ cpu: 1600, memory: 150, storage: 200 }) },
  {
    name: "rancher-cluster",
    default: JSON.stringify({ removeUpstreamClusterWhenNamespaceIsDeleted: false }),
    since: 6,
  },
  { name: "release-download-url", default: "https://releases.rancher.com/harvester" },
  { name: "server-version", default: "" },
  { name: "ssl-certificates", default: "{}" },
  { name: "ssl-parameters", default: "{}" },
  { name: "storage-network", default: NO_NETWORK },
  { name: "support-bundle-timeout", default: "10" },
  { name: "ui-source", default: "auto" },
  { name: "upgrade-checker-enabled", default: "true" },
  { name: "upgrade-checker-url", default: "https://harvester-upgrade-responder.rancher.io/v1/checkupgrade" },
  {
    name: "upgrade-config",
    default: JSON.stringify({ imagePreloadOption: { strategy: { type: "sequential" } }, restoreVM: false }),
    since: 5,
  },
  { name: "vip-pools", default: "" },
  {
    name: "vm-force-reset-policy",
    default: JSON.stringify({ enable: true, period: 15, vmMigrationTimeout: 180 }),
  },
  { name: "vm-migration-network", default: NO_NETWORK, since: 6 },
];

/** A setting of a new cluster: an empty value means the default. */
export interface InitialSetting {
  name: string;
  default: string;
  value: string;
}

/** The settings of a new cluster with the values its installation gave. */
export function initialSettings(version: string, values: Record<string, string>): InitialSetting[] {
  const known = SETTINGS.filter((setting) => (setting.since ?? 0) <= minorOf(version));
  const names = new Set(known.map((setting) => setting.name));
  const given = Object.keys(values)
    .filter((name) => !names.has(name))
    .map((name) => ({ name, default: "" }));
  return [...known, ...given].map((setting) => ({
    name: setting.name,
    default: setting.default,
    value: values[setting.name] ?? "",
  }));
}
