import { type Edits, validNode } from "./description";

/** Cases of one rule: edits of a valid description that break it, and near ones that do not. */
export interface RuleCases {
  /** Edits and the property that the problem is to name. */
  breaks: [edits: Edits, property: string][];
  /** Edits that keep the rule. */
  keeps: Edits[];
}

const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const PEM = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n";
const KEY_PEM = "-----BEGIN PRIVATE KEY-----\nTUlJQg==\n-----END PRIVATE KEY-----\n";
const SHA256 = "AB:".repeat(31) + "AB";
const OLD_UUID = "be3cb80a-24cb-4b92-8cbf-88d9f6651c85";
const LONG = "a".repeat(64);

/** Three management nodes. */
const MANAGEMENT: Edits = {
  "nodes.n1.role": "management",
  "nodes.n2.role": "management",
  "nodes.n3.role": "management",
};

/** Cases by rule; a test sees to it that no rule is without. */
export const cases: Record<string, RuleCases> = {
  "cluster-name": {
    breaks: [
      [{ name: "Demo" }, "name"],
      [{ name: "a.b" }, "name"],
      [{ name: LONG }, "name"],
      [{ name: "" }, "name"],
    ],
    keeps: [{ name: "d" }, { name: "demo-2" }],
  },
  "node-key": {
    breaks: [[{ nodes: { "node.1": {} } }, 'nodes["node.1"]']],
    keeps: [{}],
  },
  hostname: {
    breaks: [
      [{ "nodes.n1.hostname": "Node1" }, "nodes.n1.hostname"],
      [{ "nodes.n1.hostname": "node_1" }, "nodes.n1.hostname"],
      [{ "nodes.n1.hostname": `a.${LONG.slice(1)}` }, "nodes.n1.hostname"],
    ],
    keeps: [{ "nodes.n1.hostname": "node-1.rack-2" }, { "nodes.n1.hostname": LONG.slice(1) }],
  },
  "hostname-unique": {
    breaks: [
      [{ "nodes.n2.hostname": "n1" }, "nodes.n2.hostname"],
      [{ "nodes.n1.hostname": "x", "nodes.n3.hostname": "x" }, "nodes.n3.hostname"],
    ],
    keeps: [{ "nodes.n1.hostname": "n2", "nodes.n2.hostname": "n1" }],
  },
  zone: {
    breaks: [
      [{ "nodes.n1.zone": "rack 1" }, "nodes.n1.zone"],
      [{ "nodes.n1.zone": "" }, "nodes.n1.zone"],
    ],
    keeps: [{ "nodes.n1.zone": "Rack_1.a" }],
  },
  "node-labels": {
    breaks: [
      [{ "nodes.n1.labels": { "a b": "c" } }, 'nodes.n1.labels["a b"]'],
      [{ "nodes.n1.labels": { a: "-" } }, "nodes.n1.labels.a"],
      [
        { "nodes.n1.labels": { "topology.kubernetes.io/zone": "z" } },
        'nodes.n1.labels["topology.kubernetes.io/zone"]',
      ],
      [
        { "nodes.n1.labels": { "node-role.harvesterhci.io/witness": "true" } },
        'nodes.n1.labels["node-role.harvesterhci.io/witness"]',
      ],
      [
        { "nodes.n1.labels": { "node-role.kubernetes.io/worker": "true" } },
        'nodes.n1.labels["node-role.kubernetes.io/worker"]',
      ],
    ],
    keeps: [
      { "nodes.n1.labels": { "example.com/rack": "r1", tier: "" } },
      { "nodes.n1.labels": { "topology.kubernetes.io/region": "eu", "x.node.kubernetes.io/a": "b" } },
    ],
  },
  version: {
    breaks: [
      [{ version: "1.6.1" }, "version"],
      [{ version: "v1.6" }, "version"],
      [{ version: "latest" }, "version"],
      [{ version: "v1.2.2" }, "version"],
    ],
    keeps: [{ version: "v1.3.0" }, { version: "v1.8.2" }, { version: "v1.9.0" }],
  },
  "version-known": {
    breaks: [
      [{ version: "v1.9.0" }, "version"],
      [{ version: "v1.8.0-rc1" }, "version"],
    ],
    keeps: [{ version: "v1.8.2" }, { version: "v1.2.0" }],
  },
  nodes: {
    breaks: [
      [{ nodes: {} }, "nodes"],
      [{ "nodes.n1.role": "worker", "nodes.n2.role": "witness", "nodes.n3.role": "worker" }, "nodes"],
    ],
    keeps: [{ "nodes.n1.role": "worker", "nodes.n2.role": "management", "nodes.n3.role": undefined }],
  },
  "one-witness": {
    breaks: [[{ "nodes.n2.role": "witness", "nodes.n3.role": "witness" }, "nodes.n3.role"]],
    keeps: [{ "nodes.n3.role": "witness" }],
  },
  "witness-idle": {
    breaks: [
      [{ ...MANAGEMENT, "nodes.n4": { ...validNode(4), role: "witness" } }, "nodes.n4.role"],
      [{ "nodes.n2.role": "worker", "nodes.n3.role": "witness" }, "nodes.n3.role"],
    ],
    keeps: [{ ...MANAGEMENT, "nodes.n3.role": "witness", "nodes.n4": validNode(4) }],
  },
  "witness-takes-seat": {
    breaks: [[{ "nodes.n4": { ...validNode(4), role: "witness" } }, "nodes.n4.role"]],
    keeps: [
      { "nodes.n3.role": "witness" },
      { "nodes.n3.role": "witness", "nodes.n4": { ...validNode(4), role: "worker" } },
    ],
  },
  "zone-spread": {
    breaks: [
      [{ "nodes.n1.zone": "a", "nodes.n2.zone": "b", "nodes.n3.zone": "b" }, "nodes.n1.zone"],
      [{ "nodes.n3.zone": "a" }, "nodes.n3.zone"],
      [
        {
          "nodes.n1.zone": "a",
          "nodes.n2.zone": "b",
          "nodes.n2.role": "management",
          "nodes.n1.role": "management",
          "nodes.n3.zone": "a",
          "nodes.n3.role": "management",
          "nodes.n4": { ...validNode(4), zone: "c" },
        },
        "nodes.n3.zone",
      ],
    ],
    keeps: [
      { "nodes.n1.zone": "a", "nodes.n2.zone": "b", "nodes.n3.zone": "c" },
      { "nodes.n1.zone": "a", "nodes.n3.role": "worker" },
      { "nodes.n4": { ...validNode(4), zone: "a" } },
    ],
  },
  "voters-odd": {
    breaks: [
      [
        {
          ...MANAGEMENT,
          "nodes.n1.zone": "a",
          "nodes.n2.zone": "b",
          "nodes.n3.zone": "a",
          "nodes.n4": { ...validNode(4), zone: "c" },
        },
        "nodes",
      ],
    ],
    keeps: [{ ...MANAGEMENT, "nodes.n3.role": "worker" }, MANAGEMENT],
  },
  "voters-as-declared": {
    breaks: [
      [{ ...MANAGEMENT, "nodes.n3.role": "worker" }, "nodes"],
      [{ ...MANAGEMENT, "nodes.n3": undefined }, "nodes"],
      [{ "nodes.n1.role": "worker", "nodes.n2.role": "management", "nodes.n3.role": "witness" }, "nodes"],
    ],
    keeps: [MANAGEMENT, { "nodes.n3": undefined }, { ...MANAGEMENT, "nodes.n3.role": "witness" }],
  },
  "replica-count": {
    breaks: [[{ "nodes.n3.role": "witness", "storage.replicaCount": 3 }, "storage.replicaCount"]],
    keeps: [{ "nodes.n3.role": "witness", "storage.replicaCount": 2 }, { "storage.replicaCount": 3 }],
  },
  "access-url": {
    breaks: [
      [{ "access.url": "http://192.168.10.10" }, "access.url"],
      [{ "access.url": "https://192.168.10.10/dashboard" }, "access.url"],
      [{ "access.url": "192.168.10.10" }, "access.url"],
    ],
    keeps: [{ "access.url": "https://harvester.example.com:8443/" }],
  },
  "artifact-url": {
    breaks: [
      [{ "artifacts.url": "ftp://mirror/harvester" }, "artifacts.url"],
      [{ "artifacts.url": "http://mirror/harvester?x=1" }, "artifacts.url"],
      [{ "artifacts.ipxe": "http://mirror/a b/ipxe.efi" }, "artifacts.ipxe"],
    ],
    keeps: [{ "artifacts.url": "http://mirror:8080/harvester/v1.6.1/" }],
  },
  "artifact-version": {
    breaks: [[{ "artifacts.url": "http://mirror/harvester/v1.6.0" }, "artifacts.url"]],
    keeps: [
      { "artifacts.url": "http://mirror/harvester/v1.6.1" },
      { "artifacts.url": "http://mirror/current" },
    ],
  },
  "ntp-servers": {
    breaks: [
      [{ "os.ntpServers": ["ntp://pool.ntp.org"] }, "os.ntpServers[0]"],
      [{ "os.ntpServers": ["10.0.0.1", "10.0.0.1"] }, "os.ntpServers[1]"],
    ],
    keeps: [{ "os.ntpServers": ["10.0.0.1", "time.example.com"] }],
  },
  "vip-address": {
    breaks: [
      [{ "vip.address": "192.168.10" }, "vip.address"],
      [{ "vip.address": "fd00::1" }, "vip.address"],
      [{ "vip.address": "192.168.010.010" }, "vip.address"],
    ],
    keeps: [{ "vip.address": "192.168.10.99" }],
  },
  "vip-in-subnet": {
    breaks: [
      [{ "vip.address": "192.168.11.10" }, "vip.address"],
      [{ "vip.address": "192.168.10.0" }, "vip.address"],
      [{ "vip.address": "192.168.10.255" }, "vip.address"],
    ],
    keeps: [{ "vip.address": "192.168.10.254" }],
  },
  "vip-not-gateway": {
    breaks: [[{ "vip.address": "192.168.10.1" }, "vip.address"]],
    keeps: [{ "vip.address": "192.168.10.2" }],
  },
  "vip-not-node": {
    breaks: [[{ "vip.address": "192.168.10.12" }, "vip.address"]],
    keeps: [{ "vip.address": "192.168.10.14" }],
  },
  "vip-not-bmc": {
    breaks: [[{ "nodes.n1.bmc.endpoint": "https://192.168.10.10" }, "vip.address"]],
    keeps: [{ "nodes.n1.bmc.endpoint": "https://192.168.10.110" }],
  },
  "vip-outside-dhcp-range": {
    breaks: [
      [{ "vip.address": "192.168.10.200" }, "vip.address"],
      [{ "vip.address": "192.168.10.250", "vip.mode": "static" }, "vip.address"],
    ],
    keeps: [
      { "vip.address": "192.168.10.199" },
      { "vip.address": "192.168.10.251" },
      { "vip.address": "192.168.10.200", "vip.mode": "dhcp", "vip.hardwareAddress": "52:54:00:00:00:01" },
    ],
  },
  "vip-dhcp-mac": {
    breaks: [
      [{ "vip.mode": "dhcp" }, "vip.hardwareAddress"],
      [{ "vip.hardwareAddress": "52:54:00:00:00:01" }, "vip.hardwareAddress"],
      [{ "vip.mode": "dhcp", "vip.hardwareAddress": "52:54:00" }, "vip.hardwareAddress"],
    ],
    keeps: [{ "vip.mode": "dhcp", "vip.hardwareAddress": "52-54-00-AB-00-01" }],
  },
  subnet: {
    breaks: [
      [{ "managementNetwork.subnet": "192.168.10.0" }, "managementNetwork.subnet"],
      [{ "managementNetwork.subnet": "192.168.10.5/24" }, "managementNetwork.subnet"],
      [{ "managementNetwork.subnet": "192.168.10.0/33" }, "managementNetwork.subnet"],
      [{ "managementNetwork.subnet": "192.168.10.0/31" }, "managementNetwork.subnet"],
      [{ "managementNetwork.subnet": "fd00::/64" }, "managementNetwork.subnet"],
    ],
    keeps: [{ "managementNetwork.subnet": "192.168.0.0/16" }],
  },
  gateway: {
    breaks: [
      [{ "managementNetwork.gateway": undefined }, "managementNetwork.gateway"],
      [{ "managementNetwork.gateway": "192.168.9.1" }, "managementNetwork.gateway"],
      [{ "managementNetwork.gateway": "router" }, "managementNetwork.gateway"],
    ],
    keeps: [{ "managementNetwork.method": "dhcp", "managementNetwork.gateway": undefined }],
  },
  "dns-required": {
    breaks: [
      [{ "managementNetwork.dnsNameservers": undefined }, "managementNetwork.dnsNameservers"],
      [{ "managementNetwork.dnsNameservers": [] }, "managementNetwork.dnsNameservers"],
    ],
    keeps: [{ "managementNetwork.method": "dhcp", "managementNetwork.dnsNameservers": undefined }],
  },
  "dns-address": {
    breaks: [
      [{ "managementNetwork.dnsNameservers": ["dns.example.com"] }, "managementNetwork.dnsNameservers[0]"],
      [{ "managementNetwork.dnsNameservers": ["9.9.9.9", "9.9.9.9"] }, "managementNetwork.dnsNameservers[1]"],
    ],
    keeps: [{ "managementNetwork.dnsNameservers": ["9.9.9.9"] }],
  },
  "dhcp-range": {
    breaks: [
      [{ "managementNetwork.dhcpRange": "192.168.10.250-192.168.10.200" }, "managementNetwork.dhcpRange"],
      [{ "managementNetwork.dhcpRange": "192.168.10.200-192.168.11.10" }, "managementNetwork.dhcpRange"],
      [{ "managementNetwork.dhcpRange": "192.168.10.200" }, "managementNetwork.dhcpRange"],
    ],
    keeps: [{ "managementNetwork.dhcpRange": "192.168.10.200 - 192.168.10.200" }],
  },
  mtu: {
    breaks: [[{ "managementNetwork.mtu": 575 }, "managementNetwork.mtu"]],
    keeps: [
      { "managementNetwork.mtu": 0 },
      { "managementNetwork.mtu": 576 },
      { "managementNetwork.mtu": 9000 },
    ],
  },
  "bond-mode": {
    breaks: [[{ "managementNetwork.bondOptions": { mode: "lacp" } }, "managementNetwork.bondOptions.mode"]],
    keeps: [{ "managementNetwork.bondOptions": { mode: "balance-tlb", miimon: "100" } }],
  },
  "node-address": {
    breaks: [
      [{ "nodes.n1.address": undefined }, "nodes.n1.address"],
      [{ "nodes.n1.address": "192.168.10.11/24" }, "nodes.n1.address"],
      [{ "nodes.n1.address": "192.168.20.11" }, "nodes.n1.address"],
      [{ "nodes.n1.address": "192.168.10.255" }, "nodes.n1.address"],
      [{ "nodes.n1.address": "192.168.10.1" }, "nodes.n1.address"],
      [{ "nodes.n1.address": "192.168.10.220" }, "nodes.n1.address"],
    ],
    keeps: [
      { "nodes.n1.address": "192.168.10.199" },
      { "managementNetwork.method": "dhcp", "nodes.n1.address": undefined },
      { "managementNetwork.method": "dhcp", "nodes.n1.address": "192.168.10.220" },
    ],
  },
  "node-address-unique": {
    breaks: [[{ "nodes.n2.address": "192.168.10.11" }, "nodes.n2.address"]],
    keeps: [{ "nodes.n2.address": "192.168.10.111" }],
  },
  "boot-server-address": {
    breaks: [
      [{ "bootServer.address": "0.0.0.0" }, "bootServer.address"],
      [{ "bootServer.address": "localhost" }, "bootServer.address"],
      [{ "bootServer.address": "192.168.10.10" }, "bootServer.address"],
      [{ "bootServer.address": "192.168.10.12" }, "bootServer.address"],
    ],
    keeps: [{ "bootServer.address": "10.1.2.3" }],
  },
  "ssh-host": {
    breaks: [[{ "nodes.n1.ssh": { host: "rancher@n1" } }, "nodes.n1.ssh.host"]],
    keeps: [
      { "nodes.n1.ssh": { host: "n1.example.com", port: 22 } },
      { "nodes.n1.ssh": { host: "10.0.0.1" } },
    ],
  },
  "admin-password": {
    breaks: [
      [{ "access.adminPassword": "admin" }, "access.adminPassword"],
      [{ "access.adminPassword": "elevenchars" }, "access.adminPassword"],
      [{ "access.adminPassword": "Password1234" }, "access.adminPassword"],
    ],
    keeps: [{ "access.adminPassword": "twelve chars" }],
  },
  "os-login": {
    breaks: [
      [{ "os.sshAuthorizedKeys": undefined }, "os"],
      [{ "os.sshAuthorizedKeys": [], "os.password": "" }, "os"],
    ],
    keeps: [{ "os.sshAuthorizedKeys": undefined, "os.password": "a password of the nodes" }],
  },
  "os-password": {
    breaks: [
      [{ "os.password": "Rancher" }, "os.password"],
      [{ "os.password": "$2a$10$N9qo8uLOickgx2ZMRZoMye" }, "os.password"],
      [{ "os.password": "$y$j9T$abc$def" }, "os.password"],
    ],
    keeps: [
      { "os.password": "$6$salt$hash" },
      { "os.password": "$apr1$salt$hash" },
      { "os.password": "price: $5" },
    ],
  },
  "ssh-key": {
    breaks: [
      [{ "os.sshAuthorizedKeys": ["AAAAC3NzaC1lZDI1NTE5"] }, "os.sshAuthorizedKeys[0]"],
      [{ "os.sshAuthorizedKeys": [SSH_KEY.slice(0, -8)] }, "os.sshAuthorizedKeys[0]"],
      [{ "os.sshAuthorizedKeys": [SSH_KEY.replace("ssh-ed25519", "ssh-rsa")] }, "os.sshAuthorizedKeys[0]"],
      [{ "os.sshAuthorizedKeys": [SSH_KEY, KEY_PEM] }, "os.sshAuthorizedKeys[1]"],
      [{ "os.sshAuthorizedKeys": [`${SSH_KEY}\n${SSH_KEY}`] }, "os.sshAuthorizedKeys[0]"],
    ],
    keeps: [{ "os.sshAuthorizedKeys": [`${SSH_KEY} me@home\n`, "github:someone"] }],
  },
  "bmc-login": {
    breaks: [
      [{ "nodes.n1.bmc.user": "" }, "nodes.n1.bmc.user"],
      [{ "nodes.n1.bmc.password": "" }, "nodes.n1.bmc.password"],
    ],
    keeps: [{ "nodes.n1.bmc.password": "x" }],
  },
  "bmc-password-known": {
    breaks: [[{ "nodes.n1.bmc.password": "ADMIN" }, "nodes.n1.bmc.password"]],
    keeps: [{ "nodes.n1.bmc.password": "administrate" }],
  },
  "setting-known": {
    breaks: [
      [{ systemSettings: { "ntp-server": "x" } }, "systemSettings.ntp-server"],
      [{ systemSettings: { "upgrade-config": "{}" } }, "systemSettings.upgrade-config"],
      [{ version: "v1.3.1", systemSettings: { "storage-network": "" } }, "systemSettings.storage-network"],
    ],
    keeps: [
      { systemSettings: { "log-level": "Debug" } },
      { version: "v1.8.0", systemSettings: { "upgrade-config": "{}" } },
      { version: "v1.3.2", systemSettings: { "storage-network": "" } },
    ],
  },
  "setting-json": {
    breaks: [
      [{ systemSettings: { "http-proxy": "http://proxy:3128" } }, "systemSettings.http-proxy"],
      [{ systemSettings: { "overcommit-config": "[]" } }, "systemSettings.overcommit-config"],
    ],
    keeps: [
      { systemSettings: { "overcommit-config": '{"cpu":1600}', "http-proxy": "", "ui-source": "auto" } },
    ],
  },
  "setting-ntp-twice": {
    breaks: [[{ systemSettings: { "ntp-servers": '{"ntpServers":["a"]}' } }, "systemSettings.ntp-servers"]],
    keeps: [{ "os.ntpServers": undefined, systemSettings: { "ntp-servers": '{"ntpServers":["a"]}' } }],
  },
  "setting-formats-disks": {
    breaks: [
      [
        { systemSettings: { "auto-disk-provision-paths": "/dev/nvme*n1" } },
        "systemSettings.auto-disk-provision-paths",
      ],
    ],
    keeps: [{ systemSettings: { "auto-disk-provision-paths": "" } }],
  },
  uuid: {
    breaks: [
      [{ "nodes.n1.hardware.uuid": "not-a-uuid" }, "nodes.n1.hardware.uuid"],
      [{ "nodes.n1.hardware.uuid": "00000000-0000-0000-0000-000000000000" }, "nodes.n1.hardware.uuid"],
      // The well-known placeholder, in the other byte order.
      [{ "nodes.n1.hardware.uuid": "00020003-0004-0005-0006-000700080009" }, "nodes.n1.hardware.uuid"],
    ],
    keeps: [{ "nodes.n1.hardware.uuid": "BE3CB80A24CB4B928CBF88D9F6651C85" }],
  },
  "uuid-unique": {
    breaks: [
      [{ "nodes.n2.hardware.uuid": "4C4C4544-0042-3510-8052-B4C04F4E4D01" }, "nodes.n2.hardware.uuid"],
      [{ "nodes.n2.hardware.uuid": "44454c4c-4200-1035-8052-b4c04f4e4d01" }, "nodes.n2.hardware.uuid"],
    ],
    keeps: [{ "nodes.n2.hardware.uuid": "4c4c4544-0042-3510-8052-b4c04f4e4daa" }],
  },
  serial: {
    breaks: [[{ "nodes.n1.hardware.serial": " " }, "nodes.n1.hardware.serial"]],
    keeps: [{ "nodes.n1.hardware.serial": "J1" }],
  },
  "serial-placeholder": {
    breaks: [[{ "nodes.n1.hardware.serial": "Default string" }, "nodes.n1.hardware.serial"]],
    keeps: [{ "nodes.n1.hardware.serial": "DEFAULT7" }],
  },
  "was-hardware": {
    breaks: [
      [{ "nodes.n1.wasHardware": { uuid: "old", serial: "SN1" } }, "nodes.n1.wasHardware.uuid"],
      [
        { "nodes.n1.wasHardware": { uuid: "44454c4c-4200-1035-8052-b4c04f4e4d01", serial: "sn1" } },
        "nodes.n1.wasHardware",
      ],
      [
        { "nodes.n1.wasHardware": { uuid: "4c4c4544-0042-3510-8052-b4c04f4e4d02", serial: "OLD" } },
        "nodes.n1.wasHardware.uuid",
      ],
      [
        {
          "nodes.n1.wasHardware": { uuid: OLD_UUID, serial: "SN1" },
          "nodes.n2.wasHardware": { uuid: OLD_UUID, serial: "SN2" },
        },
        "nodes.n2.wasHardware.uuid",
      ],
    ],
    keeps: [
      { "nodes.n1.wasHardware": { uuid: OLD_UUID, serial: "SN1" } },
      { "nodes.n1.wasHardware": { uuid: "4c4c4544-0042-3510-8052-b4c04f4e4d01", serial: "OLD" } },
    ],
  },
  "serial-unique": {
    breaks: [[{ "nodes.n2.hardware.serial": "sn1" }, "nodes.n2.hardware.serial"]],
    keeps: [{ "nodes.n1.hardware.serial": "None", "nodes.n2.hardware.serial": "None" }],
  },
  interfaces: {
    breaks: [
      [{ "nodes.n1.interfaces": [] }, "nodes.n1.interfaces"],
      [{ "nodes.n1.interfaces": [{}] }, "nodes.n1.interfaces[0]"],
      [{ "nodes.n1.interfaces": [{ hwAddr: "52:54" }] }, "nodes.n1.interfaces[0].hwAddr"],
      [{ "nodes.n1.interfaces": [{ name: "lo" }] }, "nodes.n1.interfaces[0].name"],
      [{ "nodes.n1.interfaces": [{ name: "a-name-much-too-long" }] }, "nodes.n1.interfaces[0].name"],
    ],
    keeps: [
      { "nodes.n1.interfaces": [{ name: "ens1f0" }, { name: "ens1f1np1", hwAddr: "52:54:00:00:99:01" }] },
    ],
  },
  "mac-unique": {
    breaks: [
      [{ "nodes.n2.interfaces": [{ hwAddr: "52-54-00-00-10-01" }] }, "nodes.n2.interfaces[0].hwAddr"],
      [{ "vip.mode": "dhcp", "vip.hardwareAddress": "52:54:00:00:10:01" }, "nodes.n1.interfaces[0].hwAddr"],
    ],
    keeps: [{ "nodes.n2.interfaces": [{ hwAddr: "52:54:00:00:10:fe" }] }],
  },
  "interface-unique": {
    breaks: [
      [{ "nodes.n1.interfaces": [{ name: "ens1" }, { name: "ens1" }] }, "nodes.n1.interfaces[1].name"],
    ],
    keeps: [{ "nodes.n1.interfaces": [{ name: "ens1" }], "nodes.n2.interfaces": [{ name: "ens1" }] }],
  },
  "bmc-endpoint": {
    breaks: [
      [{ "nodes.n1.bmc.endpoint": "10.0.0.21" }, "nodes.n1.bmc.endpoint"],
      [{ "nodes.n1.bmc.endpoint": "ipmi://10.0.0.21" }, "nodes.n1.bmc.endpoint"],
      [{ "nodes.n1.bmc.endpoint": "https://root:calvin@10.0.0.21" }, "nodes.n1.bmc.endpoint"],
      [{ "nodes.n1.bmc.endpoint": "https://10.0.0.21/redfish/v1" }, "nodes.n1.bmc.endpoint"],
    ],
    keeps: [{ "nodes.n1.bmc.endpoint": "https://bmc1.example.com:8443/" }],
  },
  "bmc-unique": {
    breaks: [
      [{ "nodes.n2.bmc.endpoint": "https://10.0.0.21/" }, "nodes.n2.bmc.endpoint"],
      [
        { "nodes.n2.bmc.endpoint": "https://10.0.0.21", "nodes.n2.bmc.systemId": "2" },
        "nodes.n2.bmc.endpoint",
      ],
      [
        {
          "nodes.n1.bmc.systemId": "2",
          "nodes.n2.bmc.endpoint": "https://10.0.0.21",
          "nodes.n2.bmc.systemId": "2",
        },
        "nodes.n2.bmc.endpoint",
      ],
    ],
    keeps: [
      {
        "nodes.n1.bmc.systemId": "1",
        "nodes.n2.bmc.endpoint": "https://10.0.0.21",
        "nodes.n2.bmc.systemId": "2",
      },
      { "nodes.n2.bmc.endpoint": "https://10.0.0.21:444" },
    ],
  },
  "tls-one-of": {
    breaks: [
      [{ "nodes.n1.bmc.tls": { ca: PEM, fingerprint: SHA256 } }, "nodes.n1.bmc.tls"],
      [{ "nodes.n1.bmc.tls": { ca: PEM, insecure: true } }, "nodes.n1.bmc.tls"],
    ],
    keeps: [{ "nodes.n1.bmc.tls": { ca: PEM, insecure: false } }, { "nodes.n1.bmc.tls": { insecure: true } }],
  },
  "tls-ca": {
    breaks: [
      [{ "nodes.n1.bmc.tls": { ca: "/etc/ssl/ca.pem" } }, "nodes.n1.bmc.tls.ca"],
      [{ "nodes.n1.bmc.tls": { ca: PEM + KEY_PEM } }, "nodes.n1.bmc.tls.ca"],
    ],
    keeps: [{ "nodes.n1.bmc.tls": { ca: PEM + PEM } }],
  },
  fingerprint: {
    breaks: [
      [{ "nodes.n1.bmc.tls": { fingerprint: SHA256.slice(3) } }, "nodes.n1.bmc.tls.fingerprint"],
      [{ "access.caFingerprint": "d41d8cd98f00b204e9800998ecf8427e" }, "access.caFingerprint"],
    ],
    keeps: [{ "nodes.n1.bmc.tls": { fingerprint: SHA256 } }, { "access.caFingerprint": "ab".repeat(32) }],
  },
  "tls-without-https": {
    breaks: [
      [
        { "nodes.n1.bmc.endpoint": "http://10.0.0.21", "nodes.n1.bmc.tls": { insecure: true } },
        "nodes.n1.bmc.tls",
      ],
    ],
    keeps: [{ "nodes.n1.bmc.endpoint": "http://10.0.0.21" }],
  },
  "bmc-clear-text": {
    breaks: [[{ "nodes.n1.bmc.endpoint": "http://10.0.0.21" }, "nodes.n1.bmc.endpoint"]],
    keeps: [{ "nodes.n1.bmc.endpoint": "https://10.0.0.21" }],
  },
  "disk-device": {
    breaks: [
      [{ "nodes.n1.disks.install.device": "/dev/sda" }, "nodes.n1.disks.install.device"],
      [{ "nodes.n1.disks.data.device": "/dev/nvme0n1" }, "nodes.n1.disks.data.device"],
      [{ "nodes.n1.disks.install.device": "/dev/disk/by-label/os" }, "nodes.n1.disks.install.device"],
      [
        { "nodes.n1.disks.install.device": "/dev/disk/by-id/nvme-os-1-part1" },
        "nodes.n1.disks.install.device",
      ],
      [{ "nodes.n1.disks.wipe": [{ device: "/dev/sdb", serial: "OLD" }] }, "nodes.n1.disks.wipe[0].device"],
    ],
    keeps: [{ "nodes.n1.disks.install.device": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1" }],
  },
  "install-timeout": {
    breaks: [
      [{ installTimeout: "soon" }, "installTimeout"],
      [{ installTimeout: "0m" }, "installTimeout"],
    ],
    keeps: [{ installTimeout: "45m" }, { installTimeout: "1h30m" }],
  },
  "leave-timeout": {
    breaks: [[{ leave: { timeout: "soon" } }, "leave.timeout"]],
    keeps: [{ leave: { timeout: "2h", virtualMachines: "stop" } }],
  },
  "override-known": {
    breaks: [
      [{ overrides: [{ rule: "voters-odd-at-res", reason: "r" }] }, "overrides[0].rule"],
      [{ overrides: [{ rule: "vip-in-subnet", reason: "r" }] }, "overrides[0].rule"],
      [{ overrides: [{ rule: "approval", reason: "r" }] }, "overrides[0].rule"],
      [{ overrides: [{ rule: "two-nodes", reason: "r" }] }, "overrides[0].rule"],
      [{ overrides: [{ rule: "", reason: "r" }] }, "overrides[0].rule"],
    ],
    keeps: [{ overrides: [] }, { overrides: [{ rule: "voters-odd-at-rest", reason: "r" }] }],
  },
  "override-allowed": {
    breaks: [
      [{ overrides: [{ rule: "hardware-is-identity", reason: "r" }] }, "overrides[0].rule"],
      [{ overrides: [{ rule: "generation-by-one", reason: "r" }] }, "overrides[0].rule"],
    ],
    keeps: [{ overrides: [{ rule: "one-reinstall", reason: "r" }] }],
  },
  "override-reason": {
    breaks: [[{ overrides: [{ rule: "one-diff", reason: " " }] }, "overrides[0].reason"]],
    keeps: [{ overrides: [{ rule: "one-diff", reason: "r" }] }],
  },
  "override-once": {
    breaks: [
      [
        {
          overrides: [
            { rule: "one-diff", reason: "r" },
            { rule: "one-diff", reason: "s" },
          ],
        },
        "overrides[1].rule",
      ],
    ],
    keeps: [
      {
        overrides: [
          { rule: "one-diff", reason: "r" },
          { rule: "one-reinstall", reason: "r" },
        ],
      },
    ],
  },
  "power-off-in-maintenance": {
    breaks: [
      [{ "nodes.n2.power": "off" }, "nodes.n2.power"],
      [{ "nodes.n2.power": "off", "nodes.n2.maintenance": false }, "nodes.n2.power"],
    ],
    keeps: [{ "nodes.n2.power": "off", "nodes.n2.maintenance": true }, { "nodes.n2.maintenance": true }],
  },
  "attestation-named": {
    breaks: [
      [{ attestations: [{ serial: "A1", by: " ", reason: "unplugged" }] }, "attestations[0].by"],
      [
        {
          attestations: [
            { serial: "A1", by: "Ada", reason: "unplugged" },
            { serial: "a1 ", by: "Bob", reason: "unplugged" },
          ],
        },
        "attestations[1].serial",
      ],
    ],
    keeps: [{ attestations: [{ serial: "A1", by: "Ada", reason: "power cables pulled" }] }],
  },
  "recovery-duration": {
    breaks: [
      [{ recovery: { mode: "automatic", failureThreshold: "soon" } }, "recovery.failureThreshold"],
      [{ recovery: { mode: "automatic", retryPeriod: "0s" } }, "recovery.retryPeriod"],
    ],
    keeps: [{ recovery: "manual" }, { recovery: { mode: "automatic", retryPeriod: "1h30m" } }],
  },
  "recovery-threshold": {
    breaks: [[{ recovery: { mode: "automatic", failureThreshold: "2m" } }, "recovery.failureThreshold"]],
    keeps: [{ recovery: { mode: "automatic", failureThreshold: "5m" } }, { recovery: { mode: "automatic" } }],
  },
  "recovery-minimum-healthy": {
    breaks: [[{ recovery: { mode: "automatic", minimumHealthy: 3 } }, "recovery.minimumHealthy"]],
    keeps: [{ recovery: { mode: "automatic", minimumHealthy: 2 } }],
  },
  "recovery-key": {
    breaks: [[{ recovery: { mode: "automatic" } }, "recovery"]],
    keeps: [
      { recovery: { mode: "automatic" }, "access.sshPrivateKey": KEY_PEM },
      { recovery: { mode: "automatic", limit: 0 } },
      { recovery: "manual" },
    ],
  },
  "recovery-room": {
    breaks: [
      [{ recovery: { mode: "automatic" } }, "recovery"],
      [{ recovery: { mode: "automatic" }, "nodes.n4": { ...validNode(4), role: "worker" } }, "recovery"],
    ],
    keeps: [
      { recovery: "manual" },
      { recovery: { mode: "automatic", limit: 0 } },
      { recovery: { mode: "automatic" }, "nodes.n4": validNode(4) },
    ],
  },
  "feature-gate-unknown": {
    breaks: [
      [
        { featureGates: { NodeAuthorizerEnablePodSelectors: true } },
        "featureGates.NodeAuthorizerEnablePodSelectors",
      ],
      [
        { version: "v1.4.0", featureGates: { AuthorizeNodeWithSelectors: true } },
        "featureGates.AuthorizeNodeWithSelectors",
      ],
    ],
    keeps: [{ featureGates: {} }, { featureGates: { AuthorizeNodeWithSelectors: true } }],
  },
  "feature-gate-locked": {
    breaks: [
      [
        { version: "v1.7.0", featureGates: { AuthorizeNodeWithSelectors: false } },
        "featureGates.AuthorizeNodeWithSelectors",
      ],
    ],
    keeps: [{ version: "v1.7.0", featureGates: { AuthorizeNodeWithSelectors: true } }],
  },
  "feature-gate-superfluous": {
    breaks: [
      [
        { version: "v1.7.0", featureGates: { AuthorizeNodeWithSelectors: true } },
        "featureGates.AuthorizeNodeWithSelectors",
      ],
    ],
    keeps: [{ featureGates: { AuthorizeNodeWithSelectors: false } }],
  },
  "feature-gate-not-set": {
    breaks: [
      [{ featureGates: { AuthorizeNodeWithSelectors: false } }, "featureGates.AuthorizeNodeWithSelectors"],
    ],
    keeps: [{ featureGates: { AuthorizeNodeWithSelectors: true } }],
  },
  "feature-gate-temporary": {
    breaks: [
      [{ featureGates: { AuthorizeNodeWithSelectors: false } }, "featureGates.AuthorizeNodeWithSelectors"],
    ],
    keeps: [{ featureGates: {} }],
  },
  "disk-serial": {
    breaks: [[{ "nodes.n1.disks.install.serial": "" }, "nodes.n1.disks.install.serial"]],
    keeps: [{ "nodes.n1.disks.install.serial": "0" }],
  },
  "disk-name-has-serial": {
    breaks: [
      [
        { "nodes.n1.disks.install.device": "/dev/disk/by-id/ata-OTHER_DISK_ZZZ999" },
        "nodes.n1.disks.install.device",
      ],
      [{ "nodes.n1.disks.data.serial": "ELSEWHERE" }, "nodes.n1.disks.data.device"],
    ],
    keeps: [
      {
        "nodes.n1.disks.install": {
          device: "/dev/disk/by-id/ata-A_MODEL_WD-12 3".replace(" ", "_"),
          serial: "WD-12 3",
        },
      },
      { "nodes.n1.disks.install.device": "/dev/disk/by-id/wwn-0x5002538cd5b60e08" },
      { "nodes.n1.disks.install.device": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1" },
    ],
  },
  "data-disk-separate": {
    breaks: [
      [{ "nodes.n1.disks.data.device": "/dev/disk/by-id/nvme-os-1" }, "nodes.n1.disks.data"],
      [{ "nodes.n1.disks.data.serial": "os1" }, "nodes.n1.disks.data"],
    ],
    keeps: [{ "nodes.n1.disks.data": undefined }],
  },
  "disk-unique": {
    breaks: [
      [{ "nodes.n2.disks.install.serial": "OS1" }, "nodes.n2.disks.install.serial"],
      [{ "nodes.n2.disks.data.device": "/dev/disk/by-id/nvme-data-1" }, "nodes.n2.disks.data.device"],
      [
        { "nodes.n1.disks.wipe": [{ device: "/dev/disk/by-id/nvme-os-2", serial: "OLD" }] },
        "nodes.n2.disks.install.device",
      ],
    ],
    keeps: [
      {
        "nodes.n1.disks.install.device": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
        "nodes.n2.disks.install.device": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
      },
    ],
  },
  "wipe-version": {
    breaks: [
      [
        { version: "v1.4.3", "nodes.n1.disks.wipe": [{ device: "/dev/disk/by-id/old", serial: "OLD" }] },
        "nodes.n1.disks.wipe",
      ],
    ],
    keeps: [
      { version: "v1.5.0", "nodes.n1.disks.wipe": [{ device: "/dev/disk/by-id/old", serial: "OLD" }] },
      { version: "v1.4.3", "nodes.n1.disks.wipe": [] },
    ],
  },
};
