import { Document, isScalar, Scalar, visit } from "yaml";
import { accessUrlOf, type ClusterDescription, hostnameOf, type NodeDescription } from "../description";
import { parseNetwork } from "../ipv4";
import { isAtLeast } from "../versions";
import { artifactsOf } from "./artifacts";
import type {
  Install,
  InstallConfiguration,
  InstallEvent,
  InstallOs,
  ManagementInterface,
  WriteFile,
} from "./configuration";

/** What one machine's install configuration is made of. */
export interface RenderInput {
  /** A description without errors. */
  cluster: ClusterDescription;
  /** Key of the node in it. */
  node: string;
  /** Whether this machine creates the cluster or joins it. Exactly one machine may ever get `create`. */
  mode: "create" | "join";
  /** The cluster's join token. */
  token: string;
  /** Base URL that the installer reports to: `<events>/STARTED` and so on. It belongs to this one installation. */
  events: string;
  /** Files that the node is to have, e.g. its SSH host key. */
  writeFiles?: readonly WriteFile[];
  /** Node labels besides those of the description, e.g. the incarnation's id. */
  labels?: Readonly<Record<string, string>>;
}

const EVENTS: readonly InstallEvent[] = ["STARTED", "SUCCEEDED", "FAILED"];

/** Body of the installer's reports: JSON whose values the installer fills in. */
const PAYLOAD = '{"hostname":"{{.Hostname}}","mac":"{{.MACAddr}}","address":"{{.IPAddrV4}}"}';

/**
 * The install configuration of one machine, for the installer of the cluster's version. Keys that this installer does not know
 * are left out. It contains the token and password: serve it to that machine alone.
 */
export function renderInstallConfiguration(input: RenderInput): InstallConfiguration {
  const { cluster, mode } = input;
  const node = cluster.nodes[input.node];
  if (node === undefined)
    throw new Error(`there is no node "${input.node}" in the cluster "${cluster.name}"`);
  const creates = mode === "create";
  const sans = sansOf(cluster);
  return compact<InstallConfiguration>({
    scheme_version: 1,
    // server_url must have no port but 443, whatever forwarded port people use [validator.go checkServerURL].
    server_url: creates ? undefined : `https://${cluster.vip.address}`,
    token: input.token,
    sans: creates && sans.length > 0 ? sans : undefined,
    os: osOf(input, node),
    install: installOf(input, node),
    system_settings: creates ? filled(cluster.systemSettings) : undefined,
  });
}

/**
 * The configuration as YAML. Every string is quoted: the installer's parser follows YAML 1.1, where `no` is a boolean,
 * `11:22:33:44:55:06` a number, and a key `<<` merges maps.
 */
export function installConfigurationText(configuration: InstallConfiguration): string {
  const document = new Document(configuration, {
    version: "1.1",
    aliasDuplicateObjects: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !tag.tag.endsWith(":merge")),
  });
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === "<<") key.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ defaultKeyType: "PLAIN", defaultStringType: "QUOTE_DOUBLE", lineWidth: 0 });
}

function osOf({ cluster, node: key, labels, writeFiles }: RenderInput, node: NodeDescription): InstallOs {
  const { os, managementNetwork } = cluster;
  return compact<InstallOs>({
    hostname: hostnameOf(key, node),
    password: os.password || undefined,
    ssh_authorized_keys: filled(os.sshAuthorizedKeys?.map((key) => key.trim())),
    ntp_servers: filled(os.ntpServers),
    dns_nameservers: filled(managementNetwork.dnsNameservers),
    modules: filled(os.modules),
    sysctls: filled(os.sysctls),
    environment: filled(os.environment),
    // The installer adds the role's label itself, from install.role.
    labels: filled({
      ...node.labels,
      ...(node.zone === undefined ? {} : { "topology.kubernetes.io/zone": node.zone }),
      ...labels,
    }),
    write_files: filled(
      writeFiles?.map((file) => ({ encoding: "", owner: "root:root", permissions: "0600", ...file })),
    ),
  });
}

function installOf({ cluster, mode, events }: RenderInput, node: NodeDescription): Install {
  const { install, data, wipe } = node.disks;
  const wiped = [install, ...(data === undefined ? [] : [data]), ...(wipe ?? [])].map(({ device }) => device);
  return compact<Install>({
    automatic: true,
    mode,
    role: node.role ?? "default",
    skipchecks: cluster.skipChecks || undefined,
    management_interface: managementInterfaceOf(cluster, node),
    ...(mode === "create" ? vipOf(cluster) : {}),
    device: install.device,
    data_disk: data?.device,
    // The old partitions of reused disks keep a node from joining (harvester#8614), and the installer itself zaps neither the
    // install device nor a former data disk (harvester#9536). All of them are listed in the description.
    wipe_disks_list: isAtLeast(cluster.version, "1.5") ? wiped : undefined,
    iso_url: artifactsOf(cluster).iso,
    webhooks: EVENTS.map((event) => ({
      event,
      method: "POST",
      url: `${events.replace(/\/+$/, "")}/${event}`,
      headers: { "Content-Type": ["application/json"] },
      payload: PAYLOAD,
    })),
    harvester: mode === "create" ? { storage_class: { replica_count: replicaCountOf(cluster) } } : undefined,
  });
}

function managementInterfaceOf(
  { managementNetwork }: ClusterDescription,
  node: NodeDescription,
): ManagementInterface {
  const method = managementNetwork.method ?? "static";
  const network = parseNetwork(managementNetwork.subnet);
  if (network === undefined)
    throw new Error(`managementNetwork.subnet "${managementNetwork.subnet}" is no IPv4 network`);
  return compact<ManagementInterface>({
    interfaces: node.interfaces.map(({ name, hwAddr }) => compact({ name, hwAddr })),
    method,
    ...(method === "static"
      ? { ip: node.address, subnet_mask: network.mask, gateway: managementNetwork.gateway }
      : {}),
    mtu: managementNetwork.mtu || undefined,
    vlan_id: (managementNetwork.vlanId ?? 0) > 1 ? managementNetwork.vlanId : undefined,
    bond_options: managementNetwork.bondOptions ?? { mode: "active-backup", miimon: "100" },
  });
}

function vipOf({ vip }: ClusterDescription): Pick<Install, "vip" | "vip_mode" | "vip_hw_addr"> {
  const mode = vip.mode ?? "static";
  return compact({
    vip: vip.address,
    vip_mode: mode,
    vip_hw_addr: mode === "dhcp" ? vip.hardwareAddress : undefined,
  });
}

/** Replicas of the default storage class: as many as can be placed, since a volume short of one stays degraded. */
function replicaCountOf(cluster: ClusterDescription): number {
  const stores = Object.values(cluster.nodes).filter((node) => node.role !== "witness").length;
  return cluster.storage?.replicaCount ?? Math.max(1, Math.min(3, stores));
}

/** The name people reach the cluster by, if it is another one than the VIP, for the API server's certificate. */
function sansOf(cluster: ClusterDescription): string[] {
  const host = new URL(accessUrlOf(cluster)).hostname;
  return isAtLeast(cluster.version, "1.6") && host !== cluster.vip.address ? [host] : [];
}

/** The value, unless it is empty. */
function filled<T extends object>(value: T | undefined): T | undefined {
  return value === undefined || Object.keys(value).length === 0 ? undefined : value;
}

/** The object without its undefined fields. */
function compact<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
