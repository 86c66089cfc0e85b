/** Evictions that still stand: of nodes that are described as they were when they were evicted. */
import { type ClusterDescription, installedAs } from "../../model/description";
import type { Eviction } from "../../model/eviction";
import { intentId } from "../../model/hardware";
import { containsUnknown } from "../shell/resource";

/** Those of a roster that nobody has answered, by removing the node or by asking for its installation anew. */
export function standingEvictions(
  evicted: readonly Eviction[],
  { nodes }: Pick<ClusterDescription, "nodes">,
  incarnation: string,
): Eviction[] {
  return evicted.filter(({ node, installation }) => {
    const described = nodes[node];
    if (
      described === undefined ||
      containsUnknown([described.hardware, described.wasHardware, described.reinstall])
    )
      return false;
    const hardware = installedAs(described);
    return intentId({ incarnation, hardware, reinstall: described.reinstall ?? 0 }) === installation;
  });
}
