/** The disks that a node was installed on, by stable name and serial number. */
import type { DiskDescription, DisksDescription } from "../description";
import { canonicalSerial } from "../hardware";
import type { AdoptionFinding, FoundBmc, FoundNode, HostDisk } from "./facts";

/** Names that say nothing to a person, or that several kinds of links share. They are stable all the same. */
const OPAQUE = /^(wwn-|nvme-eui\.|nvme-nvme\.|scsi-3|dm-|lvm-)/;

const BY_ID = "/dev/disk/by-id/";

/** The disks of a node, as far as they can be told, and what was found about them. */
export function installedDisks(
  node: FoundNode,
  bmc: FoundBmc | undefined,
): { disks?: DisksDescription; finding: AdoptionFinding } {
  const about = (result: AdoptionFinding["result"], detail: string): AdoptionFinding => ({
    subject: node.name,
    check: "disks",
    result,
    detail,
  });
  const given = bmc?.entry.disks;
  if (given !== undefined)
    return { disks: given, finding: about("ok", `as the list says: ${serialsOf(given)}`) };
  if (node.host === undefined)
    return { finding: about("fail", "not known, because its own system was not read") };
  const { installed, disks } = node.host;
  if (installed.device === undefined) {
    return { finding: about("fail", `its install configuration names no device. ${SAY_SO}`) };
  }
  const install = stable(installed.device, disks);
  const wantsData = installed.dataDisk !== undefined && installed.dataDisk !== installed.device;
  const data = wantsData ? stable(installed.dataDisk!, disks) : undefined;
  if (install === undefined || (wantsData && data === undefined)) {
    const lost = install === undefined ? installed.device : installed.dataDisk;
    const seen = disks.map(({ device, serial }) => `${device} ${serial || "without a serial number"}`);
    return {
      finding: about(
        "fail",
        `it was installed on ${lost}, which is none of its disks with a serial number and a stable name (${seen.join(", ") || "none"}). ${SAY_SO}`,
      ),
    };
  }
  const found = { install, ...(data === undefined || data.serial === install.serial ? {} : { data }) };
  const drives = bmc?.system?.drives ?? [];
  if (drives.length === 0) {
    return {
      disks: found,
      finding: about("warn", `${serialsOf(found)}; its BMC lists no disks, so that was not compared`),
    };
  }
  const listed = new Set(drives.map(canonicalSerial));
  const unlisted = Object.values(found).filter(({ serial }) => !listed.has(canonicalSerial(serial)));
  if (unlisted.length === 0) return { disks: found, finding: about("ok", serialsOf(found)) };
  const missing = unlisted.map(({ serial }) => serial).join(", ");
  return {
    disks: found,
    finding: about("fail", `its BMC does not list ${missing}; it lists ${drives.join(", ")}. ${SAY_SO}`),
  };
}

const SAY_SO = "Say in the list which ones they are: disks: {install: {device, serial}}";

function serialsOf({ install, data }: DisksDescription): string {
  return data === undefined ? install.serial : `${install.serial}, data ${data.serial}`;
}

/** The disk that a path names, by a name that stays: the path itself if it is one. */
function stable(path: string, disks: readonly HostDisk[]): DiskDescription | undefined {
  const disk = disks.find(({ device, links }) => device === path || links.includes(path));
  if (disk === undefined || disk.serial === "") return undefined;
  if (disk.links.includes(path)) return { device: path, serial: disk.serial };
  const names = disk.links.filter((link) => !/-part\d+$/.test(link)).sort();
  const telling = names.filter((name) => !OPAQUE.test(name.slice(BY_ID.length)));
  const device = telling.find((name) => name.endsWith(disk.serial)) ?? telling[0] ?? names[0];
  return device === undefined ? undefined : { device, serial: disk.serial };
}
