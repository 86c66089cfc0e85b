import type {
  AccessDescription,
  ArtifactsDescription,
  AttestationDescription,
  AutomaticRecovery,
  BmcDescription,
  BootServerDescription,
  ClusterDescription,
  DiskDescription,
  DisksDescription,
  HardwareDescription,
  InterfaceDescription,
  LeaveDescription,
  ManagementNetworkDescription,
  NodeDescription,
  OsDescription,
  OverrideDescription,
  StorageDescription,
  TlsDescription,
  VipDescription,
} from "../description";
import { type Field, flag, integer, listOf, mapOf, objectOf, oneOf, type Shape, text, wordOr } from "./shape";

/** An optional field. */
const may = (shape: Shape): Field & { because?: undefined } => ({ shape });
/** A required field, with the reason. */
const must = (shape: Shape, because: string): Field & { because: string } => ({ shape, because });

const method = oneOf("static", "dhcp");

const disk = objectOf<DiskDescription>({
  device: must(text, "A disk is wiped only if it is named for certain."),
  serial: must(text, "A disk is wiped only if its serial number was reviewed."),
});

const tls = objectOf<TlsDescription>({ ca: may(text), fingerprint: may(text), insecure: may(flag) });

const hardware = objectOf<HardwareDescription>({
  uuid: must(text, "It tells this host from every other before anything is done to it."),
  serial: must(text, "It tells this host from every other before anything is done to it."),
});

const node = objectOf<NodeDescription>({
  hostname: may(text),
  role: may(oneOf("default", "management", "worker", "witness")),
  zone: may(text),
  labels: may(mapOf(text)),
  address: may(text),
  interfaces: must(
    listOf(objectOf<InterfaceDescription>({ name: may(text), hwAddr: may(text) })),
    "The installer stops silently without an interface for the management network.",
  ),
  hardware: must(hardware, "A machine is touched only if it is certain which one it is."),
  wasHardware: may(hardware),
  bmc: must(
    objectOf<BmcDescription>({
      endpoint: must(text, "The machine is switched on and booted through it."),
      user: must(text, "The BMC wants a login."),
      password: must(text, "The BMC wants a login."),
      systemId: may(text),
      tls: may(tls),
    }),
    "The machine is switched on and booted through its BMC.",
  ),
  disks: must(
    objectOf<DisksDescription>({
      install: must(disk, "The installer stops silently without a disk to install on."),
      data: may(disk),
      wipe: may(listOf(disk)),
    }),
    "The installer stops silently without a disk to install on.",
  ),
  ssh: may(objectOf<NonNullable<NodeDescription["ssh"]>>({ host: may(text), port: may(integer(1, 65535)) })),
  reinstall: may(integer(0)),
  maintenance: may(flag),
  power: may(oneOf("off")),
});

/** The shape of a `ClusterDescription`. */
export const descriptionShape = objectOf<ClusterDescription>({
  name: must(text, "It is how people call the cluster."),
  version: must(text, "All nodes run one version, chosen by you."),
  generation: may(integer(1)),
  vip: must(
    objectOf<VipDescription>({
      address: must(text, "Nodes join through it and people reach the cluster by it."),
      mode: may(method),
      hardwareAddress: may(text),
    }),
    "Nodes join through it and people reach the cluster by it.",
  ),
  access: must(
    objectOf<AccessDescription>({
      url: may(text),
      caFingerprint: may(text),
      adminPassword: must(
        text,
        'A new cluster has the password "admin"; it is replaced by yours at the first login.',
      ),
      sshPrivateKey: may(text),
    }),
    "It holds the password that replaces the well-known first one.",
  ),
  managementNetwork: must(
    objectOf<ManagementNetworkDescription>({
      method: may(method),
      subnet: must(text, "Node addresses and the VIP are checked against it, and static nodes get its mask."),
      gateway: may(text),
      dhcpRange: may(text),
      // 0 and 1 both mean untagged [harvester-installer pkg/console/validator.go checkVlanID].
      vlanId: may(integer(0, 4094)),
      mtu: may(integer(0, 9000)),
      bondOptions: may(mapOf(text)),
      dnsNameservers: may(listOf(text)),
    }),
    "All nodes and the VIP share one network.",
  ),
  os: must(
    objectOf<OsDescription>({
      password: may(text),
      sshAuthorizedKeys: may(listOf(text)),
      ntpServers: may(listOf(text)),
      modules: may(listOf(text)),
      sysctls: may(mapOf(text)),
      environment: may(mapOf(text)),
    }),
    "It holds the login of the nodes; the installer stops silently without one.",
  ),
  artifacts: must(
    objectOf<ArtifactsDescription>({
      url: may(text),
      architecture: may(oneOf("amd64", "arm64")),
      ipxe: may(text),
    }),
    "It says where the installer comes from; {} means the official place.",
  ),
  bootServer: must(
    objectOf<BootServerDescription>({
      address: must(text, "The machines fetch the installer's configuration from it."),
      port: may(integer(1, 65535)),
    }),
    "The machines fetch the installer's configuration from it.",
  ),
  // More than three are clamped silently [harvester-installer pkg/console/util.go].
  storage: may(objectOf<StorageDescription>({ replicaCount: may(integer(1, 3)) })),
  systemSettings: may(mapOf(text)),
  skipChecks: may(flag),
  installTimeout: may(text),
  featureGates: may(mapOf(flag)),
  recovery: may(
    wordOr<AutomaticRecovery>("manual", {
      mode: must(oneOf("automatic"), "Whatever acts by itself was asked to in so many words."),
      failureThreshold: may(text),
      minimumHealthy: may(integer(1)),
      retryPeriod: may(text),
      limit: may(integer(0)),
    }),
  ),
  leave: may(
    objectOf<LeaveDescription>({ virtualMachines: may(oneOf("refuse", "stop")), timeout: may(text) }),
  ),
  attestations: may(
    listOf(
      objectOf<AttestationDescription>({
        serial: must(text, "It says of which machine somebody vouches that it is off."),
        by: must(text, "Nobody can be asked about a word that nobody gave."),
        reason: must(text, "A reader must be able to judge why the machine is certain to be off."),
      }),
    ),
  ),
  overrides: may(
    listOf(
      objectOf<OverrideDescription>({
        rule: must(text, "It says which rule somebody goes on against."),
        reason: must(text, "A reader must be able to judge why the rule does not hold here."),
      }),
    ),
  ),
  approve: may(text),
  allowDestroy: may(flag),
  nodes: must(mapOf(node), "A cluster has at least one node."),
});
