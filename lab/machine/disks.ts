import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJson, writeFileAtomic, writeJson } from "../files";
import type { DiskHardware, HarvesterConfig, InstalledSystem } from "../types";
import { harvesterConfigFile } from "./config";

/** What is on a disk. `writing` is what an interrupted installation leaves: nothing boots from it. */
export interface DiskContent {
  state: "blank" | "writing" | "system" | "data";
  /** Labels of the partitions. */
  partitions: string[];
}

interface SystemFile {
  version: string;
  mode: "create" | "join";
}

/** Why a disk lost what was on it. */
export type WipeReason = "install-device" | "data-disk" | "wipe-disks-list" | "wipe-all-disks";

const SYSTEM_PARTITIONS = ["COS_GRUB", "COS_OEM", "COS_STATE", "COS_RECOVERY", "COS_PERSISTENT"];
const DATA_PARTITION = "HARV_LH_DEFAULT";

/** The disks of one machine, each a folder named by its serial number. */
export class Disks {
  constructor(
    private readonly dir: string,
    private readonly present: () => readonly DiskHardware[],
  ) {}

  /** The disks that are in the machine now. */
  get hardware(): readonly DiskHardware[] {
    return this.present();
  }

  /** The disk that a device path names, be it a kernel name or a stable name. */
  find(path: string): DiskHardware | undefined {
    return this.hardware.find((disk) => disk.kernelName === path || disk.byId.includes(path));
  }

  content(disk: DiskHardware): DiskContent {
    return readJson<DiskContent>(join(this.#folder(disk), "disk.json")) ?? { state: "blank", partitions: [] };
  }

  /** Destroys the partition table and with it all that was on the disk. */
  wipe(disk: DiskHardware): void {
    this.#record(disk, { state: "blank", partitions: [] });
    rmSync(this.#root(disk), { recursive: true, force: true });
  }

  /** From here until `finishSystem` the disk boots nothing. */
  beginSystem(disk: DiskHardware): void {
    this.#record(disk, { state: "writing", partitions: [] });
    rmSync(this.#root(disk), { recursive: true, force: true });
  }

  /** The system is complete on the disk. */
  finishSystem(
    disk: DiskHardware,
    system: SystemFile & { config: HarvesterConfig },
    withData: boolean,
  ): void {
    const root = this.#root(disk);
    mkdirSync(join(root, "oem"), { recursive: true, mode: 0o700 });
    writeFileAtomic(join(root, "oem", "harvester.config"), harvesterConfigFile(system.config), 0o600);
    writeJson(join(root, "config.json"), system.config, 0o600);
    writeJson(join(root, "system.json"), { version: system.version, mode: system.mode } satisfies SystemFile);
    this.#record(disk, {
      state: "system",
      partitions: withData ? [...SYSTEM_PARTITIONS, DATA_PARTITION] : SYSTEM_PARTITIONS,
    });
  }

  /** Formats a disk that carries nothing but Longhorn's data. */
  formatData(disk: DiskHardware): void {
    rmSync(this.#root(disk), { recursive: true, force: true });
    this.#record(disk, { state: "data", partitions: [DATA_PARTITION] });
  }

  /** The system that boots from the machine's disks, tried in their order. */
  bootable(): { disk: DiskHardware; system: InstalledSystem } | undefined {
    for (const disk of this.hardware) {
      if (this.content(disk).state !== "system") continue;
      const root = this.#root(disk);
      const file = readJson<SystemFile>(join(root, "system.json"));
      const config = readJson<HarvesterConfig>(join(root, "config.json"));
      if (file !== undefined && config !== undefined) return { disk, system: { ...file, config, root } };
    }
    return undefined;
  }

  #record(disk: DiskHardware, content: DiskContent): void {
    mkdirSync(this.#folder(disk), { recursive: true, mode: 0o700 });
    writeJson(join(this.#folder(disk), "disk.json"), content);
  }

  #folder(disk: DiskHardware): string {
    return join(this.dir, disk.serial);
  }

  #root(disk: DiskHardware): string {
    return join(this.#folder(disk), "root");
  }
}
