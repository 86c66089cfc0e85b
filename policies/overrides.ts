import type { ResourceValidationPolicy } from "@pulumi/policy";
import { changeOf } from "./change-rule";

/** Nobody overlooks that a rule is overridden. It asks for nothing, and can be made mandatory where no override is wanted. */
export const overridesAnnounced: ResourceValidationPolicy = {
  name: "overrides-announced",
  description: "Rules that the description overrides in a change are named, each with the reason.",
  enforcementLevel: "advisory",
  severity: "medium",
  tags: ["availability", "data-loss"],
  remediationSteps: "Read the reason; take the override out of the description once the change is made.",
  url: "https://www.pulumi.com/docs/iac/concepts/config/",
  validateResource(args, reportViolation) {
    for (const { rule, property, message, overridden } of changeOf(args)?.findings ?? []) {
      if (overridden === undefined) continue;
      reportViolation(`cluster.${property}: ${message} ${rule} is overridden: ${overridden}`);
    }
  },
};
