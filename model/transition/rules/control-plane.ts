/** The rules of a control plane, on the one that a change really ends in. */
import { type ControlPlaneOutlook, controlPlaneRules } from "../../control-plane-rules";
import { membersOf, nextPromotion, votersOf } from "../../promotion";
import type { NodeFacts } from "../facts";
import { promotionVersion, type Situation } from "../situation";
import type { TransitionRule } from "./rule";

/**
 * A description may promise another control plane than a living cluster comes to: members that are there stay, whatever would be
 * promoted first in a new one. That is told, and refuses nothing: the description as such was judged already, and a seat that is not as
 * wished for puts nothing at risk. What was so before the change is no news. How many voters there are is judged elsewhere.
 */
export const controlPlaneAfterRules: readonly TransitionRule[] = controlPlaneRules
  .filter(({ id }) => id !== "voters-odd")
  .map((rule) => ({
    id: rule.id,
    about: rule.about,
    source: rule.source,
    severity: rule.id === "one-witness" ? "error" : "warning",
    *judge({ situation, change, course }) {
      if (change.provision || change.rebuild || course.steps.length === 0) return;
      const after = outlookOf(situation, course.nodes);
      const found = after === undefined ? [] : [...rule.judge(after)];
      if (found.length === 0) return;
      // A node that was described before and only comes back is no news either.
      const back = course.nodes.filter(
        ({ name }) => change.joins.includes(name) && situation.before?.nodes[name] !== undefined,
      );
      const before = outlookOf(situation, [...situation.nodes, ...back]);
      if (before !== undefined && [...rule.judge(before)].length > 0) return;
      for (const { property, message } of found) {
        yield { property, message, next: "Do what the message says, or set it back." };
      }
    },
  }));

/** The control plane of these nodes; undefined where promotion is not at rest, or there is none. */
function outlookOf({ after }: Situation, nodes: readonly NodeFacts[]): ControlPlaneOutlook | undefined {
  const controlPlane = membersOf(nodes);
  const [creator] = controlPlane;
  const { standstill } = nextPromotion(nodes, promotionVersion(after.version));
  if (creator === undefined || standstill === undefined) return undefined;
  return {
    creator,
    controlPlane,
    voters: votersOf(nodes),
    replay: { promoted: [], nodes: [...nodes], standstill },
  };
}
