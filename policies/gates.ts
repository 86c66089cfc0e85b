import { modelPolicy } from "./model-rule";

/** Feature gates are such that the API servers start. */
export const validGates = modelPolicy({
  name: "valid-gates",
  description: "Feature gates are known to the version's Kubernetes, and not locked to another value.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["version", "kubernetes"],
  remediationSteps: "Take the gate out, or write the name that the message gives.",
  url: "https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/",
  rules: ["feature-gate-unknown", "feature-gate-locked", "feature-gate-not-set"],
});
