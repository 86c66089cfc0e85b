/**
 * The description of a cluster: what a person writes in a stack file, once, and edits for every later change.
 *
 * Pure data. The names are Harvester's own wherever Harvester has one (its install configuration, its roles),
 * Redfish's for the BMC. Everything here is judged by `validateDescription` before anything is touched.
 */

/** A role as Harvester's installer knows it (`install.role`, from v1.3). Default: `default`. */
export type Role = "default" | "management" | "worker" | "witness";

/** How a VIP or a management interface gets its address. */
export type AddressMethod = "static" | "dhcp";

/** A whole cluster. */
export interface ClusterDescription {
  /** Name of the cluster, an RFC 1123 label. Shown to people; may be changed at any time. */
  name: string;
  /** Harvester version of every node, with its `v`: `v1.6.1`. One version everywhere (P4). */
  version: string;
  /**
   * Life of the cluster, counted from 1. Only a rebuild (backup, retire, install anew) raises it.
   * @default 1
   */
  generation?: number;
  /** The virtual IP through which the cluster is reached. It cannot change after the installation (harvester#2063). */
  vip: VipDescription;
  /** How this program reaches the cluster once it runs. */
  access: AccessDescription;
  /** What the management interfaces of all nodes have in common. */
  managementNetwork: ManagementNetworkDescription;
  /** Operating system settings that all nodes share. */
  os: OsDescription;
  /** Where the installer of this version is downloaded from. */
  artifacts: ArtifactsDescription;
  /** The HTTP server that machines boot from while they are being installed. It runs inside `pulumi up`. */
  bootServer: BootServerDescription;
  /** Longhorn defaults that the installer sets when it creates the cluster. */
  storage?: StorageDescription;
  /** Harvester settings that the installer sets when it creates the cluster, name to string value. */
  systemSettings?: Record<string, string>;
  /**
   * Skip Harvester's preflight checks (`install.skipchecks`, from v1.3). Needed on hosts below 16 cores, 64 GiB or
   * 10 Gbit/s, because an automatic installation stops even at the thresholds that only production asks for.
   * @default false
   */
  skipChecks?: boolean;
  /**
   * Longest time that one machine may take from power-on to Ready, such as `45m` or `1h30m`. Nothing is undone when it has passed: the
   * machine is left as it is, and the next `up` goes on waiting.
   * @default "1h"
   */
  installTimeout?: string;
  /**
   * Feature gates of the API servers, name to whether it is on. They are judged by the Kubernetes that the version carries; this release
   * sets none that would change anything.
   */
  featureGates?: Record<string, boolean>;
  /**
   * What `npm run guard` may do by itself about a member of the control plane that has failed. `manual`: it assesses, and says what a
   * person should do.
   * @default "manual"
   */
  recovery?: RecoveryDescription;
  /** What is done about nodes that leave. */
  leave?: LeaveDescription;
  /** Machines of which a person vouches that they are off for good, because their BMCs cannot say it any more. */
  attestations?: AttestationDescription[];
  /**
   * Rules over changes that a person goes on against, each with the reason. They count in every change while they stand here.
   * @default none: what breaks such a rule is refused
   */
  overrides?: OverrideDescription[];
  /**
   * Approval of a change that holds final steps: the 12 hex digits that its preview and its report print. It fits that one change only.
   * Several may stand here, with blanks between them.
   * @default such a change is refused
   */
  approve?: string;
  /**
   * Allow a `pulumi destroy` of the whole stack to power the cluster down; one with `--target` or `--exclude` is refused. It counts once an `up` has stored it.
   * @default false
   */
  allowDestroy?: boolean;
  /** The nodes, by hostname-independent key. The key names the machine for good; the hostname may differ. */
  nodes: Record<string, NodeDescription>;
}

/** How a failed member of the control plane is recovered. */
export type RecoveryDescription = "manual" | AutomaticRecovery;

