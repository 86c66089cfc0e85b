/** Nodes that the cluster has and its description does not. */
import type { ClusterDescription } from "../../model/description";
import { sameUuid } from "../../model/hardware";
import type { NodeFacts } from "../../provider/harvester/node-facts";
import type { UndescribedNode } from "./status";

/** The nodes of a cluster that run on no machine of its description, by name. A machine is told by its UUID, as everywhere else. */
export function notDescribed(
  { nodes }: Pick<ClusterDescription, "nodes">,
  found: readonly NodeFacts[],
): UndescribedNode[] {
  const machines = Object.values(nodes).flatMap(({ hardware, wasHardware }) => [
    hardware.uuid,
    ...(wasHardware === undefined ? [] : [wasHardware.uuid]),
  ]);
  return found
    .filter(({ uuid }) => !machines.some((known) => sameUuid(known, uuid)))
    .map(({ name, uuid, ready, controlPlane, etcdVoter, leaving }) => ({
      name,
      uuid,
      ready,
      controlPlane,
      etcdVoter,
      leaving: leaving !== undefined,
    }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
