import type { HardwareDescription } from "../../description";
import { normaliseMac, parseUrl } from "../../formats";
import { canonicalSerial, canonicalUuid, sameUuid, uuidDigits } from "../../hardware";
import { at, duplicates, type KnownNode, type Rule } from "../rule";
import type { Known } from "../shape";

/** UUIDs that boards carry when nobody has set one, so that they name no host in particular. */
const PLACEHOLDER_UUIDS = [
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "03000200-0400-0500-0006-000700080009",
].map(canonicalUuid);

/** Serial numbers that boards carry when nobody has set one. */
const PLACEHOLDER_SERIALS = [
  "TO BE FILLED BY O.E.M.",
  "DEFAULT STRING",
  "SYSTEM SERIAL NUMBER",
  "NOT SPECIFIED",
  "NOT APPLICABLE",
  "NONE",
  "0",
  "0123456789",
  "123456789",
];

/** The rules over hosts: UUIDs, serial numbers, network cards and BMCs, each of which belongs to one node. */
export const hardwareRules: readonly Rule[] = [
  {
    id: "uuid",
    about: "The system UUID is one, and not a placeholder that many boards share.",
    source: "Harvester needs a unique DMI product_uuid for each node (harvester#4025)",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const uuid = node.hardware?.uuid;
        if (uuid === undefined) continue;
        const property = `${path}.hardware.uuid`;
        if (uuidDigits(uuid) === undefined) {
          yield at(
            property,
            `"${uuid}" is no UUID: copy what the BMC reports, e.g. 4c4c4544-0042-3510-8052-b4c04f4e4d32.`,
          );
        } else if (PLACEHOLDER_UUIDS.includes(canonicalUuid(uuid))) {
          yield at(
            property,
            `"${uuid}" is what unset boards report; it names no host. Set a real one in the BIOS.`,
          );
        }
      }
    },
  },
  {
    id: "uuid-unique",
    about: "No two nodes have one UUID, in whichever byte order.",
    source: "harvester#4025",
    *judge({ nodes }) {
      yield* duplicates(
        boardsOf(nodes, "hardware"),
        (uuid, first) =>
          `${uuid} names the same host as ${first} (in one byte order or the other): one host is one node.`,
      );
    },
  },
  {
    id: "serial",
    about: "The system's serial number is not empty.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        if (node.hardware?.serial?.trim() === "") {
          yield at(
            `${path}.hardware.serial`,
            "is empty: copy what the BMC reports, it tells this host from every other.",
          );
        }
      }
    },
  },
  {
    id: "serial-placeholder",
    about: "The system's serial number is no placeholder.",
    severity: "warning",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const serial = node.hardware?.serial;
        if (serial !== undefined && PLACEHOLDER_SERIALS.includes(canonicalSerial(serial))) {
          yield at(
            `${path}.hardware.serial`,
            `"${serial}" is what unset boards report: only the UUID tells this host apart.`,
          );
        }
      }
    },
  },
  {
    id: "serial-unique",
    about: "No two nodes have one serial number.",
    *judge({ nodes }) {
      yield* duplicates(
        nodes.flatMap(({ path, node }) => {
          const serial = canonicalSerial(node.hardware?.serial ?? "");
          const meaningless = serial === "" || PLACEHOLDER_SERIALS.includes(serial);
          return meaningless ? [] : [{ property: `${path}.hardware.serial`, value: serial }];
        }),
        (serial, first) => `${serial} is also given at ${first}: one host is one node.`,
      );
    },
  },
  {
    id: "was-hardware",
    about: "A swapped board was another one, and no other node's.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const uuid = node.wasHardware?.uuid;
        if (uuid !== undefined && uuidDigits(uuid) === undefined) {
          yield at(`${path}.wasHardware.uuid`, `"${uuid}" is no UUID: copy what stood in \`hardware.uuid\`.`);
        }
        if (isSameHost(node.hardware, node.wasHardware)) {
          yield at(
            `${path}.wasHardware`,
            "is what `hardware` is now: without a swapped board, leave it out.",
          );
        }
      }
      const explain = (uuid: string, first: string) =>
        `${uuid} is also given at ${first}: a board belongs to one node.`;
      const present = boardsOf(nodes, "hardware");
      const gone = boardsOf(nodes, "wasHardware");
      for (const board of gone) {
        const other = present.find(({ value, node }) => value === board.value && node !== board.node);
        if (other !== undefined) yield at(board.property, explain(board.shown, other.property));
      }
      yield* duplicates(gone, explain);
    },
  },
  {
    id: "interfaces",
    about: "A node has at least one interface; each has a name or a MAC address, and none is the loopback.",
    source: "harvester-installer pkg/console/validator.go checkInterface",
    *judge({ nodes, absent }) {
      for (const { path, node } of nodes) {
        if (node.interfaces?.length === 0) {
          yield at(
            `${path}.interfaces`,
            "is empty: the installer stops without a word if no interface is given.",
          );
        }
        for (const [index, nic] of (node.interfaces ?? []).entries()) {
          const property = `${path}.interfaces[${index}]`;
          if (nic === undefined) continue;
          if (absent(`${property}.name`) && absent(`${property}.hwAddr`)) {
            yield at(property, "names no interface: give hwAddr (best: it cannot change), name, or both.");
          }
          if (nic.hwAddr !== undefined && normaliseMac(nic.hwAddr) === undefined) {
            yield at(
              `${property}.hwAddr`,
              `"${nic.hwAddr}" is no MAC address: write it as 52:54:00:12:34:56.`,
            );
          }
          if (nic.name === "lo")
            yield at(`${property}.name`, "the loopback cannot carry the management network.");
          if (nic.name !== undefined && !/^[^\s/:]{1,15}$/.test(nic.name)) {
            yield at(
              `${property}.name`,
              `"${nic.name}" is no interface name: at most 15 characters, no blank, "/" or ":".`,
            );
          }
        }
      }
    },
  },
  {
    id: "mac-unique",
    about: "No two interfaces have one MAC address, and the VIP has another one.",
    *judge({ cluster, nodes }) {
      const vip = normaliseMac(cluster.vip?.hardwareAddress ?? "");
      const macs = nodes.flatMap(({ path, node }) =>
        (node.interfaces ?? []).flatMap((nic, index) => {
          const value = normaliseMac(nic?.hwAddr ?? "");
          return value === undefined ? [] : [{ property: `${path}.interfaces[${index}].hwAddr`, value }];
        }),
      );
      yield* duplicates(
        vip === undefined ? macs : [{ property: "vip.hardwareAddress", value: vip }, ...macs],
        (mac, first) => `${mac} is already given at ${first}: a MAC address belongs to one interface.`,
      );
    },
  },
  {
    id: "interface-unique",
    about: "A node names no interface twice.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        yield* duplicates(
          (node.interfaces ?? []).flatMap((nic, index) =>
            nic?.name === undefined
              ? []
              : [{ property: `${path}.interfaces[${index}].name`, value: nic.name }],
          ),
          (name, first) => `"${name}" is already given at ${first}.`,
        );
      }
    },
  },
  {
    id: "bmc-endpoint",
    about: "A BMC's endpoint is an http(s) URL without path, query or login.",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const endpoint = node.bmc?.endpoint;
        if (endpoint === undefined) continue;
        const url = parseUrl(endpoint);
        const property = `${path}.bmc.endpoint`;
        if (url === undefined || !/^https?:$/.test(url.protocol)) {
          yield at(property, `"${endpoint}" is no URL of a Redfish service: write it as https://10.0.0.21.`);
        } else if (url.username !== "" || url.password !== "") {
          yield at(property, "contains a login, which would end up in logs: use `user` and `password`.");
        } else if (url.pathname.replace(/\/+$/, "") !== "" || url.search !== "" || url.hash !== "") {
          yield at(
            property,
            `"${endpoint}" has more than a host: leave out what follows it, /redfish/v1 is added here.`,
          );
        }
      }
    },
  },
  {
    id: "bmc-unique",
    about: "No two nodes are behind one BMC, unless each names its system there.",
    *judge({ nodes, absent }) {
      const places = nodes.flatMap(({ path, node }) => {
        const url = parseUrl(node.bmc?.endpoint ?? "");
        if (url === undefined || node.bmc === undefined) return [];
        const system = node.bmc.systemId;
        if (system === undefined && !absent(`${path}.bmc.systemId`)) return [];
        return [{ property: `${path}.bmc.endpoint`, value: url.host, system }];
      });
      for (const [index, place] of places.entries()) {
        const twin = places
          .slice(0, index)
          .find(
            ({ value, system }) =>
              value === place.value && (!system || !place.system || system === place.system),
          );
        if (twin !== undefined) {
          yield at(
            place.property,
            `${place.value} is also the BMC at ${twin.property}: switching one node would switch the other. ` +
              "Correct one, or tell several systems behind one BMC apart by systemId.",
          );
        }
      }
    },
  },
];

/** The boards that are or were in the nodes, by UUID in whichever byte order. */
function boardsOf(nodes: readonly KnownNode[], field: "hardware" | "wasHardware") {
  return nodes.flatMap(({ path, node }) => {
    const shown = node[field]?.uuid ?? "";
    const value = canonicalUuid(shown);
    return value === undefined ? [] : [{ node: path, property: `${path}.${field}.uuid`, value, shown }];
  });
}

function isSameHost(
  left: Known<HardwareDescription> | undefined,
  right: Known<HardwareDescription> | undefined,
) {
  return (
    sameUuid(left?.uuid ?? "", right?.uuid ?? "") &&
    left?.serial !== undefined &&
    right?.serial !== undefined &&
    canonicalSerial(left.serial) === canonicalSerial(right.serial)
  );
}