/**
 * Recovery by `npm run guard` itself: repairs first, then, where those did not help, the eviction of the member, so that Harvester promotes
 * another node. Whatever it says, quorum is never risked.
 */
export interface AutomaticRecovery {
  mode: "automatic";
  /**
   * How long a failure must have lasted, seen by several looks, before anything is done; and how long a repair is given to help.
   * @default "15m"
   */
  failureThreshold?: string;
  /** Nodes of any role that must be well, or nothing is done. @default all nodes but one */
  minimumHealthy?: number;
  /** After an act nothing else is done for so long. @default "30m" */
  retryPeriod?: string;
  /** Most evicted nodes that nobody has replaced or removed yet; 0: repairs only. @default 1 */
  limit?: number;
}

/** How nodes leave. */
export interface LeaveDescription {
  /**
   * Virtual machines on the node that cannot be live-migrated. `refuse`: the node stays, and the error names them. `stop`: they are stopped
   * (`runStrategy: Halted`), and stay so until somebody starts them.
   * @default "refuse"
   */
  virtualMachines?: "refuse" | "stop";
  /**
   * Longest time that all of a change of members may take, such as `2h`: what has to be copied off a node decides it. When it has passed
   * nothing is undone, and the next `up` goes on.
   * @default "30m"
   */
  timeout?: string;
}

/**
 * That a machine whose BMC is dead is off, and stays off until it is described again. It is recorded in the cluster with the machine's
 * leaving. A machine that its BMC says something about is not taken for off on anybody's word.
 */
export interface AttestationDescription {
  /** Serial number of the host, as in `hardware.serial`. */
  serial: string;
  /** Who vouches for it. */
  by: string;
  /** What makes it certain: "power cables pulled". */
  reason: string;
}

/**
 * Deliberately going on against a rule over changes. What the rule finds becomes a warning that carries the reason, in the preview, the
 * report and the state. Rules about which machine is which cannot be overridden, nor can the count of etcd's voters right before a member
 * is interrupted.
 */
export interface OverrideDescription {
  /** Id of the rule, as its message names it: `voters-odd-at-rest`. */
  rule: string;
  /** Why this is right here, for whoever reviews it: "n5 is delivered tomorrow". */
  reason: string;
}

/** The cluster's virtual IP (`install.vip*`). */
export interface VipDescription {
  /** IPv4 address on the management network's segment, used by no node. */
  address: string;
  /** @default "static" */
  mode?: AddressMethod;
  /** MAC address that the DHCP server knows the VIP by. Required when `mode` is `dhcp`. */
  hardwareAddress?: string;
}

/** How the running cluster is reached. */
export interface AccessDescription {
  /**
   * Base URL of the Harvester API. Set it where the VIP is reached through a forwarded port.
   * @default `https://<vip.address>`
   */
  url?: string;
  /**
   * SHA-256 fingerprint (hex, colons allowed) of the CA that signs the VIP's certificate.
   * Without it the first certificate seen after the installation is recorded and pinned from then on.
   */
  caFingerprint?: string;
  /** Password of Harvester's `admin` user. The bootstrap password is changed to it at the first login. */
  adminPassword: string;
  /**
   * Private key (OpenSSH) that may log in as `rancher` on the nodes; its public half stands in `os.sshAuthorizedKeys`.
   * Facts that only the nodes know (who leads etcd) and etcd snapshots are had through it.
   * @default those facts are shown as not known
   */
  sshPrivateKey?: string;
}

