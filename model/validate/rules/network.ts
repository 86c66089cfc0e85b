import { isDnsSubdomain } from "../../formats";
import { contains, formatAddress, type Network, parseAddress, parseNetwork, parseRange } from "../../ipv4";
import { at, duplicates, type Facts, type Rule } from "../rule";

/** Bond modes [harvester-installer pkg/config/cos.go]. */
const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
];

const VALIDATOR = "harvester-installer pkg/console/validator.go";

/** The management network, if it is known and well-formed. */
export function subnetOf({ cluster }: Facts): Network | undefined {
  const subnet = cluster.managementNetwork?.subnet;
  return subnet === undefined ? undefined : parseNetwork(subnet);
}

/** Why a host cannot have the address in the network; undefined when it can. */
export function outsideHosts(address: number, network: Network): string | undefined {
  if (!contains(network, address)) return "does not lie in it";
  if (address === network.network) return "is its network address, which no host can have";
  if (address === network.broadcast) return "is its broadcast address, which no host can have";
  return undefined;
}

/** Whether nodes get their addresses by hand: only when it is said or left out, not when it is unknown. */
export function isStatic({ cluster, absent }: Facts): boolean {
  return cluster.managementNetwork?.method === "static" || absent("managementNetwork.method");
}

/** The rules over the management network, and over the addresses of nodes and of the boot server in it. */
export const networkRules: readonly Rule[] = [
  {
    id: "subnet",
    about: "The subnet is an IPv4 network in CIDR notation with room for hosts.",
    source: `${VALIDATOR} (IPv4 only)`,
    *judge({ cluster }) {
      const text = cluster.managementNetwork?.subnet;
      if (text === undefined) return;
      const network = parseNetwork(text);
      const property = "managementNetwork.subnet";
      if (network === undefined) {
        yield at(property, `"${text}" is no IPv4 network: write it as 192.168.10.0/24.`);
      } else if (network.prefix < 8 || network.prefix > 30) {
        yield at(property, `"${text}" cannot hold a cluster: use a prefix from /8 to /30.`);
      } else if (!text.startsWith(`${formatAddress(network.network)}/`)) {
        const right = `${formatAddress(network.network)}/${network.prefix}`;
        yield at(property, `"${text}" is an address inside a network, not a network: did you mean ${right}?`);
      }
    },
  },
  {
    id: "gateway",
    about: "A static network has a gateway, which is a host address of the subnet.",
    source: `${VALIDATOR} checkNetworks: the installer stops silently without one`,
    *judge(facts) {
      const { cluster, absent } = facts;
      const text = cluster.managementNetwork?.gateway;
      const property = "managementNetwork.gateway";
      if (text === undefined) {
        if (cluster.managementNetwork !== undefined && isStatic(facts) && absent(property)) {
          yield at(
            property,
            "is missing: a static network needs one, or the installer stops without a word.",
          );
        }
        return;
      }
      yield* hostOfSubnet(facts, property, text, "gateway");
    },
  },
  {
    id: "dns-required",
    about: "A static network has DNS servers.",
    source: `${VALIDATOR} ErrMsgMgmtInterfaceStaticNoDNS`,
    *judge(facts) {
      const { cluster, absent } = facts;
      const property = "managementNetwork.dnsNameservers";
      const none = absent(property) || cluster.managementNetwork?.dnsNameservers?.length === 0;
      if (cluster.managementNetwork !== undefined && isStatic(facts) && none) {
        yield at(
          property,
          "is missing: a static network needs DNS servers, or the installer stops without a word.",
        );
      }
    },
  },
  {
    id: "dns-address",
    about: "DNS servers are different IPv4 addresses.",
    source: `${VALIDATOR} checkIPList`,
    *judge({ cluster }) {
      const servers = (cluster.managementNetwork?.dnsNameservers ?? []).map((value, index) => ({
        property: `managementNetwork.dnsNameservers[${index}]`,
        value,
      }));
      for (const { property, value } of servers) {
        if (value !== undefined && parseAddress(value) === undefined) {
          yield at(
            property,
            `"${value}" is no IPv4 address, and the installer takes nothing else for a DNS server.`,
          );
        }
      }
      yield* duplicates(
        servers.flatMap(({ property, value }) => (value === undefined ? [] : [{ property, value }])),
        (shown, first) => `${shown} is already listed at ${first}: remove one of them.`,
      );
    },
  },
  {
    id: "dhcp-range",
    about: "The DHCP range lies in the subnet.",
    *judge(facts) {
      const text = facts.cluster.managementNetwork?.dhcpRange;
      if (text === undefined) return;
      const range = parseRange(text);
      const network = subnetOf(facts);
      const property = "managementNetwork.dhcpRange";
      if (range === undefined) {
        yield at(property, `"${text}" is no range: write it as 192.168.10.100-192.168.10.200.`);
      } else if (
        network !== undefined &&
        !(contains(network, range.first) && contains(network, range.last))
      ) {
        yield at(
          property,
          `"${text}" does not lie in ${facts.cluster.managementNetwork?.subnet}: one of the two is wrong.`,
        );
      }
    },
  },
  {
    id: "mtu",
    about: "The MTU is 0 (the default) or 576 to 9000.",
    source: `${VALIDATOR} checkMTU; for DHCP it is not even checked there`,
    *judge({ cluster }) {
      const mtu = cluster.managementNetwork?.mtu;
      if (mtu !== undefined && mtu > 0 && mtu < 576) {
        yield at(
          "managementNetwork.mtu",
          `${mtu} is too small: give 576 to 9000, or 0 for the default of 1500.`,
        );
      }
    },
  },
  {
    id: "bond-mode",
    about: "The bond mode is one that Linux knows.",
    source: "harvester-installer pkg/config/templates; docs harvester-configuration",
    *judge({ cluster }) {
      const mode = cluster.managementNetwork?.bondOptions?.mode;
      if (mode !== undefined && !BOND_MODES.includes(mode)) {
        yield at(
          "managementNetwork.bondOptions.mode",
          `"${mode}" is no bond mode: use one of ${BOND_MODES.join(", ")}.`,
        );
      }
    },
  },
  {
    id: "node-address",
    about:
      "A static node has an address: a host address of the subnet, not the gateway's, outside the DHCP range.",
    source: `${VALIDATOR} checkNetworks (address, mask and gateway are mandatory); the rest is plain networking`,
    *judge(facts) {
      const range = parseRange(facts.cluster.managementNetwork?.dhcpRange ?? "");
      const gateway = facts.cluster.managementNetwork?.gateway;
      for (const { path, node } of facts.nodes) {
        const property = `${path}.address`;
        if (node.address === undefined) {
          if (isStatic(facts) && facts.absent(property)) {
            yield at(property, "is missing: a static node needs one, or the installer stops without a word.");
          }
          continue;
        }
        yield* hostOfSubnet(facts, property, node.address, "address");
        if (node.address === gateway) {
          yield at(
            property,
            `${node.address} is the gateway's address: the node would cut everybody off. Give a free one.`,
          );
        }
        const address = parseAddress(node.address);
        if (address !== undefined && range !== undefined && address >= range.first && address <= range.last) {
          if (isStatic(facts)) {
            yield at(
              property,
              `${node.address} lies in the DHCP range, so another host may get it. Give one outside.`,
            );
          }
        }
      }
    },
  },
  {
    id: "node-address-unique",
    about: "No two nodes have one address.",
    *judge({ nodes }) {
      yield* duplicates(
        nodes.flatMap(({ path, node: { address } }) =>
          address === undefined ? [] : [{ property: `${path}.address`, value: address }],
        ),
        (address, first) => `${address} is taken by ${first}: give each node an address of its own.`,
      );
    },
  },
  {
    id: "boot-server-address",
    about: "The boot server listens on an IPv4 address that machines can reach and no node or VIP takes.",
    *judge({ cluster, nodes }) {
      const address = cluster.bootServer?.address;
      if (address === undefined) return;
      const property = "bootServer.address";
      if (parseAddress(address) === undefined || parseAddress(address) === 0) {
        yield at(
          property,
          `"${address}" cannot be put into the URLs that machines boot from: give an IPv4 address of this host.`,
        );
      }
      if (address === cluster.vip?.address) {
        yield at(
          property,
          `${address} is the VIP, which the cluster takes over: give another address of this host.`,
        );
      }
      for (const { key, node } of nodes) {
        if (node.address === address) {
          yield at(
            property,
            `${address} is the address of node ${key}: give an address of the host that runs this program.`,
          );
        }
      }
    },
  },
  {
    id: "ssh-host",
    about: "SSH hosts are addresses or names.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const host = node.ssh?.host;
        if (host !== undefined && !isDnsSubdomain(host)) {
          yield at(`${path}.ssh.host`, `"${host}" is neither an address nor a DNS name.`);
        }
      }
    },
  },
];

function* hostOfSubnet(facts: Facts, property: string, text: string, what: string) {
  const address = parseAddress(text);
  if (address === undefined) {
    yield at(property, `"${text}" is no IPv4 address, and the installer takes nothing else.`);
    return;
  }
  const network = subnetOf(facts);
  const why = network === undefined ? undefined : outsideHosts(address, network);
  if (why !== undefined) {
    yield at(property, `the ${what} ${text} ${why} (subnet ${facts.cluster.managementNetwork?.subnet}).`);
  }
}
