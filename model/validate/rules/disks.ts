import type { DiskDescription } from "../../description";
import { canonicalSerial } from "../../hardware";
import { isAtLeast } from "../../versions";
import { at, duplicates, type Facts, type KnownNode, type Rule } from "../rule";
import type { Known } from "../shape";

interface Place {
  path: string;
  disk: Known<DiskDescription>;
}

/** The rules over disks: each is named so that no other can be wiped in its place. */
export const diskRules: readonly Rule[] = [
  {
    id: "disk-device",
    about: "Disks are named by /dev/disk/by-id or by-path, never by a partition.",
    source: "harvester-installer resolves symlinks before it looks the disk up [pkg/util/disk.go]",
    *judge({ nodes }) {
      for (const { path, disk } of nodes.flatMap(placesOf)) {
        const device = disk.device;
        if (device === undefined) continue;
        const property = `${path}.device`;
        if (!/^\/dev\/disk\/by-(id|path)\/[^\s/]+$/.test(device)) {
          yield at(
            property,
            `"${device}" is no stable name: names such as /dev/sda or /dev/nvme0n1 change with a reboot, and the wrong disk ` +
              "would be wiped. Use /dev/disk/by-id/... (ls -l /dev/disk/by-id shows which).",
          );
        } else if (/-part\d+$/.test(device)) {
          yield at(
            property,
            `"${device}" is a partition: the installer wants the whole disk, without -partN.`,
          );
        }
      }
    },
  },
  {
    id: "disk-serial",
    about: "Disks have serial numbers.",
    *judge({ nodes }) {
      for (const { path, disk } of nodes.flatMap(placesOf)) {
        if (disk.serial?.trim() === "") {
          yield at(
            `${path}.serial`,
            "is empty: a disk is wiped only if its serial number was reviewed (lsblk -o NAME,SERIAL).",
          );
        }
      }
    },
  },
  {
    id: "disk-name-has-serial",
    about:
      "A name below /dev/disk/by-id that is made of model and serial number holds the disk's serial number.",
    source: "systemd rules.d/60-persistent-storage.rules: ID_SERIAL; blanks become underscores",
    *judge({ nodes }) {
      for (const { path, disk } of nodes.flatMap(placesOf)) {
        const name = /^\/dev\/disk\/by-id\/((?:ata|nvme|scsi-S|usb|virtio|mmc)\S*)$/.exec(
          disk.device ?? "",
        )?.[1];
        const serial = disk.serial?.trim() ?? "";
        // Names by world-wide number hold no serial number, and long serials are cut.
        if (name === undefined || serial === "" || /^nvme-(eui|nvme|uuid)\./.test(name)) continue;
        const plain = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
        if (plain(name).includes(plain(serial).slice(0, 16))) continue;
        yield at(
          `${path}.device`,
          `"${name}" does not hold the serial number ${serial}: the reviewed disk and the wiped one would be two. Give the name and the ` +
            "serial number of one disk (lsblk -o NAME,SERIAL; ls -l /dev/disk/by-id).",
        );
      }
    },
  },
  {
    id: "data-disk-separate",
    about: "The data disk is another one than the install disk.",
    source: "an equal data_disk is dropped silently [harvester-installer pkg/console/util.go]",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        const { install, data } = node.disks ?? {};
        if (data === undefined || install === undefined) continue;
        const sameSerial =
          data.serial !== undefined && canonicalSerial(data.serial) === canonicalSerial(install.serial ?? "");
        if (sameSerial || (data.device !== undefined && data.device === install.device)) {
          yield at(
            `${path}.disks.data`,
            "is the install disk: leave `data` out to keep the data there, or name another disk.",
          );
        }
      }
    },
  },
  {
    id: "disk-unique",
    about: "Each disk is given once in the whole cluster.",
    *judge({ nodes }) {
      // Install against data on one node is the business of data-disk-separate, which says it better.
      const places = nodes.flatMap((node) =>
        placesOf(node).filter(({ path }) => !isRepeatedData(node, path)),
      );
      yield* duplicates(
        places.flatMap(({ path, disk }) =>
          disk.serial === undefined || disk.serial.trim() === ""
            ? []
            : [{ property: `${path}.serial`, value: canonicalSerial(disk.serial) }],
        ),
        (serial, first) =>
          `${serial} is already given at ${first}: a disk is in one machine and has one use.`,
      );
      // by-path names are alike in machines of one model, by-id names are not.
      yield* duplicates(
        places.flatMap(({ path, disk }) =>
          disk.device?.startsWith("/dev/disk/by-id/")
            ? [{ property: `${path}.device`, value: disk.device }]
            : [],
        ),
        (device, first) =>
          `${device} is already given at ${first}: a disk is in one machine and has one use.`,
      );
    },
  },
  {
    id: "wipe-version",
    about: "Further disks are wiped only by installers that can.",
    source: "install.wipe_disks_list came with v1.5 [harvester-installer pkg/config/config.go]",
    *judge({ nodes, version }) {
      if (version === undefined || isAtLeast(version, "1.5")) return;
      for (const { path, node } of nodes) {
        if ((node.disks?.wipe ?? []).length > 0) {
          yield at(
            `${path}.disks.wipe`,
            `the installer of ${version} cannot wipe chosen disks (v1.5 can): wipe them by hand.`,
          );
        }
      }
    },
  },
];

function placesOf({ path, node }: KnownNode): Place[] {
  const { install, data, wipe } = node.disks ?? {};
  const places: (Place | undefined)[] = [
    install && { path: `${path}.disks.install`, disk: install },
    data && { path: `${path}.disks.data`, disk: data },
    ...(wipe ?? []).map((disk, index) => disk && { path: `${path}.disks.wipe[${index}]`, disk }),
  ];
  return places.filter((place) => place !== undefined);
}

function isRepeatedData({ path, node }: Facts["nodes"][number], place: string): boolean {
  const { install, data } = node.disks ?? {};
  if (place !== `${path}.disks.data` || install === undefined || data === undefined) return false;
  return install.device === data.device || install.serial === data.serial;
}