/** What the management interfaces of all nodes share (`install.management_interface`). */
export interface ManagementNetworkDescription {
  /** @default "static" */
  method?: AddressMethod;
  /** Network in CIDR notation, e.g. `192.168.10.0/24`. Node addresses and the VIP lie in it. */
  subnet: string;
  /** Default gateway. Required when `method` is `static`. */
  gateway?: string;
  /** Range that a DHCP server on this segment hands out, `first-last`. The VIP must lie outside of it. */
  dhcpRange?: string;
  /** VLAN id, 2 to 4094; 0 and 1 mean untagged. @default 0 */
  vlanId?: number;
  /** MTU, 576 to 9000, or 0 for the default of 1500. @default 0 */
  mtu?: number;
  /** Bond options, e.g. `{mode: "802.3ad", miimon: "100"}`. @default `{mode: "active-backup", miimon: "100"}` */
  bondOptions?: Record<string, string>;
  /** DNS servers. Mandatory when `method` is `static`. */
  dnsNameservers?: string[];
}

/** Operating system settings (`os.*`). */
export interface OsDescription {
  /** Password of the user `rancher` on every node, in clear or as a crypt hash. A password or one SSH key is mandatory. */
  password?: string;
  /** Public keys that may log in as `rancher`. */
  sshAuthorizedKeys?: string[];
  /** NTP servers, names or addresses. */
  ntpServers?: string[];
  /** Kernel modules loaded at boot. */
  modules?: string[];
  /** Kernel parameters set at boot. */
  sysctls?: Record<string, string>;
  /** Proxy and other environment variables of the operating system layer. */
  environment?: Record<string, string>;
}

/** Where the installer's artifacts lie. */
export interface ArtifactsDescription {
  /**
   * Folder that holds `harvester-<version>-vmlinuz-amd64` and the other artifacts of the release.
   * @default `https://releases.rancher.com/harvester/<version>`
   */
  url?: string;
  /** @default "amd64" */
  architecture?: "amd64" | "arm64";
  /** URL of the iPXE binary that UEFI HTTP boot loads. @default `<url>/ipxe.efi` */
  ipxe?: string;
}

/** The boot server. */
export interface BootServerDescription {
  /** Address it listens on; the machines must be able to reach it. */
  address: string;
  /** TCP port. @default 8090 */
  port?: number;
}

/** Longhorn defaults (`install.harvester.*`). */
export interface StorageDescription {
  /** Replicas of the default storage class, 1 to 3. @default 3, or the number of storage nodes if fewer */
  replicaCount?: number;
}

/** One node and the machine under it. */
export interface NodeDescription {
  /** Hostname, which becomes the name of the Kubernetes node. @default the node's key */
  hostname?: string;
  /**
   * What the node may become. `management`: promoted to the control plane first. `default`: promoted where seats are left. `worker`:
   * never. `witness`: holds etcd only; at most one, beside two full nodes. The control plane that follows has one or three members.
   * @default "default"
   */
  role?: Role;
  /**
   * Value of `topology.kubernetes.io/zone`. Once a member of the control plane has one, promotion wants three different ones: give
   * each member its own, or none a zone.
   */
  zone?: string;
  /** Further Kubernetes node labels. */
  labels?: Record<string, string>;
  /** Address on the management network. Required when its method is `static`. */
  address?: string;
  /** Network interfaces under the management bond; each a MAC address, an interface name, or both. */
  interfaces: InterfaceDescription[];
  /** The physical host that this node is. */
  hardware: HardwareDescription;
  /**
   * What `hardware` was when the machine was installed, if its board was swapped since: the installation goes on under it, and nothing
   * is installed anew. Keep it until the next `reinstall`; a second swap leaves it as it is.
   */
  wasHardware?: HardwareDescription;
  /** The host's baseboard management controller. */
  bmc: BmcDescription;
  /** What the installer writes to, and what it leaves alone. */
  disks: DisksDescription;
  /** SSH endpoint as seen from here. @default the node's address, port 22 */
  ssh?: { host?: string; port?: number };
  /**
   * Counts deliberate installations of this machine after the first. Raising it by one is the only way to ask for a
   * reinstallation; no other edit implies one (P2).
   * @default 0
   */
  reinstall?: number;
  /**
   * Keep the node drained and out of use, in Harvester's maintenance mode. Its machine may be switched off by hand meanwhile, or by `power`. Where
   * this was never said, maintenance that somebody began in Harvester is left alone.
   * @default false
   */
  maintenance?: boolean;
  /**
   * `off`: the machine of a node in maintenance is shut down once the node is drained, and kept off. Taking this away switches it on again.
   * Only together with `maintenance: true`.
   * @default the machine is on
   */
  power?: "off";
}

