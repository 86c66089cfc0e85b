import type { ResourceValidationPolicy } from "@pulumi/policy";
import { descriptionOf, stackOf } from "./description";
import { isProduction, type ProductionConfig, productionStacks } from "./production";

/** What a description says, as far as these rules ask; anything else may stand there. */
interface Asked {
  vip?: { mode?: unknown };
  allowDestroy?: unknown;
}

/** A production cluster is not taken down by one command. */
export const protectedProduction = productionRule({
  name: "protected-production",
  description: "A production cluster does not allow `pulumi destroy` to power it down.",
  severity: "critical",
  tags: ["availability"],
  remediationSteps:
    "Leave `allowDestroy` out. To retire the cluster, set it in a change of its own, with this policy disabled for it.",
  url: "https://www.pulumi.com/docs/iac/cli/commands/pulumi_destroy/",
  judge: ({ allowDestroy }) =>
    allowDestroy === true
      ? "cluster.allowDestroy: is true, so that one `pulumi destroy` powers the whole cluster down."
      : undefined,
});

/** A production cluster keeps its VIP whatever a DHCP server does. */
export const staticProductionVip = productionRule({
  name: "static-production-vip",
  description: "The VIP of a production cluster is static.",
  severity: "high",
  tags: ["network", "availability"],
  remediationSteps:
    "Choose a free address outside the DHCP range, and set `vip.mode: static`. It cannot be changed after the installation.",
  url: "https://docs.harvesterhci.io/v1.6/install/management-address",
  judge: ({ vip }) =>
    vip?.mode === "dhcp"
      ? "cluster.vip.mode: is dhcp, so that a DHCP server that is away or gives another address takes the cluster's address with it."
      : undefined,
});

function productionRule({
  judge,
  ...policy
}: Pick<
  ResourceValidationPolicy,
  "name" | "description" | "severity" | "tags" | "remediationSteps" | "url"
> & {
  judge(description: Asked): string | undefined;
}): ResourceValidationPolicy {
  return {
    ...policy,
    enforcementLevel: "mandatory",
    configSchema: { properties: { stacks: productionStacks } },
    validateResource(args, reportViolation) {
      const description = descriptionOf(args);
      if (description === undefined || !isProduction(stackOf(args.urn), args.getConfig<ProductionConfig>()))
        return;
      const violation = judge(description as Asked);
      if (violation !== undefined) reportViolation(violation);
    },
  };
}
