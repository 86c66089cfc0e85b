import {
  type Field,
  type Fields,
  flag,
  integer,
  listOf,
  mapOf,
  objectShape,
  oneOf,
  type Shape,
  text,
} from "../validate/shape";
import type {
  Install,
  InstallConfiguration,
  InstallOs,
  ManagementInterface,
  Webhook,
  WriteFile,
} from "./configuration";

/**
 * Which keys the installer of each version reads. Source: the Go structs of harvester-installer pkg/config/config.go, compared
 * over the tags v1.3.0, v1.3.1, v1.4.0, v1.5.0, v1.6.1, v1.7.1 and v1.8.1; `cordoned` from harvester's v1.9 candidates.
 * Internal overrides (`runtime_version` and the like), `mode: install` and its `raw_disk_image_path` are left out on purpose.
 */

/** A field that may be left out. */
const may = (shape: Shape): Field => ({ shape });
/** A field that has to be there, and why. */
const must = (shape: Shape, because: string): Field => ({ shape, because });
/** A field that installers know from a version on. */
const from = (since: string, shape: Shape): Field => ({ shape, since });
/** A field that installers knew before a version, and no longer. */
const before = (until: string, shape: Shape): Field => ({ shape, until });
const anything: Shape = { kind: "any" };
const STOPS = "The installer stops without a word otherwise.";

/** Requires a field for each key of the interface, and allows further ones that other versions know. */
type Covers<T> = Record<keyof T, Field> & Fields;

const writeFile = {
  path: must(text, "A file needs a place."),
  content: must(text, "A file needs a content."),
  encoding: may(oneOf("", "b64", "base64", "gz", "gzip", "gz+base64", "gzip+base64", "gz+b64", "gzip+b64")),
  owner: may(text),
  permissions: may(text),
} satisfies Covers<WriteFile>;

const os = {
  hostname: must(text, "Without it the node gets a random name."),
  password: may(text),
  ssh_authorized_keys: may(listOf(text)),
  ntp_servers: may(listOf(text)),
  dns_nameservers: may(listOf(text)),
  modules: may(listOf(text)),
  sysctls: may(mapOf(text)),
  environment: may(mapOf(text)),
  labels: may(mapOf(text)),
  write_files: may(listOf(objectShape(writeFile))),
  sshd: may(objectShape({ sftp: may(flag), disable_password_auth: from("1.8", flag) })),
  persistent_state_paths: may(listOf(text)),
  after_install_chroot_commands: may(listOf(text)),
  external_storage_config: from("1.4", objectShape({ enabled: may(flag), multi_path_config: may(anything) })),
  additional_kernel_arguments: from("1.4", text),
  wifi: before("1.7", anything),
} satisfies Covers<InstallOs>;

const managementInterface = {
  interfaces: must(listOf(objectShape({ name: may(text), hwAddr: may(text) })), STOPS),
  method: must(oneOf("static", "dhcp"), STOPS),
  ip: may(text),
  subnet_mask: may(text),
  gateway: may(text),
  mtu: may(integer(0, 9000)),
  vlan_id: may(integer(0, 4094)),
  bond_options: may(mapOf(text)),
} satisfies Covers<ManagementInterface>;

const webhook = {
  event: must(oneOf("STARTED", "SUCCEEDED", "FAILED"), "A webhook belongs to an event."),
  method: must(oneOf("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), "A webhook is an HTTP request."),
  url: must(text, "A webhook is an HTTP request."),
  payload: may(text),
  headers: may(mapOf(listOf(text))),
  insecure: may(flag),
  basicAuth: may(objectShape({ user: may(text), password: may(text) })),
} satisfies Covers<Webhook>;

const longhornDefaults: Fields = {
  guaranteedInstanceManagerCPU: from("1.3.1", integer(0, 12)),
  storageReservedPercentageForDefaultDisk: from("1.7", integer(0, 30)),
};

const install = {
  automatic: must(flag, "Without it the installer waits for somebody at the console."),
  mode: must(oneOf("create", "join"), STOPS),
  role: may(oneOf("default", "management", "worker", "witness")),
  skipchecks: may(flag),
  management_interface: must(objectShape(managementInterface), STOPS),
  vip: may(text),
  vip_mode: may(oneOf("static", "dhcp")),
  vip_hw_addr: may(text),
  cluster_pod_cidr: from("1.5", text),
  cluster_service_cidr: from("1.5", text),
  cluster_dns: from("1.5", text),
  device: must(text, STOPS),
  data_disk: may(text),
  wipe_disks: before("1.5", flag),
  wipe_all_disks: from("1.5", flag),
  wipe_disks_list: from("1.5", listOf(text)),
  iso_url: must(text, STOPS),
  tty: may(text),
  webhooks: may(listOf(objectShape(webhook))),
  addons: may(mapOf(objectShape({ enabled: may(flag), values_content: may(text) }))),
  harvester: may(
    objectShape({
      storage_class: may(objectShape({ replica_count: may(integer(1, 3)) })),
      longhorn: may(objectShape({ default_settings: may(objectShape(longhornDefaults)) })),
    }),
  ),
  persistent_partition_size: may(text),
  force_efi: may(flag),
  force_mbr: may(flag),
  no_format: may(flag),
  debug: may(flag),
  silent: may(flag),
  poweroff: may(flag),
  with_net_images: may(flag),
  cordoned: from("1.9", flag),
} satisfies Covers<Install>;

const top = {
  scheme_version: must(integer(1, 1), STOPS),
  server_url: may(text),
  token: must(text, STOPS),
  sans: from("1.6", listOf(text)),
  os: must(objectShape(os), "It holds the hostname and the login."),
  install: must(objectShape(install), "It says what to install where."),
  system_settings: may(mapOf(text)),
} satisfies Covers<InstallConfiguration>;

/** The shape of an install configuration, for `examine` with a version. */
export const installShape: Shape = objectShape(top);
