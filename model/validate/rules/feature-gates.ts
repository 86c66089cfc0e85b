import { judgeFeatureGates } from "../../feature-gates";
import type { Finding, Rule } from "../rule";

const SOURCE = "kubernetes/enhancements#4601; kubernetes pkg/features/kube_features.go";

/** The rules over feature gates: those that the version's API servers start with, and that do something there. */
export const featureGateRules: readonly Rule[] = [
  gateRule("feature-gate-unknown", "error", "A feature gate is one that the version's Kubernetes knows."),
  gateRule("feature-gate-locked", "error", "A feature gate that is locked is not set otherwise."),
  gateRule("feature-gate-superfluous", "warning", "A feature gate is set only where it changes something."),
  gateRule("feature-gate-temporary", "warning", "A feature gate is set for as long as it may be."),
  {
    id: "feature-gate-not-set",
    about: "No feature gate is asked for that would have to be set: this release judges them, and sets none.",
    *judge(facts) {
      for (const { property } of gateRule("feature-gate-temporary", "warning", "").judge(facts)) {
        yield {
          property,
          message:
            "this release judges feature gates and sets none, so the cluster would not have it. Take it out; on the nodes it can be set by " +
            "a file of its own in /etc/rancher/rke2/config.yaml.d, on each that may run an API server.",
        };
      }
    },
  },
];

function gateRule(id: string, severity: "error" | "warning", about: string): Rule {
  return {
    id,
    about,
    source: SOURCE,
    severity,
    *judge({ cluster: { featureGates = {} }, version }): Iterable<Finding> {
      if (version === undefined) return;
      const known = Object.entries(featureGates).filter(
        (entry): entry is [string, boolean] => entry[1] !== undefined,
      );
      for (const { rule, property, message, next } of judgeFeatureGates(Object.fromEntries(known), version)) {
        if (rule === id) yield { property, message: next === undefined ? message : `${message} ${next}` };
      }
    },
  };
}
