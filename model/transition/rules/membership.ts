/** Who belongs to the cluster, and who of them is in which seat. */
import { type Judged, nodePath, SOURCES, type TransitionRule } from "./rule";

export const membershipRules: readonly TransitionRule[] = [
  {
    id: "takes-the-seat",
    about: "Whoever takes a seat that becomes free is named.",
    source: `${SOURCES.promotion}: removing a member makes Harvester promote another node by itself`,
    severity: "warning",
    *judge(judged) {
      for (const name of successorsOf(judged)) {
        yield {
          property: nodePath(name),
          message: `Harvester will promote ${name} to the control plane, because a seat becomes free. There is no way back but to install it anew.`,
        };
      }
    },
  },
];

/** Nodes that stay, and are promoted because a member goes. */
function successorsOf({ situation, change, course }: Judged): string[] {
  const going = [...change.leaves, ...change.reinstalls];
  if (going.length === 0) return [];
  return course.promoted.filter(
    (name) => !going.includes(name) && situation.nodes.some((node) => node.name === name),
  );
}
