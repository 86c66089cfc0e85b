import { createHash } from "node:crypto";
import { DEFAULT_NET } from "./net";
import type { DiskHardware, MachineHardware } from "./types";

/** Number of machines in the default site. */
export const DEFAULT_MACHINES = 5;

/** The most machines a site has: their node addresses are .11 to .30, the BMCs' .101 to .120. */
export const MOST_MACHINES = 20;

/**
 * The hardware of a site. It depends on nothing but the numbers of the machines and the net, so the committed stack file can name the
 * default site's serials and addresses; on another net only the addresses differ.
 */
export function siteHardware(net = DEFAULT_NET, count = DEFAULT_MACHINES): MachineHardware[] {
  if (!Number.isInteger(count) || count < 1 || count > MOST_MACHINES) {
    throw new Error(`lab: machines must be a number from 1 to ${MOST_MACHINES}, not ${count}`);
  }
  return Array.from({ length: count }, (_, index) => machineHardware(net, index + 1));
}

function machineHardware(net: string, number: number): MachineHardware {
  const name = `m${number}`;
  const serial = `HVL${1000 + number}`;
  const octet = number.toString(16).padStart(2, "0");
  return {
    name,
    uuid: uuidOf(name),
    serial,
    manufacturer: "Harvester Lab",
    model: "Virtual Server 1U",
    biosVersion: "2.4.1",
    cpuModel: "Lab Xeon Gold 6426Y",
    cores: 16,
    memoryGiB: 64,
    kvm: true,
    bootMode: "UEFI",
    nics: [
      { name: "ens1f0", mac: `52:54:00:77:${octet}:10`, speedMbps: 10_000 },
      { name: "ens1f1", mac: `52:54:00:77:${octet}:11`, speedMbps: 10_000 },
    ],
    disks: [installDisk(number), dataDisk(number)],
    address: `${net}.${10 + number}`,
    bmcAddress: `${net}.${100 + number}`,
  };
}

function installDisk(number: number): DiskHardware {
  const serial = `S4XLAB${String(number).padStart(4, "0")}A`;
  return {
    purpose: "install",
    kernelName: "/dev/sda",
    byId: [`/dev/disk/by-id/ata-LAB_SSD_480G_${serial}`, `/dev/disk/by-id/wwn-0x5002538c${hexOf(serial, 8)}`],
    serial,
    model: "LAB SSD 480G",
    protocol: "SATA",
    bytes: 480_103_981_056,
  };
}

function dataDisk(number: number): DiskHardware {
  const serial = `P7NLAB${String(number).padStart(4, "0")}B`;
  return {
    purpose: "data",
    kernelName: "/dev/nvme0n1",
    byId: [
      `/dev/disk/by-id/nvme-LAB_NVME_1T_${serial}`,
      `/dev/disk/by-id/nvme-eui.0025388b${hexOf(serial, 8)}`,
    ],
    serial,
    model: "LAB NVME 1T",
    protocol: "NVMe",
    bytes: 1_000_204_886_016,
  };
}

function uuidOf(name: string): string {
  const hex = hexOf(`harvester-stack lab machine ${name}`, 32).split("");
  hex[12] = "4";
  hex[16] = "8";
  const text = hex.join("");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    "-",
  );
}

function hexOf(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
