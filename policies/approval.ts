import type { ResourceValidationPolicy } from "@pulumi/policy";
import { lacksApproval } from "../model/transition";
import { changeOf } from "./change-rule";

/** What has no way back was approved, as it is. */
export const approvalPresent: ResourceValidationPolicy = {
  name: "approval-present",
  description: "A change with steps that have no way back carries the approval of exactly that change.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["approval", "data-loss"],
  remediationSteps:
    "Read the steps in the report. If they are what you want, add the line that it prints to the description; it fits this change alone.",
  url: "https://www.pulumi.com/docs/iac/concepts/config/",
  validateResource(args, reportViolation) {
    const approval = changeOf(args)?.approval;
    if (!lacksApproval(approval)) return;
    const { hash, steps, given } = approval;
    reportViolation(
      `cluster.approve: ${given === undefined ? "is missing" : `"${given}" approves another change`}; ${steps} final ` +
        `${steps === 1 ? "step asks" : "steps ask"} for approve: "${hash}".`,
    );
  },
};
