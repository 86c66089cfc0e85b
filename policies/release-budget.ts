import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { StepKind } from "../model/transition";
import { changeOf } from "./change-rule";

/** Configuration of the rule. */
export interface ReleaseBudgetConfig {
  /** How many machines may leave in one change. @default 1 */
  machines?: number;
}

const MACHINES = 1;

/** Steps in which a machine leaves its cluster. */
const RELEASES: readonly StepKind[] = ["leave", "remove", "reinstall"];

/** Few machines leave at a time: a line deleted too many is cheap to write and dear to undo. */
export const releaseBudget: ResourceValidationPolicy = {
  name: "release-budget",
  description: "At most so many machines leave or are installed anew in one change; one unless configured.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["availability", "blast-radius"],
  remediationSteps:
    'Split the change, or allow more in the configuration of this policy: {"release-budget": {"machines": 2}}',
  url: "https://docs.harvesterhci.io/v1.6/host/#remove-a-node",
  configSchema: {
    properties: {
      machines: {
        type: "integer",
        description: "Machines that may leave in one change.",
        default: MACHINES,
        minimum: 0,
      },
    },
  },
  validateResource(args, reportViolation) {
    const { machines = MACHINES } = args.getConfig<ReleaseBudgetConfig>();
    const leaving = (changeOf(args)?.steps ?? []).filter(({ kind }) => RELEASES.includes(kind));
    if (leaving.length <= machines) return;
    reportViolation(
      `cluster.nodes: ${leaving.map(({ node }) => node).join(", ")} leave or are installed anew in one change; the budget is ${machines}.`,
    );
  },
};
