/**
 * Everything that can be wrong in the lab on purpose. A fault that changes what a machine is made of says how; the others are asked for by
 * name where they bite.
 */
import type { DiskHardware, MachineHardware } from "../types";

/** One kind of fault. */
export interface FaultKind {
  /** Whether one machine has it or the whole site; a fault of the site is set on `site`. */
  on: "machine" | "site";
  /** What is wrong while it is active. */
  what: string;
  /** Its arguments, for people. */
  args?: string;
  /** What clearing it leaves. */
  ends: string;
  /** The hardware that everybody sees in place of the machine's own. */
  hardware?: (own: MachineHardware, args: string[], others: readonly MachineHardware[]) => MachineHardware;
}

const BACK = "as if it had never been";
const PARTS = ["cores", "memory", "nic-speed", "kvm", "boot-mode"];

const TABLE = {
  "bmc-silent": {
    on: "machine",
    what: "the BMC takes connections and never says a word",
    ends: "it answers; what waits is answered no more",
  },
  "bmc-certificate": {
    on: "machine",
    what: "the BMC shows a certificate that nobody known has signed",
    ends: "it shows its own again",
  },
  "bmc-busy": {
    on: "machine",
    args: "[n, default 4]",
    what: "the BMC answers every n-th request; all others it refuses with 503 and does nothing",
    ends: "it answers all of them",
  },
  "bmc-answer-lost": {
    on: "machine",
    what: "the BMC does what it is told to change and never says so; what is only read it answers",
    ends: "it answers",
  },
  "bmc-session-ends": {
    on: "machine",
    args: "[requests, default 3]",
    what: "a Redfish session ends after so many requests, without notice",
    ends: "new sessions live as long as they should",
  },
  "power-ignored": {
    on: "machine",
    what: "power actions are accepted and have no effect",
    ends: "the next action works; those before are lost",
  },
  "power-stale": {
    on: "machine",
    args: "[lab seconds, default 60]",
    what: "the BMC shows the power state from before a change for so long",
    ends: "it shows the real state",
  },
  "boot-once-sticks": {
    on: "machine",
    what: "a one-time boot override is kept as Continuous",
    ends: "later overrides are kept as written; the one that stuck stays",
  },
  "boot-override-ignored": {
    on: "machine",
    what: "the firmware boots from the disk whatever the override says, and leaves it set",
    ends: "the next boot obeys it",
  },
  "install-hangs": {
    on: "machine",
    what: "writing the system to the disk comes to a stop",
    ends: "it goes on where it hangs",
  },
  "install-fails": {
    on: "machine",
    what: "writing the system to the disk fails: webhook FAILED",
    ends: "the next installation works; the one that failed stays as it is",
  },
  "install-slow": {
    on: "machine",
    args: "[factor, default 5]",
    what: "writing the system to the disk takes so many times as long",
    ends: "what is left goes at its own speed",
  },
  "config-answer-lost": {
    on: "machine",
    what: "the configuration does not arrive the first time that an installation asks for it: it asks twice",
    ends: "the next installation gets it at once",
  },
  "join-late": {
    on: "machine",
    what: "the installed system does not ask to join for as long as this lasts (--for: so many lab seconds)",
    ends: "it asks",
  },
  "no-route": {
    on: "machine",
    what: "DHCP gives the machine no default route: an installation by DHCP stops without a word",
    ends: "the next boot has one; an installer that stopped stays stopped",
  },
  "no-link": {
    on: "machine",
    args: "[NIC, default the first]",
    what: "nothing is plugged into the network card",
    ends: "the link is up",
    hardware: (own, [nic]) => ({
      ...own,
      nics: own.nics.map((n, i) =>
        (nic === undefined ? i === 0 : n.name === nic) ? { ...n, down: true } : n,
      ),
    }),
  },
  "disk-small": {
    on: "machine",
    args: "[GiB, default 100] [disk]",
    what: "the disk is smaller than Harvester needs",
    ends: BACK,
    hardware: (own, [gib = "100", disk]) =>
      withDisk(own, disk, (found) => [{ ...found, bytes: Number(gib) * 1024 ** 3 }]),
  },
  "disk-missing": {
    on: "machine",
    args: "[disk]",
    what: "the disk is gone: for the BMC, the firmware and the installer",
    ends: "it is there with what was on it",
    hardware: (own, [disk]) => withDisk(own, disk, () => []),
  },
  "disk-failing": {
    on: "machine",
    args: "[disk]",
    what: "the disk is worn out and says so (Redfish, SMART); it still works",
    ends: BACK,
  },
  "cpu-model": {
    on: "machine",
    args: "[model]",
    what: "the machine has another processor than its neighbours",
    ends: BACK,
    hardware: (own, words) => ({ ...own, cpuModel: words.join(" ") || "Lab Xeon Silver 4114" }),
  },
  hardware: {
    on: "machine",
    args: `<${PARTS.join("|")}>=<value> ...`,
    what: "the machine has other hardware: cores, GiB of memory, Mbit/s, kvm=no, boot-mode=Legacy",
    ends: BACK,
    hardware: (own, args) => args.reduce(withPart, own),
  },
  uuid: {
    on: "machine",
    args: "<uuid>",
    what: "the machine has another UUID",
    ends: BACK,
    hardware: (own, [uuid]) => ({ ...own, uuid: uuid ?? own.uuid }),
  },
  "uuid-swapped": {
    on: "machine",
    what: "the first three groups of the UUID are in the other byte order, as after a BIOS update",
    ends: BACK,
    hardware: (own) => ({ ...own, uuid: swapped(own.uuid) }),
  },
  "uuid-of": {
    on: "machine",
    args: "<other machine>",
    what: "the machine has the UUID of another one",
    ends: BACK,
    hardware: (own, [name], others) => ({
      ...own,
      uuid: others.find((other) => other.name === name)?.uuid ?? own.uuid,
    }),
  },
  "board-swapped": {
    on: "machine",
    what: "a new mainboard: other UUID, serial number and MAC addresses, the same disks",
    ends: "the old board is back",
    hardware: (own) => ({
      ...own,
      uuid: own.uuid.replace(/^.{8}/, "b0a2d5a9"),
      serial: `${own.serial}-B`,
      nics: own.nics.map((nic) => ({ ...nic, mac: nic.mac.replace(/^52:54:00/, "52:54:01") })),
    }),
  },
  "etcd-slow": {
    on: "machine",
    args: "[milliseconds of each second, default 700]",
    what: "the machine's etcd stands still for so long in every second, as on a disk that does not keep up; 1000 is always",
    ends: "it goes on",
  },
  "promotion-fails": {
    on: "machine",
    what: "the Job that promotes the node fails: promote-status failed, and nobody else is promoted",
    ends: "the next Job works; the annotation stays until somebody removes it",
  },
  "api-unavailable": {
    on: "site",
    what: "everything at https://VIP answers 503",
    ends: "it answers",
  },
  "api-flapping": {
    on: "site",
    args: "[milliseconds, default 3000]",
    what: "everything at https://VIP answers 503 for so long, works for so long, and so on",
    ends: "it answers",
  },
  "api-slow": {
    on: "site",
    args: "[milliseconds, default 2000]",
    what: "everything at https://VIP answers so much later",
    ends: "it answers at once",
  },
  "vip-clash": {
    on: "site",
    what: "something that is no Harvester has the address of the VIP and answers there",
    ends: "the address is free",
  },
} satisfies Record<string, FaultKind>;

