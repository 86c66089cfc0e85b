/**
 * RKE2 on a disk: rancherd installs it once, at the first boot, and never again; rke2-uninstall.sh removes it.
 */
import { rm } from "node:fs/promises";
import { type NodeDisk, PATHS } from "./disk";

/** What rke2-uninstall.sh removes; the rest of the disk, rancherd's mark with it, stays. */
const OWN = [PATHS.rke2Config, PATHS.nodeConfig, PATHS.data];

/** Installs RKE2 unless this disk had it before. False when it was uninstalled since: the machine runs nothing then. */
export function bootstrapRke2(disk: NodeDisk): boolean {
  if (disk.exists(PATHS.bootstrapped)) return disk.exists(PATHS.data);
  disk.folder(PATHS.data);
  disk.write(PATHS.bootstrapped, "");
  return true;
}

/** Removes RKE2's configuration and data. What ran has to be stopped before. */
export async function removeRke2(disk: NodeDisk): Promise<void> {
  for (const path of OWN) await rm(disk.path(path), { recursive: true, force: true });
}
