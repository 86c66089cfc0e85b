import { normaliseMac } from "../../formats";
import { parseAddress, parseRange } from "../../ipv4";
import { at, type Facts, type Rule } from "../rule";
import { outsideHosts, subnetOf } from "./network";

const UNCHECKED =
  "not checked by an automatic installation [harvester-installer pkg/console/install_panels.go]";
const PERMANENT = "The VIP cannot be changed after the installation (harvester#2063).";

/** The rules over the VIP: an address of its own, which cannot be changed once the cluster is there. */
export const vipRules: readonly Rule[] = [
  {
    id: "vip-address",
    about: "The VIP is an IPv4 address.",
    source: "harvester-installer pkg/console/validator.go checkVip",
    *judge({ cluster }) {
      const text = cluster.vip?.address;
      if (text !== undefined && parseAddress(text) === undefined) {
        yield at("vip.address", `"${text}" is no IPv4 address, and the installer takes nothing else.`);
      }
    },
  },
  {
    id: "vip-in-subnet",
    about: "The VIP is a host address of the management network.",
    source: UNCHECKED,
    *judge(facts) {
      const address = vipOf(facts);
      const network = subnetOf(facts);
      const why = address === undefined || network === undefined ? undefined : outsideHosts(address, network);
      if (why !== undefined) {
        const subnet = facts.cluster.managementNetwork?.subnet;
        yield at(
          "vip.address",
          `${facts.cluster.vip?.address} ${why} (subnet ${subnet}): nobody could reach it. ${PERMANENT}`,
        );
      }
    },
  },
  {
    id: "vip-not-gateway",
    about: "The VIP is not the gateway.",
    source: UNCHECKED,
    *judge({ cluster }) {
      const vip = cluster.vip?.address;
      if (vip !== undefined && vip === cluster.managementNetwork?.gateway) {
        yield at(
          "vip.address",
          `${vip} is the gateway: the cluster would cut everybody off. Give a free address.`,
        );
      }
    },
  },
  {
    id: "vip-not-node",
    about: "The VIP is no node's address.",
    source: UNCHECKED,
    *judge({ cluster, nodes }) {
      for (const { key, node } of nodes) {
        if (node.address !== undefined && node.address === cluster.vip?.address) {
          yield at(
            "vip.address",
            `${node.address} is also the address of node ${key}; the VIP moves between nodes and needs an address of its own. ` +
              PERMANENT,
          );
        }
      }
    },
  },
  {
    id: "vip-not-bmc",
    about: "The VIP is no BMC's address.",
    *judge({ cluster, nodes }) {
      for (const { key, node } of nodes) {
        const endpoint = node.bmc?.endpoint;
        const host =
          endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint).hostname : undefined;
        if (host !== undefined && host === cluster.vip?.address) {
          yield at(
            "vip.address",
            `${host} is the address of ${key}'s BMC: give the VIP a free address. ${PERMANENT}`,
          );
        }
      }
    },
  },
  {
    id: "vip-outside-dhcp-range",
    about: "A static VIP lies outside the DHCP range.",
    source: UNCHECKED,
    *judge(facts) {
      const { cluster, absent } = facts;
      const range = parseRange(cluster.managementNetwork?.dhcpRange ?? "");
      const address = vipOf(facts);
      const fixed = cluster.vip?.mode === "static" || absent("vip.mode");
      if (
        fixed &&
        range !== undefined &&
        address !== undefined &&
        address >= range.first &&
        address <= range.last
      ) {
        yield at(
          "vip.address",
          `${cluster.vip?.address} lies in the DHCP range ${cluster.managementNetwork?.dhcpRange}, so another host may get it. ` +
            `Give an address outside of it. ${PERMANENT}`,
        );
      }
    },
  },
  {
    id: "vip-dhcp-mac",
    about: "A VIP by DHCP names the MAC address that the DHCP server knows it by; a static one names none.",
    source: "harvester-installer pkg/console/validator.go checkVip",
    *judge({ cluster, absent }) {
      const mac = cluster.vip?.hardwareAddress;
      const property = "vip.hardwareAddress";
      if (cluster.vip?.mode === "dhcp" && absent(property)) {
        yield at(
          property,
          "is missing: with mode dhcp the VIP is asked for with this MAC address. Reserve one for it.",
        );
      }
      if (
        mac !== undefined &&
        cluster.vip !== undefined &&
        cluster.vip.mode !== "dhcp" &&
        !isUnknownMode(cluster.vip, absent)
      ) {
        yield at(property, "has no effect on a static VIP: remove it, or set mode to dhcp.");
      }
      if (mac !== undefined && normaliseMac(mac) === undefined) {
        yield at(property, `"${mac}" is no MAC address: write it as 52:54:00:12:34:56.`);
      }
    },
  },
];

function vipOf({ cluster }: Facts): number | undefined {
  return cluster.vip?.address === undefined ? undefined : parseAddress(cluster.vip.address);
}

function isUnknownMode(vip: { mode?: unknown }, absent: (path: string) => boolean): boolean {
  return vip.mode === undefined && !absent("vip.mode");
}
