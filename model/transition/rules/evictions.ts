/** Members that were evicted because they had failed: a person answers that, and until then nothing is built on them. */
import { kindOf } from "../change";
import type { Situation } from "../situation";
import { nodePath, type Said, type TransitionRule } from "./rule";

/** Id of the rule that tells of an eviction where nothing else changes. */
export const EVICTED = "evicted";

const SOURCE =
  "our own: a failed member is taken out without an edit of the description, which goes on naming it";

export const evictionRules: readonly TransitionRule[] = [
  {
    id: EVICTED,
    about: "Every node that is described is wanted in the cluster, or was taken out by an edit.",
    source: SOURCE,
    severity: "warning",
    *judge({ situation, change }) {
      if (kindOf(change) === "none") yield* evictedIn(situation);
    },
  },
  {
    id: "evicted-first",
    about: "An eviction is answered before, or in, the next change.",
    source: SOURCE,
    severity: "error",
    *judge({ situation, change }) {
      if (kindOf(change) !== "none") yield* evictedIn(situation);
    },
  },
];

function* evictedIn({ evicted, after }: Situation): Iterable<Said> {
  for (const { node, at, by, why } of evicted) {
    if (after.nodes[node] === undefined) continue;
    yield {
      property: nodePath(node),
      message: `${node} evicted by guard: replace or remove it. It was taken out at ${at} (${by}): ${why}. Nothing installs or joins it by itself.`,
      next:
        `Take ${node} out of the description, with or without a replacement under another key; or, once its hardware is mended, raise ` +
        `${nodePath(node)}.reinstall by one.`,
    };
  }
}
