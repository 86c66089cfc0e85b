/**
 * The keys of Harvester's configuration, as far as the installer reads them, with the versions in which they exist. A key that is not
 * here is what the installer makes of it: ignored without a word. Source: pkg/config/config.go of harvester-installer, v1.1 to v1.8.
 */

/** How a value is stored. `any` is passed through as it is. */
export type FieldKind =
  | "string"
  | "bool"
  | "int"
  | "strings"
  | "string-map"
  | "any"
  | Fields
  | { each: Fields };

/** A key's kind, and the minor versions of Harvester 1 that know it. */
export interface Field {
  kind: FieldKind;
  since?: number;
  until?: number;
}

/** Keys (snake_case) of one object. */
export interface Fields {
  [key: string]: Field;
}

function of(kind: FieldKind, since?: number, until?: number): Field {
  return { kind, since, until };
}

const INTERFACE: Fields = { name: of("string"), hw_addr: of("string") };

const MANAGEMENT_INTERFACE: Fields = {
  interfaces: of({ each: INTERFACE }),
  method: of("string"),
  ip: of("string"),
  subnet_mask: of("string"),
  gateway: of("string"),
  bond_options: of("string-map"),
  mtu: of("int"),
  vlan_id: of("int"),
};

const WEBHOOK: Fields = {
  event: of("string"),
  method: of("string"),
  headers: of("any"),
  url: of("string"),
  payload: of("string"),
  insecure: of("bool"),
  basic_auth: of({ user: of("string"), password: of("string") }),
};

const WRITE_FILE: Fields = {
  encoding: of("string"),
  content: of("string"),
  owner: of("string"),
  path: of("string"),
  permissions: of("string"),
};

const OS: Fields = {
  hostname: of("string"),
  password: of("string"),
  ssh_authorized_keys: of("strings"),
  ntp_servers: of("strings"),
  dns_nameservers: of("strings"),
  modules: of("strings"),
  sysctls: of("string-map"),
  environment: of("string-map"),
  labels: of("string-map"),
  write_files: of({ each: WRITE_FILE }),
  sshd: of({ sftp: of("bool"), disable_password_auth: of("bool", 8) }, 2),
  persistent_state_paths: of("strings", 2),
  after_install_chroot_commands: of("strings", 2),
  external_storage_config: of({ enabled: of("bool"), multi_path_config: of("any") }, 4),
  additional_kernel_arguments: of("string", 4),
};

const INSTALL: Fields = {
  automatic: of("bool"),
  skipchecks: of("bool", 3),
  mode: of("string"),
  role: of("string", 3),
  config_url: of("string"),
  iso_url: of("string"),
  device: of("string"),
  data_disk: of("string"),
  persistent_partition_size: of("string", 2),
  force_efi: of("bool"),
  force_mbr: of("bool"),
  no_format: of("bool"),
  debug: of("bool"),
  silent: of("bool"),
  poweroff: of("bool"),
  tty: of("string"),
  wipe_disks: of("bool", 2, 4),
  wipe_all_disks: of("bool", 5),
  wipe_disks_list: of("strings", 5),
  vip: of("string"),
  vip_mode: of("string"),
  vip_hw_addr: of("string"),
  cluster_pod_cidr: of("string", 5),
  cluster_service_cidr: of("string", 5),
  cluster_dns: of("string", 5),
  management_interface: of(MANAGEMENT_INTERFACE),
  webhooks: of({ each: WEBHOOK }),
  addons: of("any", 2),
  harvester: of("any"),
  with_net_images: of("bool", 3),
  raw_disk_image_path: of("string", 2),
  cordoned: of("bool", 9),
};

/** The whole configuration. */
export const CONFIG: Fields = {
  scheme_version: of("int"),
  server_url: of("string"),
  token: of("string"),
  sans: of("strings", 6),
  os: of(OS),
  install: of(INSTALL),
  system_settings: of("string-map"),
};
