import { isAtLeast } from "./versions";

/** Harvester settings that an installation may set: `system_settings` of the install configuration. */

/**
 * Names by the first version whose installer accepts them. The installer stops silently at any other.
 * Source: `GetSystemSettingsAllowList` in harvester-installer pkg/config/config.go, compared over the tags v1.3.0 to v1.8.1.
 */
const ALLOWED: readonly { since: string; names: readonly string[] }[] = [
  {
    since: "1.3.0",
    names: [
      "additional-ca",
      "api-ui-version",
      "auto-disk-provision-paths",
      "backup-target",
      "cluster-registration-url",
      "containerd-registry",
      "default-storage-class",
      "http-proxy",
      "log-level",
      "ntp-servers",
      "overcommit-config",
      "release-download-url",
      "server-version",
      "ssl-certificates",
      "ssl-parameters",
      "support-bundle-image",
      "support-bundle-namespaces",
      "support-bundle-timeout",
      "ui-index",
      "ui-path",
      "ui-source",
      "upgradable-versions",
      "upgrade-checker-enabled",
      "upgrade-checker-url",
      "vip-pools",
      "vm-force-reset-policy",
      "volume-snapshot-class",
    ],
  },
  {
    since: "1.3.2",
    names: [
      "auto-rotate-rke2-certs",
      "csi-driver-config",
      "default-vm-termination-grace-period-seconds",
      "harvester-csi-ccm-versions",
      "kubeconfig-default-token-ttl-minutes",
      "storage-network",
      "support-bundle-expiration",
      "support-bundle-node-collection-timeout",
      "ui-plugin-index",
    ],
  },
  {
    since: "1.8.0",
    names: [
      "additional-guest-memory-overhead-ratio",
      "cluster-pod-security-standard",
      "csi-online-expand-validation",
      "kubevirt-migration",
      "longhorn-v2-data-engine-enabled",
      "max-hotplug-ratio",
      "rancher-cluster",
      "ui-plugin-bundled-version",
      "upgrade-config",
      "vm-migration-network",
    ],
  },
];

/** Settings whose value is a JSON object in a string [harvester pkg/settings]. */
export const JSON_SETTINGS: readonly string[] = [
  "auto-rotate-rke2-certs",
  "backup-target",
  "containerd-registry",
  "csi-driver-config",
  "http-proxy",
  "kubevirt-migration",
  "ntp-servers",
  "overcommit-config",
  "rancher-cluster",
  "ssl-certificates",
  "ssl-parameters",
  "storage-network",
  "upgrade-config",
  "vip-pools",
  "vm-force-reset-policy",
  "vm-migration-network",
];

/** The settings that the installer of a version accepts. */
export function settingsOf(version: string): string[] {
  return ALLOWED.filter(({ since }) => isAtLeast(version, since)).flatMap(({ names }) => names);
}

/** The first version whose installer accepts the setting; undefined if none does. */
export function settingSince(name: string): string | undefined {
  const since = ALLOWED.find(({ names }) => names.includes(name))?.since;
  return since === undefined ? undefined : `v${since}`;
}
