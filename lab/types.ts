/**
 * What the parts of the virtual data centre hand to each other.
 *
 * A machine (lab/machine/) owns power, firmware, disks and the installer. What runs after a boot from disk is a node (lab/cluster/):
 * the machine builds a `HarvesterNode(context, system, lab)` and drives it with `start`, `shutdown` and `kill`.
 */
import type { EtcdClient } from "./cluster/etcd-client";
import type { FaultName } from "./faults/table";

/** A network card as the BMC, the firmware and the operating system show it. */
export interface NicHardware {
  /** Name in the operating system, such as `ens1f0`. */
  name: string;
  mac: string;
  speedMbps: number;
  /** True when nothing is plugged in. */
  down?: boolean;
}

/** What a disk is in the life of the machine; it only decides the sizes and models of the default site. */
export type DiskPurpose = "install" | "data";

/** A disk as the BMC and the operating system show it. */
export interface DiskHardware {
  purpose: DiskPurpose;
  /** Kernel name such as `/dev/sda`; not stable, kept because the installer accepts it. */
  kernelName: string;
  /** Stable names, all of them `/dev/disk/by-id/...`. */
  byId: string[];
  serial: string;
  model: string;
  protocol: "SATA" | "NVMe";
  bytes: number;
}

/** Everything about a physical machine that an installation cannot change. */
export interface MachineHardware {
  name: string;
  /** DMI product UUID in the form the operating system shows, lower case. */
  uuid: string;
  serial: string;
  manufacturer: string;
  model: string;
  biosVersion: string;
  cpuModel: string;
  cores: number;
  memoryGiB: number;
  kvm: boolean;
  bootMode: "UEFI" | "Legacy";
  nics: NicHardware[];
  disks: DiskHardware[];
  /** The address this machine has on the management network (reserved in the site's DHCP). */
  address: string;
  bmcAddress: string;
}

/** A machine as the software that runs on it sees it. */
export interface MachineContext {
  /** Name of the *machine* in the site (`m1`); the node's name is in the configuration: `system.config.os.hostname`. */
  readonly name: string;
  /** The machine's address on the management network; etcd, kube-apiserver and SSH bind here. */
  readonly address: string;
  /** The machine's folder in the lab folder. Not a disk: only logs go here (`<dir>/logs`). */
  readonly dir: string;
  readonly hardware: MachineHardware;
  /** The BMC's asset tag, which firmware puts into SMBIOS (type 3) for the operating system to read [DMTF DSP0134, DSP0266]. */
  readonly assetTag: string;
  /** Writes a line to the machine's console, as a person at the screen would see it. */
  console(line: string): void;
  /** What `reboot` on the machine does. Returns at once; the machine calls `shutdown` on the node and boots again. */
  reboot(reason: string): void;
  /** What `poweroff` on the machine does. Returns at once; the machine calls `shutdown` on the node and is off. */
  powerOff(reason: string): void;
}

/** The operating system that an installation left on the machine's disk. */
export interface InstalledSystem {
  /** Harvester version of the medium it was installed from, such as `v1.6.1`. Upgrades rewrite `<root>/system.json`. */
  readonly version: string;
  readonly mode: "create" | "join";
  /** The effective configuration (command line and config_url merged), snake_case keys, as /oem/harvester.config has it. */
  readonly config: HarvesterConfig;
  /**
   * Folder that is the install disk's persistent partition. Everything the node keeps (etcd data, certificates, its SSH host key, its
   * join state) lives below it, so that a wiped disk forgets it and nothing else does. `<root>/oem/harvester.config` is there already.
   */
  readonly root: string;
}

/** Harvester's configuration as a plain snake_case object; see the fields the node needs in lab/machine/config.ts. */
export interface HarvesterConfig {
  scheme_version?: number;
  server_url?: string;
  token?: string;
  sans?: string[];
  os?: {
    hostname?: string;
    password?: string;
    ssh_authorized_keys?: string[];
    ntp_servers?: string[];
    dns_nameservers?: string[];
    labels?: Record<string, string>;
    [key: string]: unknown;
  };
  install?: {
    mode?: string;
    role?: string;
    vip?: string;
    vip_mode?: string;
    vip_hw_addr?: string;
    device?: string;
    data_disk?: string;
    iso_url?: string;
    cluster_pod_cidr?: string;
    cluster_service_cidr?: string;
    cluster_dns?: string;
    skipchecks?: boolean;
    cordoned?: boolean;
    management_interface?: Record<string, unknown>;
    webhooks?: Record<string, unknown>[];
    addons?: Record<string, unknown>;
    [key: string]: unknown;
  };
  system_settings?: Record<string, string>;
  [key: string]: unknown;
}

/**
 * What lab/cluster exports as `HarvesterNode` must satisfy.
 *
 * `start` resolves when the node's own services run (not: when the cluster is Ready) and may be called on a disk that was started before;
 * long waits (for a VIP that does not answer, as a joining rancherd does) go on in the background after it has resolved. It rejects only
 * when the software cannot run at all; the machine then shows the error on its console and stays powered on.
 */
export interface NodeRuntime {
  start(): Promise<void>;
  /** The power was cut: everything of this machine is gone at once (SIGKILL), no farewell to anybody. */
  kill(): Promise<void>;
  /** An orderly shutdown by the operating system. */
  shutdown(): Promise<void>;
}

