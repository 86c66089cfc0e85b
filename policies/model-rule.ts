import type { EnforcementLevel, ResourceValidationPolicy } from "@pulumi/policy";
import { descriptionRules, validateDescription } from "../model/validate";
import { descriptionOf, isUnknown } from "./description";

/** A policy that consists of rules of the model. */
export interface ModelPolicy
  extends Required<
    Pick<ResourceValidationPolicy, "name" | "description" | "severity" | "tags" | "remediationSteps" | "url">
  > {
  enforcementLevel: EnforcementLevel;
  /** Ids of the rules over descriptions that it stands for. */
  rules: readonly string[];
}

/**
 * A policy over the description, judged by rules of the model. The provider refuses what breaks them as well; a policy also speaks
 * where nothing runs (`pulumi policy analyze`), and keeps speaking if the provider is another one.
 */
export function modelPolicy({ rules, ...policy }: ModelPolicy): ResourceValidationPolicy {
  const missing = rules.filter((id) => !descriptionRules.some((rule) => rule.id === id));
  if (missing.length > 0) throw new Error(`${policy.name}: the model has no rule ${missing.join(", ")}`);
  return {
    ...policy,
    validateResource(args, reportViolation) {
      const description = descriptionOf(args);
      if (description === undefined) return;
      for (const problem of validateDescription(description, { unknown: isUnknown })) {
        if (rules.includes(problem.rule)) reportViolation(`cluster.${problem.property}: ${problem.message}`);
      }
    },
  };
}
