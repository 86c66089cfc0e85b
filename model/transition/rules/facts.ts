/** What is said of the facts that a change was judged by. */
import { kindOf } from "../change";
import type { TransitionRule } from "./rule";

export const factRules: readonly TransitionRule[] = [
  {
    id: "not-reachable",
    about: "A change is judged by the cluster as it is right now.",
    source:
      "our own: what was seen last may not be so any more; every step is checked again against the live cluster",
    severity: "warning",
    *judge({ situation: { source, asOf, now }, change }) {
      if (kindOf(change) === "none" || (source !== "state" && source !== "inputs")) return;
      const when = asOf === undefined ? "" : ` at ${asOf}${ageOf(asOf, now)}`;
      const seen =
        source === "inputs" ? `the description that was judged last${when}` : `what was seen${when}`;
      yield {
        property: "access.url",
        message: `the cluster could not be looked at, so that this is judged by ${seen}. Before each step it is looked at again.`,
        next: "Make the cluster reachable, and preview again.",
      };
    },
  },
];

/** `, 3 hours ago`; nothing where the time is not known. */
function ageOf(asOf: string | undefined, now: string | undefined): string {
  const minutes = Math.round((Date.parse(now ?? "") - Date.parse(asOf ?? "")) / 60_000);
  if (Number.isNaN(minutes) || minutes < 0) return "";
  const [count, unit] =
    minutes < 120
      ? [minutes, "minute"]
      : minutes < 2880
        ? [Math.round(minutes / 60), "hour"]
        : [Math.round(minutes / 1440), "day"];
  return `, ${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
