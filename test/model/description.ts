import type { DeclaredRoles } from "../../model/control-plane";
import type { ClusterDescription, NodeDescription, Role } from "../../model/description";

/** A node that breaks no rule; `index` counts from 1 and makes everything about it unique. */
export function validNode(index: number): NodeDescription {
  const hex = index.toString(16).padStart(2, "0");
  return {
    role: "default",
    address: `192.168.10.${10 + index}`,
    interfaces: [{ hwAddr: `52:54:00:00:10:${hex}` }],
    hardware: { uuid: `4c4c4544-0042-3510-8052-b4c04f4e4d${hex}`, serial: `SN${index}` },
    bmc: { endpoint: `https://10.0.0.${20 + index}`, user: "admin", password: `a bmc password ${index}` },
    disks: {
      install: { device: `/dev/disk/by-id/nvme-os-${index}`, serial: `OS${index}` },
      data: { device: `/dev/disk/by-id/nvme-data-${index}`, serial: `DATA${index}` },
    },
  };
}

/** A description that breaks no rule, fresh on each call. */
export function validDescription(nodes = 3): ClusterDescription {
  return {
    name: "demo",
    version: "v1.6.1",
    vip: { address: "192.168.10.10" },
    access: { adminPassword: "a long admin password" },
    managementNetwork: {
      subnet: "192.168.10.0/24",
      gateway: "192.168.10.1",
      dhcpRange: "192.168.10.200-192.168.10.250",
      dnsNameservers: ["192.168.10.1", "9.9.9.9"],
      bondOptions: { mode: "802.3ad", miimon: "100" },
      mtu: 1500,
      vlanId: 0,
    },
    os: {
      sshAuthorizedKeys: [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@home",
      ],
      ntpServers: ["0.pool.ntp.org", "10.0.0.1"],
    },
    artifacts: {},
    bootServer: { address: "192.168.10.5" },
    nodes: Object.fromEntries(
      Array.from({ length: nodes }, (_, index) => [`n${index + 1}`, validNode(index + 1)]),
    ),
  };
}

/** Edits of a description: values by path; `undefined` takes the property out. */
export type Edits = Record<string, unknown>;

/** A valid description with edits, as raw input. */
export function edited(edits: Edits, base: object = validDescription()): Record<string, unknown> {
  const copy = JSON.parse(JSON.stringify(base)) as Record<string, unknown>;
  for (const [path, value] of Object.entries(edits)) {
    const keys = path.split(/\.(?![^[]*\])|\[|\]\.?/).filter((key) => key !== "");
    const last = keys.pop()!;
    let place = copy;
    for (const key of keys) {
      place[key] ??= {};
      place = place[key] as Record<string, unknown>;
    }
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return copy;
}

/** Nodes n1, n2, ... from words such as `management`, `default/zone-a`. */
export function declare(...words: string[]): DeclaredRoles {
  return {
    nodes: Object.fromEntries(
      words.map((word, index) => {
        const [role, zone] = word.split("/");
        return [`n${index + 1}`, { role: role as Role, ...(zone === undefined ? {} : { zone }) }];
      }),
    ),
  };
}
