/** Members that were evicted because they had failed: a person answers that, and until then nothing is built on them. */
import type { Eviction } from "../../eviction";
import { kindOf } from "../change";
import { nodePath, type Said, type TransitionRule } from "./rule";

export const evictionRules: readonly TransitionRule[] = [
  {
    id: "evicted",
    about:
      "Every node that is described is wanted in the cluster: an eviction is answered before, or in, the next change.",
    source:
      "our own: a failed member is taken out without an edit of the description, which goes on naming it",
    severity: "error",
    binding:
      "nothing joins an evicted node by itself, so that no run would ever reach what the description says",
    *judge({ situation: { evicted, after }, change }) {
      if (kindOf(change) === "none") return;
      for (const eviction of evicted)
        if (after.nodes[eviction.node] !== undefined) yield ofEviction(eviction);
    },
  },
];

/** What is said of an eviction that stands; a preview says it also where nothing is edited. */
export function ofEviction({ node, at, by, why }: Eviction): Said {
  return {
    property: nodePath(node),
    message: `${node} evicted by guard: replace or remove it. It was taken out at ${at} (${by}): ${why}. Nothing installs or joins it by itself.`,
    next:
      `Take ${node} out of the description, with or without a replacement under another key; or, once its hardware is mended, raise ` +
      `${nodePath(node)}.reinstall by one.`,
  };
}
