import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { Transition } from "../model/transition";
import { transitionRules } from "../model/transition/rules";
import { isUnknown, plain } from "./description";
import type { ModelPolicy } from "./model-rule";
import { PLAN } from "./resources";

/**
 * The change that a `Plan` carries, judged by its provider against the cluster as it is: policies see neither what was before nor what is
 * deleted, so that it stands among the inputs. Undefined for any other resource, and where nothing could be judged.
 */
export function changeOf(args: { type: string; props: Record<string, unknown> }): Transition | undefined {
  if (args.type !== PLAN) return undefined;
  const transition = plain(args.props, "transition");
  return transition === undefined || isUnknown(transition) ? undefined : (transition as Transition);
}

/** A policy that consists of rules of the model over a change. */
export function changePolicy({ rules, ...policy }: ModelPolicy): ResourceValidationPolicy {
  const missing = rules.filter((id) => !transitionRules.some((rule) => rule.id === id));
  if (missing.length > 0) throw new Error(`${policy.name}: the model has no rule ${missing.join(", ")}`);
  return {
    ...policy,
    validateResource(args, reportViolation) {
      for (const { rule, property, message, next = "", overridden } of changeOf(args)?.findings ?? []) {
        // What a person goes on against for a reason is announced by a policy of its own.
        if (rules.includes(rule) && overridden === undefined)
          reportViolation(`cluster.${property}: ${message} ${next}`.trim());
      }
    },
  };
}
