/** Nodes and BMCs as an adoption finds them. */
import type { FoundBmc, FoundCluster, FoundNode, HostFacts } from "../../../model/adoption";

/** UUIDs of the hosts, as their kubelets report them. */
export const UUIDS = [
  "4c4c4544-0037-3510-8054-b7c04f4d4331",
  "4c4c4544-0037-3510-8054-b7c04f4d4332",
  "4c4c4544-0037-3510-8054-b7c04f4d4333",
] as const;

/** The n-th node, counted from 1, well known and read. */
export function node(n: 1 | 2 | 3, changes: Partial<FoundNode> = {}): FoundNode {
  return {
    name: `n${n}`,
    uuid: UUIDS[n - 1]!,
    labels: { "node-role.harvesterhci.io/management": "true" },
    created: n * 1000,
    version: "v1.6.1",
    controlPlane: true,
    etcd: true,
    address: `192.0.2.1${n}`,
    host: host(n),
    ...changes,
  };
}

/** What the n-th node's own system says. */
export function host(n: 1 | 2 | 3, changes: Partial<HostFacts> = {}): HostFacts {
  return {
    sshHostKey: "ssh-ed25519 AAAA",
    serial: `SN${n}`,
    interfaces: [
      { name: "ens1f0", mac: `a0:36:9f:10:0${n}:00` },
      { name: "ens1f1", mac: `a0:36:9f:10:0${n}:01` },
    ],
    prefix: 25,
    disks: [
      {
        device: "/dev/sda",
        serial: `DISK${n}A`,
        links: [`/dev/disk/by-id/wwn-0x5000${n}`, `/dev/disk/by-id/ata-SSD_DISK${n}A`],
      },
      { device: "/dev/nvme0n1", serial: `DISK${n}B`, links: [`/dev/disk/by-id/nvme-DISK${n}B`] },
    ],
    installed: {
      mode: n === 1 ? "create" : "join",
      device: "/dev/sda",
      dataDisk: `/dev/disk/by-id/nvme-DISK${n}B`,
      isoUrl: "http://192.0.2.5/harvester/v1.6.1/harvester-v1.6.1-amd64.iso",
      sshAuthorizedKeys: [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f operations@example.com",
      ],
      ntpServers: ["192.0.2.2"],
      modules: [],
      sysctls: {},
      labels: {},
      hasEnvironment: false,
      network: {
        method: "static",
        gateway: "192.0.2.1",
        vlanId: 20,
        dnsNameservers: ["192.0.2.2"],
        interfaces: [{ name: "ens1f0" }, { hwAddr: `a0:36:9f:10:0${n}:01` }],
      },
    },
    ...changes,
  };
}

/** The BMC of the n-th node. */
export function bmc(
  n: 1 | 2 | 3,
  changes: Partial<NonNullable<FoundBmc["system"]>> = {},
  entry: Partial<FoundBmc["entry"]> = {},
): FoundBmc {
  return {
    entry: {
      bmc: { endpoint: `https://192.0.2.13${n}`, user: "admin", password: { secretFromEnv: "BMC_PASSWORD" } },
      ...entry,
    },
    system: {
      uuid: UUIDS[n - 1]!,
      serial: `SN${n}`,
      macs: [`a0:36:9f:10:0${n}:00`, `a0:36:9f:10:0${n}:01`],
      drives: [`DISK${n}A`, `DISK${n}B`],
      power: "On",
      ...changes,
    },
  };
}

/** A cluster of these nodes. */
export function cluster(nodes: FoundNode[]): FoundCluster {
  return {
    url: "https://192.0.2.10",
    vip: { address: "192.0.2.10", mode: "static" },
    replicaCount: 3,
    nodes,
  };
}
