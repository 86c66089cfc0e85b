/** Which disks a step wipes, and which it leaves alone. */
import type { DiskDescription, NodeDescription } from "../description";
import type { NamedDisk } from "./step";

/** All disks that a description names for a node: the one installed on, the one for volumes, those that are cleared. */
export function disksOf(node: string, described: NodeDescription | undefined): NamedDisk[] {
  const { install, data, wipe = [] } = described?.disks ?? {};
  const disks = [install, data, ...wipe].filter((disk): disk is DiskDescription => disk !== undefined);
  return disks
    .filter(({ serial }, index) => disks.findIndex((other) => other.serial === serial) === index)
    .map((disk) => ({ node, ...disk }));
}

/** What an installation does to the disks: those described now are wiped, those described only before are left alone. */
export function disksOfInstallation(
  node: string,
  before: NodeDescription | undefined,
  after: NodeDescription,
): { wiped: NamedDisk[]; kept: NamedDisk[] } {
  const wiped = disksOf(node, after);
  const kept = disksOf(node, before).filter(({ serial }) => !wiped.some((disk) => disk.serial === serial));
  return { wiped, kept };
}