/** Names of the faults. */
export type FaultName = keyof typeof TABLE;

/** The faults by name. */
export const FAULTS: Record<FaultName, FaultKind> = TABLE;

/** The disk that a fault's argument names: a serial number, `data`, or `install`, which is the default. */
export function diskOf(hardware: MachineHardware, name = "install"): DiskHardware {
  const found = hardware.disks.find((disk) => disk.serial === name || disk.purpose === name);
  if (found === undefined) {
    const serials = hardware.disks.map((disk) => disk.serial).join(", ");
    throw new Error(`${hardware.name} has no disk "${name}"; it has install, data, or by serial ${serials}`);
  }
  return found;
}

function withDisk(
  own: MachineHardware,
  name: string | undefined,
  change: (disk: DiskHardware) => DiskHardware[],
): MachineHardware {
  const found = diskOf(own, name);
  return { ...own, disks: own.disks.flatMap((disk) => (disk === found ? change(disk) : [disk])) };
}

function withPart(own: MachineHardware, word: string): MachineHardware {
  const [part = "", value = ""] = word.split("=");
  const number = Number(value);
  switch (part) {
    case "cores":
      return { ...own, cores: number };
    case "memory":
      return { ...own, memoryGiB: number };
    case "nic-speed":
      return { ...own, nics: own.nics.map((nic) => ({ ...nic, speedMbps: number })) };
    case "kvm":
      return { ...own, kvm: value !== "no" };
    case "boot-mode":
      return { ...own, bootMode: value === "Legacy" ? "Legacy" : "UEFI" };
    default:
      throw new Error(`"${word}" is no part of a machine; known: ${PARTS.join(", ")}, each with =<value>`);
  }
}

function swapped(uuid: string): string {
  const [a = "", b = "", c = "", ...rest] = uuid.split("-");
  const turn = (group: string) => (group.match(/../g) ?? []).reverse().join("");
  return [turn(a), turn(b), turn(c), ...rest].join("-");
}
