/** What a node's system says of the hardware under it: disks with their stable names, network interfaces, DMI. */
import type { NicHardware } from "../../types";
import { failed, ok, type Program, type Session } from "./program";

const BY_ID = "/dev/disk/by-id";
const DMI = "/sys/class/dmi/id/";

/** `lsblk --json --nodeps --bytes --output NAME,SERIAL,SIZE,TYPE`: the disks; other columns and lists it does not know. */
export const lsblk: Program = async ({ machine }, args) => {
  if (!args.includes("--json")) return failed(1, "lsblk: only --json is available on this machine");
  const blockdevices = machine.hardware.disks.map(({ kernelName, serial, bytes }) => ({
    name: kernelName.replace("/dev/", ""),
    serial,
    size: bytes,
    type: "disk",
  }));
  return ok(`${JSON.stringify({ blockdevices })}\n`);
};

/** `find /dev/disk/by-id -type l -printf '%f %l\n'`: udev's links, one a line; nothing else is searched. */
export const find: Program = async ({ machine }, [folder, ...rest]) => {
  if (folder !== BY_ID || !rest.includes("%f %l\\n"))
    return failed(1, `find: '${folder}': not on this machine`);
  const links = machine.hardware.disks.flatMap(({ byId, kernelName }) =>
    byId.map((name) => `${name.replace(`${BY_ID}/`, "")} ../../${kernelName.replace("/dev/", "")}\n`),
  );
  return ok(links.join(""));
};

/**
 * `ip -json addr`: the network cards and the bridge that holds the node's address. Cards of one bond show the address of the first, and
 * their own as `permaddr` (iproute2, ip/ipaddress.c).
 */
export const ip: Program = async (session, args) => {
  if (args[0] !== "-json" || args[1] !== "addr") return failed(1, 'Object "addr" is all that is known here');
  const { nics } = session.machine.hardware;
  const [first] = nics;
  const cards = nics.map((nic) => ({ ifname: nic.name, ...bonded(nic, first), addr_info: [] }));
  const address = { family: "inet", local: session.identity.address, prefixlen: 24 };
  return ok(
    `${JSON.stringify([...cards, { ifname: "mgmt-br", address: first?.mac, addr_info: [address] }])}\n`,
  );
};

function bonded({ mac }: NicHardware, first: NicHardware | undefined): object {
  return first === undefined || mac === first.mac ? { address: mac } : { address: first.mac, permaddr: mac };
}

/** A file of sysfs; undefined where the lab has none of that name. */
export function sysfsFile({ machine, user }: Session, file: string): string | undefined {
  if (!file.startsWith(DMI) || user !== "root") return undefined;
  const { uuid, serial } = machine.hardware;
  const values: Record<string, string> = {
    product_serial: serial,
    product_uuid: uuid,
    chassis_asset_tag: machine.assetTag,
  };
  const value = values[file.slice(DMI.length)];
  return value === undefined ? undefined : `${value}\n`;
}
