import type { DiskHardware, HarvesterConfig, MachineHardware, NicHardware } from "../types";
import { minorOf } from "./config";

/** Why the installer does not go on, in its words. */
export class ValidationError extends Error {}

const GIB = 1024 ** 3;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const MAC = /^[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const TOKEN = /^[a-zA-Z0-9 !"#$%&'()*+,\-./:;<=>?@^_`{|}~[\]\\]+$/;
const LABEL_NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const ROLES = ["", "default", "management", "worker", "witness"];

/** Partitions beside the persistent one, and what is left for Longhorn: 50 MiB, 15 GiB, 8 GiB, 64 MiB, 50 GiB. */
const OTHER_PARTITIONS_MIB = 50 + 15 * 1024 + 8 * 1024 + 64 + 50 * 1024;

/** system_settings that a minor version of the installer accepts, by the minor that brought them. */
const SETTINGS: Record<number, string> = {
  0: "additional-ca api-ui-version cluster-registration-url server-version ui-index ui-path ui-source ui-plugin-index volume-snapshot-class backup-target upgradable-versions upgrade-checker-enabled upgrade-checker-url release-download-url log-level ssl-certificates ssl-parameters support-bundle-image support-bundle-namespaces support-bundle-timeout default-storage-class http-proxy vm-force-reset-policy overcommit-config vip-pools auto-disk-provision-paths csi-driver-config",
  1: "containerd-registry",
  2: "ntp-servers ui-plugin-bundled-version",
  3: "storage-network default-vm-termination-grace-period-seconds auto-rotate-rke2-certs kubeconfig-default-token-ttl-minutes harvester-csi-ccm-versions support-bundle-expiration support-bundle-node-collection-timeout",
  4: "additional-guest-memory-overhead-ratio longhorn-v2-data-engine-enabled",
  6: "max-hotplug-ratio vm-migration-network rancher-cluster csi-online-expand-validation",
  8: "upgrade-config kubevirt-migration cluster-pod-security-standard",
};

/** The management NICs that a configuration names, by name or MAC; throws where the installer finds no such NIC. */
export function selectNics(hardware: MachineHardware, config: HarvesterConfig): NicHardware[] {
  const management = config.install?.management_interface;
  const interfaces = (management?.interfaces ?? []) as { name?: string; hw_addr?: string }[];
  return interfaces.map(({ name, hw_addr }) => {
    if (name === "lo") fail("interface is a loopback interface: lo");
    const byMac = hardware.nics.find((nic) => nic.mac.toLowerCase() === hw_addr?.toLowerCase());
    const found = name ? hardware.nics.find((nic) => nic.name === name) : byMac;
    if (found === undefined || (name && hw_addr && byMac !== found)) {
      fail(
        name || hw_addr
          ? `no interface matching ${[name, hw_addr].filter(Boolean).join(" ")} found`
          : "no interface specified",
      );
    }
    return found as NicHardware;
  });
}

/** Normalises server_url: `https://` is added; the host must be an IPv4 address or a DNS name, without path, on port 443. */
export function formatServerUrl(given: string): string {
  const text = /^[a-z]+:\/\//i.test(given) ? given : `https://${given}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    fail(`${given} is not a valid URL`);
  }
  if (url.protocol !== "https:") fail(`${given}: only https is supported`);
  if (!IPV4.test(url.hostname) && !SUBDOMAIN.test(url.hostname))
    fail(`${url.hostname} is not a valid ip/domain`);
  if (url.pathname !== "/" || url.search !== "") fail(`${given}: path is not allowed in management address`);
  if (url.port !== "" && url.port !== "443") fail(`${given}: only port 443 is supported`);
  return `https://${url.hostname}${/:443\/?$/.test(text) ? ":443" : ""}`;
}

/** Checks an automatic installation's configuration in the installer's order; throws the first thing it stops at. */
export function validateInstall(
  config: HarvesterConfig,
  hardware: MachineHardware,
  version: string,
  find: (device: string) => DiskHardware | undefined,
): void {
  const install = config.install ?? {};
  const os = config.os ?? {};
  if (config.scheme_version !== 1)
    fail(`Unsupported Harvester scheme version: ${config.scheme_version ?? 0}`);
  if (install.mode === "create" && config.server_url) fail("ServerURL need to be empty in create mode");
  if (install.mode === "join" && !config.server_url) fail("ServerURL can't empty in join mode");
  if (install.mode !== "create" && install.mode !== "join") fail(`unknown mode: ${install.mode ?? ""}`);
  if (!ROLES.includes(install.role ?? "")) fail(`unknown role: ${install.role}`);
  if (!install.iso_url) fail("iso_url is required in automatic installation");
  if (!config.token) fail("token not specified");
  if (!os.password && (os.ssh_authorized_keys ?? []).length === 0)
    fail("no SSH authorized keys or passwords are set");
  if (!SUBDOMAIN.test(os.hostname ?? "") || (os.hostname ?? "").length > 253) {
    fail(
      "Invalid hostname. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'.",
    );
  }
  checkDisks(config, version, find);
  checkNetwork(config, hardware);
  if (install.mode === "create") {
    checkVip(install.vip, install.vip_mode, install.vip_hw_addr);
    checkSettings(config.system_settings ?? {}, minorOf(version));
  }
  checkLabels(os.labels ?? {});
  if (!TOKEN.test(config.token as string))
    fail("Invalid token. Must be alphanumeric and OWASP special password characters.");
}

function checkDisks(
  config: HarvesterConfig,
  version: string,
  find: (device: string) => DiskHardware | undefined,
): void {
  const install = config.install ?? {};
  const minor = minorOf(version);
  const device = deviceOf(install.device, find);
  const data = install.data_disk ? deviceOf(install.data_disk, find) : undefined;
  if (!(install.skipchecks && minor >= 8)) {
    const least = leastInstallGiB(minor, data !== undefined && data !== device, install.role === "witness");
    if (device.bytes < least * GIB)
      fail(`device size too small. At least ${least}G is required: ${install.device}`);
    if (data !== undefined && data.bytes < 50 * GIB)
      fail(`device size too small. At least 50G is required: ${install.data_disk}`);
  }
  if (install.force_mbr) fail("cannot force MBR on UEFI system: UEFI");
  const size = install.persistent_partition_size;
  if (typeof size === "string" && size !== "" && (data === undefined || data === device)) {
    const match = /^(\d+)(Mi|Gi)$/.exec(size);
    if (match === null) fail(`Partition size must be ended with 'Mi' or 'Gi': ${size}`);
    const mebibytes = Number(match[1]) * (match[2] === "Gi" ? 1024 : 1);
    if (mebibytes < 150 * 1024) fail(`Partition size is too small. Minimum 150Gi is required: ${size}`);
    if (mebibytes > device.bytes / 1024 ** 2 - OTHER_PARTITIONS_MIB)
      fail(`Partition size is too large: ${size}`);
  }
}

function leastInstallGiB(minor: number, separateData: boolean, witness: boolean): number {
  if (minor <= 1) return 60;
  if (witness && minor >= 6) return 180;
  return separateData ? 180 : 250;
}

function deviceOf(
  path: string | undefined,
  find: (device: string) => DiskHardware | undefined,
): DiskHardware {
  if (!path) fail("no device specified");
  const disk = find(path);
  if (disk === undefined) fail(`lstat ${path}: no such file or directory`);
  return disk;
}

function checkNetwork(config: HarvesterConfig, hardware: MachineHardware): void {
  const management = (config.install?.management_interface ?? {}) as Record<
    string,
    string | number | undefined
  >;
  const method = management.method;
  if (selectNics(hardware, config).length === 0) fail("no interface specified for management network");
  if (method !== "dhcp" && method !== "static")
    fail("management network must configure with either static or DHCP method");
  const vlan = Number(management.vlan_id ?? 0);
  if (vlan < 0 || vlan > 4094) fail(`VLAN ID must be from 0 to 4094: ${vlan}`);
  if (method === "dhcp") return;
  if ((config.os?.dns_nameservers ?? []).length === 0) fail("DNS servers are required for static IP address");
  for (const [key, name] of [
    ["ip", "ip"],
    ["subnet_mask", "subnetMask"],
    ["gateway", "gateway"],
  ] as const) {
    const value = management[key];
    if (value === undefined || value === "") fail(`must specify ${name} in static method`);
    if (!IPV4.test(String(value))) fail(`${value} is not a valid IP address`);
  }
  const mtu = Number(management.mtu ?? 0);
  if (mtu !== 0 && (mtu < 576 || mtu > 9000)) fail(`MTU must be 0 or from 576 to 9000: ${mtu}`);
}

function checkVip(vip: string | undefined, mode: string | undefined, mac: string | undefined): void {
  if (!IPV4.test(vip ?? "")) fail(`${vip ?? ""} is not a valid IP address`);
  if (mode === "dhcp" && !MAC.test(mac ?? "")) fail(`${mac ?? ""} is an invalid hardware address`);
  if (mode !== "dhcp" && mode !== "static" && mode !== "none") fail(`unknown network method: ${mode ?? ""}`);
}

function checkSettings(settings: Record<string, string>, minor: number): void {
  const allowed = Object.entries(SETTINGS).flatMap(([since, names]) =>
    Number(since) <= minor ? names.split(" ") : [],
  );
  for (const [name, value] of Object.entries(settings)) {
    if (!allowed.includes(name)) fail(`unknown system settings: ${name}`);
    if (name !== "containerd-registry") continue;
    try {
      JSON.parse(value);
    } catch (error) {
      fail(`failed to decode containerd-registry: ${(error as Error).message}`);
    }
  }
}

function checkLabels(labels: Record<string, string>): void {
  for (const [key, value] of Object.entries(labels)) {
    const [prefix, name] = key.includes("/") ? key.split("/", 2) : [undefined, key];
    if (!LABEL_NAME.test(name ?? "") || (prefix !== undefined && !SUBDOMAIN.test(prefix)))
      fail(`Invalid label: ${key}`);
    if (value !== "" && !LABEL_NAME.test(value)) fail(`Invalid label value: ${value}`);
  }
}

function fail(message: string): never {
  throw new ValidationError(message);
}
