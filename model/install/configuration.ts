import type { Role } from "../description";

/**
 * Harvester's install configuration, version 1 of its scheme, as the installer reads it. Keys and comments follow
 * harvester-installer `pkg/config/config.go`; `since` says which minor version brought a key.
 */
export interface InstallConfiguration {
  /** Anything but 1 stops an automatic installation. */
  scheme_version: 1;
  /** Where a joining node finds the cluster: `https://<VIP>`, no path, no port but 443. Only in `join`. */
  server_url?: string;
  /** The cluster's secret, which lets nodes join. */
  token: string;
  /** Further names and addresses in the API server's certificate. Only in `create`; since v1.6. */
  sans?: string[];
  os: InstallOs;
  install: Install;
  /** Harvester settings by name. Only in `create`. */
  system_settings?: Record<string, string>;
}

/** `os.*` */
export interface InstallOs {
  /** Becomes the name of the Kubernetes node. */
  hostname: string;
  /** Password of `rancher`, in clear or as a crypt hash. */
  password?: string;
  ssh_authorized_keys?: string[];
  ntp_servers?: string[];
  dns_nameservers?: string[];
  modules?: string[];
  sysctls?: Record<string, string>;
  environment?: Record<string, string>;
  /** Kubernetes labels that the kubelet registers its node with. */
  labels?: Record<string, string>;
  write_files?: WriteFile[];
  sshd?: {
    sftp?: boolean;
    /** Since v1.8. */
    disable_password_auth?: boolean;
  };
  persistent_state_paths?: string[];
  after_install_chroot_commands?: string[];
  /** Since v1.4; a list of disks until v1.6, an object since v1.7. */
  external_storage_config?: { enabled?: boolean; multi_path_config?: unknown };
  /** Since v1.4. */
  additional_kernel_arguments?: string;
}

/** A file that the operating system finds at each boot. */
export interface WriteFile {
  path: string;
  content: string;
  /** @default "" (plain text) */
  encoding?: string;
  /** `user:group` */
  owner?: string;
  /** Octal, as a string: `"0600"`. */
  permissions?: string;
}

/** `install.*` */
export interface Install {
  automatic: true;
  mode: "create" | "join";
  role: Role;
  skipchecks?: boolean;
  management_interface: ManagementInterface;
  /** Only in `create`. */
  vip?: string;
  vip_mode?: "static" | "dhcp";
  vip_hw_addr?: string;
  /** Only in `create`; since v1.5. */
  cluster_pod_cidr?: string;
  cluster_service_cidr?: string;
  cluster_dns?: string;
  /** The disk that is installed on. */
  device: string;
  data_disk?: string;
  /** Since v1.5. */
  wipe_disks_list?: string[];
  iso_url: string;
  tty?: string;
  webhooks?: Webhook[];
  addons?: Record<string, { enabled?: boolean; values_content?: string }>;
  harvester?: HarvesterValues;
  persistent_partition_size?: string;
  force_efi?: boolean;
  force_mbr?: boolean;
  no_format?: boolean;
  debug?: boolean;
  silent?: boolean;
  poweroff?: boolean;
  with_net_images?: boolean;
}

/** `install.management_interface` */
export interface ManagementInterface {
  interfaces: { name?: string; hwAddr?: string }[];
  method: "static" | "dhcp";
  ip?: string;
  /** Dotted, not a prefix length. */
  subnet_mask?: string;
  gateway?: string;
  mtu?: number;
  vlan_id?: number;
  bond_options?: Record<string, string>;
}

/** Events that the installer reports. SUCCEEDED means "written to disk", not "joined". */
export type InstallEvent = "STARTED" | "SUCCEEDED" | "FAILED";

/** A report of the installer. `url` and `payload` are Go templates over Hostname, MACAddr, IPAddrV4 and IPAddrV6. */
export interface Webhook {
  event: InstallEvent;
  method: string;
  url: string;
  payload?: string;
  headers?: Record<string, string[]>;
  insecure?: boolean;
  basicAuth?: { user?: string; password?: string };
}

/** `install.harvester.*`: values of Harvester's chart. */
export interface HarvesterValues {
  /** 1 to 3. */
  storage_class?: { replica_count?: number };
  longhorn?: {
    default_settings?: {
      /** 0 to 12. */
      guaranteedInstanceManagerCPU?: number;
      /** 0 to 30; since v1.7. */
      storageReservedPercentageForDefaultDisk?: number;
    };
  };
}
