import type { ResourceValidationPolicy } from "@pulumi/policy";
import { leaksOf } from "../model/secrets";
import { descriptionOf } from "./description";

/**
 * Secrets stand only where they are kept secret.
 *
 * A policy is handed secrets unwrapped, so it cannot see whether a value is marked as one: `HarvesterCluster` marks all of the known
 * places itself. What it can see is a secret in any other place, which would be kept in clear.
 */
export const secretsAreSecrets: ResourceValidationPolicy = {
  name: "secrets-are-secrets",
  description: "Passwords and keys stand in the properties that are kept secret, and nowhere else.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["security", "secrets"],
  remediationSteps:
    "Take the secret out of that place: a password belongs into `adminPassword`, `password` or `sshPrivateKey`, a proxy's login into " +
    "`os.environment`, a registry's into the setting `containerd-registry`. Then change it, for it may be in a state or log already.",
  url: "https://www.pulumi.com/docs/iac/concepts/secrets/",
  validateResource(args, reportViolation) {
    for (const { property, what } of leaksOf(descriptionOf(args))) {
      reportViolation(`cluster.${property}: ${what} stands here, and would be kept in clear.`);
    }
  },
};