/** One network interface. */
export interface InterfaceDescription {
  /** Name that the installer's kernel gives it, e.g. `ens1f0`. */
  name?: string;
  /** Permanent MAC address. */
  hwAddr?: string;
}

/** Identity of a physical host. It is compared with what the BMC reports before every act. */
export interface HardwareDescription {
  /** System UUID (SMBIOS). Both byte orders and both cases count as the same (BIOS updates flip them). */
  uuid: string;
  /** Serial number of the system. */
  serial: string;
}

/** A BMC that speaks Redfish. */
export interface BmcDescription {
  /** Base URL, e.g. `https://10.0.0.21`. */
  endpoint: string;
  /** Login name. */
  user: string;
  /** Password of the login. */
  password: string;
  /** Id below `/redfish/v1/Systems`. @default the only system there is */
  systemId?: string;
  /** How the endpoint's certificate is checked. @default against the system's certificate authorities */
  tls?: TlsDescription;
}

/** How one endpoint's certificate is checked. At most one of the fields. */
export interface TlsDescription {
  /** PEM of the authority that signed the certificate. */
  ca?: string;
  /** SHA-256 fingerprint (hex, colons allowed) of the certificate itself. */
  fingerprint?: string;
  /** Accept any certificate of this one endpoint. Its password can then be read by whoever sits in between. @default false */
  insecure?: boolean;
}

/** Disks of a node. All by stable name (`/dev/disk/by-id/...`) and serial number. */
export interface DisksDescription {
  /** The disk Harvester is installed on (`install.device`). Its contents are lost. */
  install: DiskDescription;
  /** A separate disk for Longhorn (`install.data_disk`). Its contents are lost. @default the install disk */
  data?: DiskDescription;
  /** Further disks to clear before the installation (`install.wipe_disks_list`, from v1.5). */
  wipe?: DiskDescription[];
}

/** One disk. */
export interface DiskDescription {
  /** Stable device name: `/dev/disk/by-id/...` or `/dev/disk/by-path/...`. */
  device: string;
  /** Serial number as the BMC and `lsblk` report it. */
  serial: string;
}

/** What a node's hostname is when it does not say. */
export function hostnameOf(key: string, node: Pick<NodeDescription, "hostname">): string {
  return node.hostname ?? key;
}

/** Where the SSH server of a node is reached; `name` is its hostname, which is tried where the description says no more. */
export function sshEndpointOf(
  name: string,
  { ssh, address }: Pick<NodeDescription, "ssh" | "address">,
): { host: string; port: number } {
  return { host: ssh?.host ?? address ?? name, port: ssh?.port ?? 22 };
}

/**
 * The identity under which a machine was installed: what it was before its board was swapped, if it was. Everything that must outlive
 * a swap (the id of an installation, SSH host keys) follows from this one; what a BMC reports is compared with `hardware`.
 */
export function installedAs(node: Pick<NodeDescription, "hardware" | "wasHardware">): HardwareDescription {
  return node.wasHardware ?? node.hardware;
}

/** The base URL of the cluster's API. */
export function accessUrlOf(cluster: Pick<ClusterDescription, "vip" | "access">): string {
  return (cluster.access.url ?? `https://${cluster.vip.address}`).replace(/\/+$/, "");
}

/** The folder of the release's artifacts. */
export function artifactsUrlOf(cluster: Pick<ClusterDescription, "version" | "artifacts">): string {
  const url = cluster.artifacts.url ?? `https://releases.rancher.com/harvester/${cluster.version}`;
  return url.replace(/\/+$/, "");
}
