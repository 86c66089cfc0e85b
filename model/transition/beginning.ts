/** Where a transition starts, as it is told. */
import { momentOf } from "./moment";
import type { Situation } from "./situation";
import type { Transition } from "./transition";

/** What a transition says of the cluster that it finds. */
export function beginningOf(situation: Situation): Pick<Transition, "facts" | "versions" | "before"> {
  const { nodes, source, asOf, version, after } = situation;
  return {
    facts: { source: source === "inputs" ? "state" : source, ...(asOf === undefined ? {} : { asOf }) },
    versions: { ...(version === undefined ? {} : { from: version }), to: after.version },
    ...(nodes.length === 0 ? {} : { before: momentOf(nodes) }),
  };
}
