import type { Override } from "../situation";
import type { Finding } from "../transition";
import { controlPlaneAfterRules } from "./control-plane";
import { evictionRules } from "./evictions";
import { factRules } from "./facts";
import { identityRules } from "./identity";
import { maintenanceRules } from "./maintenance";
import { membershipRules } from "./membership";
import { quorumRules } from "./quorum";
import { reuseRules } from "./reuse";
import { nodeRules } from "./roles";
import type { Judged, TransitionRule } from "./rule";
import { storageRules } from "./storage";
import { versionRules } from "./versions";

/** Every rule over a change, in the order in which findings are told. */
export const transitionRules: readonly TransitionRule[] = [
  ...factRules,
  ...evictionRules,
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

/** Judges a change by every rule. An error that a person has overridden, with a reason, becomes a warning that carries the reason. */
export function judgeTransition(judged: Judged, overrides: readonly Override[] = []): Finding[] {
  return transitionRules.flatMap((rule) =>
    [...rule.judge(judged)].map((said) =>
      overridden({ ...said, rule: rule.id, severity: rule.severity }, overrides),
    ),
  );
}

function overridden(finding: Finding, overrides: readonly Override[]): Finding {
  if (finding.severity !== "error") return finding;
  const reason = overrides.find(({ rule, reason }) => rule === finding.rule && reason.trim() !== "")?.reason;
  return reason === undefined ? finding : { ...finding, severity: "warning", overridden: reason };
}
