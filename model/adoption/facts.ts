/** What was found of a running cluster that nobody described yet: its nodes, and the BMCs of a list. Plain values, read elsewhere. */
import type { DisksDescription } from "../description";

/** One thing that was looked at. */
export interface AdoptionFinding {
  /** What it is about: a node's name, a BMC's endpoint, `cluster`. */
  subject: string;
  /** What was looked at, in a few words. */
  check: string;
  /** `fail`: a person has to decide before the cluster can be adopted. `warn` deserves a look. */
  result: "ok" | "warn" | "fail";
  /** What was seen, and what to do about it. */
  detail: string;
}

/** A BMC as the list names it. */
export interface BmcEntry {
  /** `bmc` as it stands in a stack file: secrets are references. */
  bmc: { endpoint: string } & Record<string, unknown>;
  /** Name of the node that it belongs to, where a person says so. */
  node?: string;
  /** How the node is reached over SSH from here. */
  ssh?: { host?: string; port?: number };
  /** The node's disks, where a person says so. */
  disks?: DisksDescription;
}

/** A BMC and what it says of its machine. */
export interface FoundBmc {
  entry: BmcEntry;
  /** What it reports; undefined where it could not be asked. */
  system?: {
    uuid: string;
    serial: string;
    macs: readonly string[];
    /** Serial numbers of the drives; empty where it lists none. */
    drives: readonly string[];
    power: string;
  };
  /** Why it could not be asked. */
  unread?: string;
}

/** What a node's own system says. */
export interface HostFacts {
  /** `ssh-ed25519 AAAA...`, as it was shown. */
  sshHostKey: string;
  /** Serial number of the system (DMI). */
  serial: string;
  /** Network cards with their permanent addresses. */
  interfaces: readonly { name: string; mac: string }[];
  /** Prefix length of the network that its address lies in. */
  prefix?: number;
  /** Disks with all their stable names. */
  disks: readonly HostDisk[];
  /** What it was installed with. */
  installed: InstalledConfiguration;
}

/** A disk as the node's system shows it. */
export interface HostDisk {
  /** Kernel name, `/dev/sda`. */
  device: string;
  serial: string;
  /** Names below `/dev/disk/by-id`, whole. */
  links: readonly string[];
}

/** The parts of an install configuration that a description is made of. */
export interface InstalledConfiguration {
  mode?: string;
  /** `install.device` and `install.data_disk` as they were given. */
  device?: string;
  dataDisk?: string;
  isoUrl?: string;
  skipChecks?: boolean;
  sshAuthorizedKeys: string[];
  ntpServers: string[];
  modules: string[];
  sysctls: Record<string, string>;
  labels: Record<string, string>;
  /** Whether it sets environment variables; their values may hold logins and are not read. */
  hasEnvironment: boolean;
  network: {
    method?: string;
    gateway?: string;
    vlanId?: number;
    mtu?: number;
    bondOptions?: Record<string, string>;
    dnsNameservers: string[];
    interfaces: { name?: string; hwAddr?: string }[];
  };
}

/** A node as the cluster and its own system report it. */
export interface FoundNode {
  name: string;
  /** System UUID that its kubelet reports. */
  uuid: string;
  labels: Readonly<Record<string, string>>;
  /** Since when the cluster knows it, milliseconds. */
  created: number;
  /** Harvester version; empty where it does not say. */
  version: string;
  controlPlane: boolean;
  etcd: boolean;
  /** Address on the management network. */
  address?: string;
  host?: HostFacts;
  /** Why its own system could not be asked. */
  unread?: string;
}

/** A running cluster. */
export interface FoundCluster {
  /** Base URL of its API, as it was reached. */
  url: string;
  vip: { address: string; mode?: string; hardwareAddress?: string };
  /** Replicas of the default storage class. */
  replicaCount?: number;
  nodes: readonly FoundNode[];
}
