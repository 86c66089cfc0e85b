import { isDnsSubdomain, isLabelKey, isLabelValue, normaliseMac, parseUrl } from "../formats";
import { contains, parseAddress, parseNetwork } from "../ipv4";
import { didYouMean } from "../nearest";
import { type Problem, propertyPath } from "../problem";
import { settingsOf } from "../settings";
import { at, type Finding } from "../validate/rule";
import { examine, type Known } from "../validate/shape";
import type { InstallConfiguration } from "./configuration";
import { installShape } from "./shape";

/** A configuration of which everything may be missing, and paths of what was written. */
interface Facts {
  config: Known<InstallConfiguration>;
  version: string;
  given: (path: string) => boolean;
}

/** A rule of the installer, or one that it fails to have. */
interface InstallRule {
  id: string;
  /** Where Harvester's fact comes from. */
  source: string;
  judge(facts: Facts): Iterable<Finding>;
}

/** Keys that only the machine that creates the cluster reads [harvester-installer pkg/config/templates, docs]. */
const CREATE_ONLY = [
  "sans",
  "system_settings",
  "install.vip",
  "install.vip_mode",
  "install.vip_hw_addr",
  "install.cluster_pod_cidr",
  "install.cluster_service_cidr",
  "install.cluster_dns",
];

const VALIDATOR = "harvester-installer pkg/console/validator.go";

