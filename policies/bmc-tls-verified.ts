import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type ClusterBmcs, endpointOf, unverifiedBmcs } from "../model/bmc";
import { PLAN } from "./resources";

/** Configuration of the rule: endpoints that may go unverified, each with the reason. */
export interface BmcTlsVerifiedConfig {
  accepted?: { endpoint: string; reason: string }[];
}

const WHY = {
  "clear-text": "is not https, so the password of the BMC crosses the network in clear",
  "any-certificate":
    "accepts any certificate (tls.insecure), so whoever sits in between can read the password of the BMC",
};

/** Every BMC proves who it is before it gets a password. */
export const bmcTlsVerified: ResourceValidationPolicy = {
  name: "bmc-tls-verified",
  description: "BMCs are reached over TLS and their certificates are checked.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["security", "bmc"],
  remediationSteps:
    "Give the BMC an https endpoint, and its authority in `tls.ca` or its certificate's SHA-256 in `tls.fingerprint`. " +
    "Where a BMC can do neither, accept that one endpoint, with the reason, in the configuration of this policy: " +
    '{"bmc-tls-verified": {"accepted": [{"endpoint": "https://10.0.0.21", "reason": "..."}]}}',
  url: "https://www.dmtf.org/dsp/DSP0266",
  configSchema: {
    properties: {
      accepted: {
        type: "array",
        description: "Endpoints that may go unverified.",
        default: [],
        items: {
          type: "object",
          properties: {
            endpoint: {
              type: "string",
              description: "Base URL of the BMC, as in the cluster's description.",
            },
            reason: { type: "string", minLength: 10, description: "Why this BMC cannot do better." },
          },
          required: ["endpoint", "reason"],
          additionalProperties: false,
        },
      },
    },
  },
  validateResource(args, reportViolation) {
    if (args.type !== PLAN) return;
    const { accepted = [] } = args.getConfig<BmcTlsVerifiedConfig>();
    const exceptions = accepted.map(({ endpoint }) => endpointOf(endpoint));
    for (const { node, endpoint, why } of unverifiedBmcs(args.props.cluster as ClusterBmcs)) {
      if (exceptions.includes(endpoint)) continue;
      reportViolation(
        `cluster.nodes.${node}.bmc: ${endpoint} ${WHY[why]}. Verify it, or accept it with a reason.`,
      );
    }
  },
};
