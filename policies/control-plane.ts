import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { DeclaredRoles } from "../model/control-plane";
import { previewControlPlane } from "../model/control-plane";
import { quorumOf } from "../model/quorum";
import { validateDescription } from "../model/validate";
import { descriptionOf, isUnknown, stackOf } from "./description";
import { modelPolicy } from "./model-rule";
import { isProduction, type ProductionConfig, productionStacks } from "./production";

/** The control plane that promotion ends in has an odd number of voters. */
export const votersOdd = modelPolicy({
  name: "voters-odd",
  description: "etcd rests at one or three voters, by the replayed promotion.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["availability", "etcd"],
  remediationSteps:
    "Change roles until the previewed control plane has one or three voters: three nodes with role management, default or witness (one " +
    "at most).",
  url: "https://etcd.io/docs/v3.5/faq/#why-an-odd-number-of-cluster-members",
  rules: ["voters-odd", "one-witness", "witness-idle"],
});

/** Zones hold one member of the control plane each. */
export const zoneSpread = modelPolicy({
  name: "zone-spread",
  description: "Where zones are used, the members of the control plane stand in three different ones.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["availability", "zones"],
  remediationSteps:
    "Give each node that may be promoted a zone of its own, of three, or leave the zones out.",
  url: "https://docs.harvesterhci.io/v1.6/host/#topology-zones",
  rules: ["zone-spread"],
});

/** Configuration of the rule. */
export interface ProductionControlPlaneConfig extends ProductionConfig {
  /** Least number of etcd voters there. */
  voters?: number;
}

const PRODUCTION_VOTERS = 3;

/** A production cluster survives the loss of a member. */
export const productionControlPlane: ResourceValidationPolicy = {
  name: "production-control-plane",
  description: "A production cluster has at least three etcd voters, so that it survives the loss of one.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["availability", "etcd"],
  remediationSteps:
    "Have three nodes that can be promoted: role management or default, or two of them and a witness. Which stacks are for production " +
    'says the configuration of this policy: {"production-control-plane": {"stacks": ["production", "prod*"]}}',
  url: "https://docs.harvesterhci.io/v1.6/host/#role-management",
  configSchema: {
    properties: {
      stacks: productionStacks,
      voters: {
        type: "integer",
        description: "Least number of etcd voters.",
        default: PRODUCTION_VOTERS,
        enum: [1, 3],
      },
    },
  },
  validateResource(args, reportViolation) {
    const config = args.getConfig<ProductionControlPlaneConfig>();
    const { voters: least = PRODUCTION_VOTERS } = config;
    const stack = stackOf(args.urn);
    const description = descriptionOf(args);
    if (description === undefined || !isProduction(stack, config)) return;
    if (!rolesAreKnown(description)) return;
    const { voters, creator } = previewControlPlane(description);
    if (creator === undefined || voters.length >= least) return;
    reportViolation(
      `cluster.nodes: the stack "${stack}" is for production, and its control plane will have ${voters.length} etcd voter(s) (${voters.join(", ")}), ` +
        `which survive the loss of ${quorumOf(voters.length).tolerance}. Have ${least}.`,
    );
  },
};

/** Whether every role and zone is known, so that promotion can be replayed. */
function rolesAreKnown(description: unknown): description is DeclaredRoles {
  const { nodes } = description as Partial<DeclaredRoles>;
  if (nodes === undefined || isUnknown(nodes)) return false;
  // What is malformed is refused for that; here it would only be misread.
  const malformed = validateDescription(description, { unknown: isUnknown }).some(({ property, rule }) =>
    property.startsWith("nodes") ? ["missing", "wrong-type", "not-one-of"].includes(rule) : false,
  );
  return (
    !malformed &&
    Object.values(nodes).every((node) => !isUnknown(node) && !isUnknown(node.role) && !isUnknown(node.zone))
  );
}
