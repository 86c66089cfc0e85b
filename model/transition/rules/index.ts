import type { OverrideDescription } from "../../description";
import { propertyPath } from "../../problem";
import { kindOf } from "../change";
import type { Finding } from "../transition";
import { controlPlaneAfterRules } from "./control-plane";
import { evictionRules } from "./evictions";
import { factRules } from "./facts";
import { identityRules } from "./identity";
import { maintenanceRules } from "./maintenance";
import { membershipRules } from "./membership";
import { quorumRules } from "./quorum";
import { returnRules } from "./returned";
import { reuseRules } from "./reuse";
import { nodeRules } from "./roles";
import type { Judged, TransitionRule } from "./rule";
import { storageRules } from "./storage";
import { versionRules } from "./versions";

/** Every rule over a change, in the order in which findings are told. */
export const transitionRules: readonly TransitionRule[] = [
  ...factRules,
  ...evictionRules,
  ...returnRules,
  ...identityRules,
  ...reuseRules,
  ...nodeRules,
  ...quorumRules,
  ...controlPlaneAfterRules,
  ...membershipRules,
  ...versionRules,
  ...storageRules,
  ...maintenanceRules,
];

/**
 * Judges a change by every rule. An error that the wanted description overrides, with a reason, becomes a warning that carries the reason;
 * an override that fits nothing is told as well, as it would go on to cover whatever comes next.
 */
export function judgeTransition(judged: Judged): Finding[] {
  const overrides = overridesOf(judged);
  const findings = transitionRules.flatMap(({ id, severity, binding, judge }) =>
    [...judge(judged)].map((said): Finding => {
      const finding = { ...said, rule: id, severity };
      const reason = overrides.find(({ rule }) => rule === id)?.reason;
      if (severity !== "error" || binding !== undefined || reason === undefined) return finding;
      return { ...finding, severity: "warning", overridden: reason };
    }),
  );
  if (kindOf(judged.change) === "none") return findings;
  const idle = overrides.filter(
    ({ rule }) => !findings.some((found) => found.rule === rule && found.overridden !== undefined),
  );
  return [...findings, ...idle.map(unused)];
}

type Placed = OverrideDescription & { index: number };

/** Those that are known and give a reason, with their places in the description. */
function overridesOf({ situation: { after } }: Judged): Placed[] {
  // What is not known yet stands as nothing in a description that was settled.
  const given: readonly (Partial<OverrideDescription> | undefined)[] = after.overrides ?? [];
  return given.flatMap((override, index) => {
    const { rule, reason = "" } = override ?? {};
    return rule === undefined || reason.trim() === "" ? [] : [{ rule, reason, index }];
  });
}

function unused({ rule, index }: Placed): Finding {
  return {
    property: propertyPath("overrides", index),
    rule: "override-unused",
    severity: "warning",
    message: `nothing in this change breaks ${rule}, and the override would let through what a later change brings.`,
    next: "Take it out.",
  };
}