const installRules: readonly InstallRule[] = [
  {
    id: "mode-keys",
    source: `${VALIDATOR} commonCheck, checkVip`,
    *judge({ config, given }) {
      const mode = config.install?.mode;
      if (mode === "create") {
        if (given("server_url"))
          yield at("server_url", "must not be there in create mode: the installer would stop.");
        for (const path of ["install.vip", "install.vip_mode"]) {
          if (!given(path)) yield at(path, "is missing, but needed to create a cluster.");
        }
        if (given("install.cordoned")) yield at("install.cordoned", "has no effect in create mode.");
      } else if (mode === "join") {
        if (!given("server_url"))
          yield at("server_url", "is missing: a joining node would not know its cluster.");
        for (const path of CREATE_ONLY.filter(given))
          yield at(path, "is read only by the machine that creates the cluster.");
      }
    },
  },
  {
    id: "server-url",
    source: `${VALIDATOR}: https, IPv4 or name, no path, port 443 or none`,
    *judge({ config: { server_url: text } }) {
      if (text === undefined) return;
      const url = parseUrl(text);
      // 443 is https' own port, so a parsed URL no longer shows it.
      if (url?.protocol !== "https:" || url.port !== "" || url.pathname !== "/" || url.search !== "") {
        yield at(
          "server_url",
          `"${text}" is refused by the installer: write https://<VIP>, without port and path.`,
        );
      }
    },
  },
  {
    id: "token",
    source: `${VALIDATOR} checkToken`,
    *judge({ config: { token } }) {
      if (token !== undefined && !/^[ -~]+$/.test(token)) {
        yield at("token", "must be one or more printable ASCII characters.");
      }
    },
  },
  {
    id: "vip",
    source: `${VALIDATOR} checkVip; that the VIP is not the node's address is checked in the interactive panel only`,
    *judge({ config: { install } }) {
      const { vip, vip_mode: mode, vip_hw_addr: mac, management_interface: nic } = install ?? {};
      if (vip !== undefined && parseAddress(vip) === undefined)
        yield at("install.vip", `"${vip}" is no IPv4 address.`);
      if (mode === "dhcp" && normaliseMac(mac ?? "") === undefined) {
        yield at("install.vip_hw_addr", "must be a MAC address where the VIP comes by DHCP.");
      }
      if (vip !== undefined && vip === nic?.ip) yield at("install.vip", `${vip} is the node's own address.`);
    },
  },
  {
    id: "management-interface",
    source: `${VALIDATOR} checkNetworks`,
    *judge({ config }) {
      const nic = config.install?.management_interface;
      const path = "install.management_interface";
      if (nic?.interfaces?.length === 0)
        yield at(`${path}.interfaces`, "is empty: the installer would stop.");
      for (const [index, entry] of (nic?.interfaces ?? []).entries()) {
        const { name, hwAddr } = entry ?? {};
        const where = `${path}.interfaces[${index}]`;
        if (entry !== undefined && name === undefined && hwAddr === undefined)
          yield at(where, "names no interface.");
        if (hwAddr !== undefined && normaliseMac(hwAddr) === undefined)
          yield at(where, `"${hwAddr}" is no MAC address.`);
      }
      if (nic?.method !== "static") return;
      for (const key of ["ip", "subnet_mask", "gateway"] as const) {
        const text = nic[key];
        if (parseAddress(text ?? "") === undefined) {
          yield at(
            `${path}.${key}`,
            `${text === undefined ? "is missing" : `"${text}" is no IPv4 address`}; static needs it.`,
          );
        }
      }
      if ((config.os?.dns_nameservers ?? []).length === 0) {
        yield at("os.dns_nameservers", "is missing; static needs it.");
      }
    },
  },
  {
    id: "mtu",
    source: `${VALIDATOR} checkMTU, for static only; with DHCP a wrong one shows after the installation`,
    *judge({ config }) {
      const mtu = config.install?.management_interface?.mtu;
      if (mtu !== undefined && mtu > 0 && mtu < 576) {
        yield at(
          "install.management_interface.mtu",
          `${mtu} is too small: 576 to 9000, or 0 for the default.`,
        );
      }
    },
  },
  {
    id: "cluster-networks",
    source: "not validated in an automatic installation [harvester-installer pkg/console/install_panels.go]",
    *judge({ config }) {
      const {
        cluster_pod_cidr: pods,
        cluster_service_cidr: services,
        cluster_dns: dns,
      } = config.install ?? {};
      for (const [key, text] of Object.entries({ cluster_pod_cidr: pods, cluster_service_cidr: services })) {
        if (text !== undefined && parseNetwork(text) === undefined) {
          yield at(`install.${key}`, `"${text}" is no IPv4 network.`);
        }
      }
      const network = parseNetwork(services ?? "10.53.0.0/16");
      const address = dns === undefined ? undefined : (parseAddress(dns) ?? -1);
      if (address !== undefined && network !== undefined && !contains(network, address)) {
        yield at("install.cluster_dns", `"${dns}" does not lie in the service network.`);
      }
    },
  },
  {
    id: "login",
    source: `${VALIDATOR} ErrMsgNoCredentials`,
    *judge({ config: { os }, given }) {
      if (os === undefined || (given("os.password") && os.password !== "")) return;
      if ((os.ssh_authorized_keys ?? []).length === 0)
        yield at("os", "has neither password nor ssh_authorized_keys.");
    },
  },
  {
    id: "hostname",
    source: `${VALIDATOR} IsDNS1123Subdomain`,
    *judge({ config: { os } }) {
      const name = os?.hostname;
      if (name !== undefined && !isDnsSubdomain(name))
        yield at("os.hostname", `"${name}" is no RFC 1123 subdomain.`);
    },
  },
  {
    id: "labels",
    source: `${VALIDATOR} GetKubeletArgs`,
    *judge({ config: { os } }) {
      for (const [key, value] of Object.entries(os?.labels ?? {})) {
        if (!isLabelKey(key) || !isLabelValue(value ?? "")) {
          yield at(propertyPath("os.labels", key), "is no Kubernetes label: the installer would stop.");
        }
      }
    },
  },
  {
    id: "write-files",
    source: "bad permissions silently become 0600 [docs harvester-configuration]",
    *judge({ config: { os } }) {
      for (const [index, file] of (os?.write_files ?? []).entries()) {
        const where = `os.write_files[${index}]`;
        if (file?.path !== undefined && !file.path.startsWith("/"))
          yield at(`${where}.path`, "must be absolute.");
        if (file?.permissions !== undefined && !/^0?[0-7]{3}$/.test(file.permissions)) {
          yield at(`${where}.permissions`, `"${file.permissions}" is not octal, e.g. "0600".`);
        }
      }
    },
  },
  {
    id: "persistent-state-paths",
    source: `${VALIDATOR} checkPersistentStatePaths`,
    *judge({ config: { os } }) {
      for (const [index, path] of (os?.persistent_state_paths ?? []).entries()) {
        if (path !== undefined && (!path.startsWith("/") || path === "/tmp" || path.startsWith("/tmp/"))) {
          yield at(`os.persistent_state_paths[${index}]`, `"${path}" must be absolute and outside /tmp.`);
        }
      }
    },
  },
  {
    id: "disks",
    source: "harvester-installer pkg/util/disk.go, pkg/console/util.go",
    *judge({ config: { install } }) {
      const {
        device,
        data_disk: data,
        wipe_disks_list: wipe,
        persistent_partition_size: size,
      } = install ?? {};
      const places: [string, string | undefined][] = [
        ["install.device", device],
        ["install.data_disk", data],
        ...(wipe ?? []).map((path, index): [string, string | undefined] => [
          `install.wipe_disks_list[${index}]`,
          path,
        ]),
      ];
      for (const [where, path] of places) {
        if (path !== undefined && !path.startsWith("/dev/")) yield at(where, `"${path}" is no device.`);
      }
      if (data !== undefined && data === device) {
        yield at("install.data_disk", "is the install disk, and would be dropped silently.");
      }
      if (size === undefined) return;
      const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(size) ?? [];
      const gibibytes = Number(amount) / (unit === "Mi" ? 1024 : 1);
      if (amount === undefined || gibibytes < 150) {
        yield at("install.persistent_partition_size", `"${size}" must be 150Gi or more, in Mi or Gi.`);
      } else if (data !== undefined) {
        yield at("install.persistent_partition_size", "has no effect beside a separate data disk.");
      }
    },
  },
  {
    id: "wipes-unnamed-disks",
    source: "wipe_all_disks clears every disk with a COS_OEM partition [docs harvester-configuration]",
    *judge({ config: { install } }) {
      const { wipe_all_disks, wipe_disks } = (install ?? {}) as {
        wipe_all_disks?: unknown;
        wipe_disks?: unknown;
      };
      for (const [key, value] of Object.entries({ wipe_all_disks, wipe_disks })) {
        if (value === true)
          yield at(`install.${key}`, "wipes disks that nobody named: list them in wipe_disks_list.");
      }
    },
  },
  {
    id: "iso-url",
    source: `${VALIDATOR} ErrMsgISOURLNotSpecified; only emptiness is checked there (harvester#5865)`,
    *judge({ config: { install } }) {
      const url = parseUrl(install?.iso_url ?? "");
      if (install?.iso_url !== undefined && !/^https?:$/.test(url?.protocol ?? "")) {
        yield at("install.iso_url", `"${install.iso_url}" is no http(s) URL.`);
      }
    },
  },
  {
    id: "webhooks",
    source: "an invalid webhook is only printed on the console [harvester-installer pkg/console/webhooks.go]",
    *judge({ config: { install } }) {
      for (const [index, hook] of (install?.webhooks ?? []).entries()) {
        // Go templates inside the URL stand for words.
        const url = parseUrl(hook?.url?.replace(/\{\{[^}]*\}\}/g, "x") ?? "");
        if (hook?.url !== undefined && !/^https?:$/.test(url?.protocol ?? "")) {
          yield at(`install.webhooks[${index}].url`, `"${hook.url}" is no http(s) URL.`);
        }
      }
    },
  },
  {
    id: "system-settings",
    source: `${VALIDATOR} checkSystemSettings`,
    *judge({ config, version }) {
      const accepted = settingsOf(version);
      for (const name of Object.keys(config.system_settings ?? {})) {
        if (!accepted.includes(name)) {
          const hint = didYouMean(name, accepted);
          yield at(
            propertyPath("system_settings", name),
            `the installer of ${version} stops at "${name}".${hint}`,
          );
        }
      }
    },
  },
];

/**
 * Holds an install configuration against the rules of the installer of a version, strictly: the installer itself skips keys it
 * does not know, and where it stops it says so on the machine's console only.
 */
export function validateInstallConfiguration(configuration: unknown, version: string): Problem[] {
  const { known, given, problems } = examine(configuration, installShape, { version });
  if (known === undefined) return problems;
  const facts: Facts = {
    config: known as Known<InstallConfiguration>,
    version,
    given: (path) => given.has(path),
  };
  for (const rule of installRules) {
    for (const finding of rule.judge(facts)) problems.push({ ...finding, rule: rule.id, severity: "error" });
  }
  return problems;
}