/** How a machine makes the runtime of an installed system. */
export type NodeFactory = (context: MachineContext, system: InstalledSystem, lab: LabServices) => NodeRuntime;

/** Time in the lab: it runs `speed` times as fast as real time and can be pushed forward. */
export interface LabClock {
  readonly speed: number;
  /** Lab seconds since the clock was made. */
  now(): number;
  /** Waits a number of lab seconds; rejects with the signal's reason when it is aborted. */
  sleep(seconds: number, signal?: AbortSignal): Promise<void>;
  /** Pushes lab time forward at once; sleepers whose time has come wake up. */
  advance(seconds: number): void;
}

/** One line of ledger.jsonl: `time` and `lab` (lab seconds) are added by the ledger. */
export interface LedgerEntry {
  /** Machine name, or `site`. */
  machine: string;
  /** What happened, in kebab-case: `power-on`, `disk-wiped`, `cluster-created`, `node-joined`, ... */
  event: string;
  [detail: string]: string | number | boolean | undefined;
}

/** The append-only record of every irreversible or notable thing that happened in the lab. */
export interface Ledger {
  append(entry: LedgerEntry): void;
}

/** A program that runs as part of a machine or of the site. */
export interface ChildSpec {
  /** For messages and the process record: `m1/etcd`. */
  name: string;
  command: string;
  args: string[];
  /** Whole environment; nothing is inherited but PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
  /** File that receives stdout and stderr (appended). */
  logFile: string;
}

/** How a program ended. */
export interface ChildExit {
  code: number | null;
  signal: string | null;
}

/** A running program of the lab. */
export interface LabChild {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the program has ended. */
  readonly exited: Promise<ChildExit>;
  /** Undefined while it runs. */
  readonly exit: ChildExit | undefined;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, after `graceMs` (real time, default 5000) SIGKILL; waits until it is gone. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts the lab's child processes. Every one is recorded by pid and start time, so that none outlives the lab: a watchdog reaps them
 * when the lab daemon dies, and the next start reaps what is left.
 */
export interface ChildProcesses {
  spawn(spec: ChildSpec): Promise<LabChild>;
}

/**
 * Who holds a virtual IP address. The lab has one layer-2 network: a second claimant of an address gets `false` (and the ledger a
 * `vip-conflict`), it must try again when the holder is gone, as kube-vip does.
 */
export interface VipRegistry {
  /** Port on which the holder serves https://<vip>, 17443 by default (443 inside Harvester's own URLs means this one). */
  readonly port: number;
  /** Claims the address for a machine; true when it holds it now (also when it did before). */
  claim(address: string, machine: string): boolean;
  /** Gives the address up; without effect when the machine does not hold it. A machine that loses power releases all by itself. */
  release(address: string, machine: string): void;
  /** Machine that holds the address. */
  holder(address: string): string | undefined;
  /** Calls back after every change of a holder; returns how to stop that. */
  onChange(listener: (address: string, holder: string | undefined) => void): () => void;
}

/** A cluster that answers at a VIP. lab/cluster extends it with what its nodes need from each other. */
export interface ServingCluster {
  /** UID of the cluster's kube-system namespace, or another value of its own that no other cluster has. */
  readonly uid: string;
  readonly vip: string;
}

/** The clusters of the lab by VIP: the stand-in for the Rancher/RKE2 supervisor protocol between a joining node and its server_url. */
export interface ClusterRegistry {
  /** The holder of the VIP announces the cluster it serves. */
  serve(cluster: ServingCluster): void;
  /** Without effect when another cluster has taken its place. */
  withdraw(cluster: ServingCluster): void;
  find<C extends ServingCluster = ServingCluster>(vip: string): C | undefined;
}

/** An etcd member while its process runs. */
export interface RunningMember {
  readonly machine: string;
  readonly client: Pick<EtcdClient, "status" | "members">;
}

/** The etcd members of the lab that run, of whatever cluster. */
export interface EtcdMembers {
  /** Adds a member; returns how to take it out again. */
  add(member: RunningMember): () => void;
  all(): RunningMember[];
}

/** What is wrong in the lab on purpose; see lab/faults/table.ts. */
export interface Faults {
  /** Arguments of a fault while it is active on a machine, or on `site`; undefined while it is not. */
  active(target: string, fault: FaultName): string[] | undefined;
  /** What a machine is made of now. */
  hardware(own: MachineHardware): MachineHardware;
}

/** Paths of the programs that real control planes need. */
export interface LabBinaries {
  etcd: string;
  kubeApiserver: string;
  etcdctl: string;
}

/** What the site offers to the software on its machines. */
export interface LabServices {
  /** First three numbers of the site's /24, such as `127.77.0`. */
  readonly net: string;
  /** The lab folder. */
  readonly siteDir: string;
  /** Folder of the API servers' audit logs: `<siteDir>/audit/<m>.log`. */
  readonly auditDir: string;
  /** Port of the machines' SSH servers, 17022 by default. */
  readonly sshPort: number;
  readonly clock: LabClock;
  readonly ledger: Ledger;
  readonly processes: ChildProcesses;
  readonly vip: VipRegistry;
  readonly clusters: ClusterRegistry;
  readonly etcd: EtcdMembers;
  readonly binaries: LabBinaries;
  readonly faults: Faults;
}
