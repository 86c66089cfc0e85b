/** Who has come back after it had left, by the cluster's own roster. */
import type { NodeDescription } from "../../../../model/description";
import { type ReturnedMachine, returnedMachines } from "../../../../model/fence";
import type { NodeFacts } from "../../../harvester/node-facts";
import { standingEvictions } from "../../../recovery/evictions";
import { containsUnknown } from "../../../shell/resource";
import { INSTALLATION_LABEL } from "../../machine/inputs";
import type { Roster, RosterLeaver } from "../roster";

/**
 * The machines that came back. None where the roster is that of another life of the cluster, or where a described host is not known yet: it might
 * be the one.
 */
export function returnedBy(
  { incarnation, left, evicted }: Roster,
  nodes: readonly NodeFacts[],
  described: Readonly<Record<string, NodeDescription>>,
  own: string,
): ReturnedMachine<RosterLeaver>[] {
  const hosts = Object.values(described).map(({ hardware, wasHardware }) => [hardware, wasHardware]);
  if (incarnation !== own || containsUnknown(hosts)) return [];
  const standing = standingEvictions(evicted, { nodes: described }, own);
  const labelled = nodes.map(({ name, uuid, labels }) => ({
    name,
    uuid,
    installation: labels[INSTALLATION_LABEL],
  }));
  return returnedMachines({ nodes: labelled, left, described, evicted: standing.map(({ node }) => node) });
}
