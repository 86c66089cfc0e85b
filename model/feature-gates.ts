/** Kubernetes feature gates: what each of them still does in the Kubernetes that a release of Harvester carries. */
import { didYouMean } from "./nearest";
import { propertyPath } from "./problem";
import type { Finding } from "./transition/transition";
import { kubernetesMinor } from "./transition/upgrade-path";
import { compareVersions, NEWEST_KNOWN_VERSION, parseVersion, RELEASES, type Release } from "./versions";

/** The life of a gate, in minors of Kubernetes 1. */
interface FeatureGate {
  name: string;
  about: string;
  /** First minor that knows it; off by default. */
  alpha: number;
  /** First minor in which it is on by default. */
  beta: number;
  /** First minor in which it is on for good: an API server that is told otherwise does not start. */
  locked: number;
  /** First minor that does not know it any more: an API server that is told of it does not start. */
  removed: number;
}

/**
 * The gates that may be set.
 * Sources: kubernetes/enhancements#4601; kubernetes pkg/features/kube_features.go; kubernetes#132656 (locked), #138647 (removed).
 */
export const FEATURE_GATES: readonly FeatureGate[] = [
  {
    name: "AuthorizeNodeWithSelectors",
    about: "a node's credentials list and watch only what is bound to that node",
    alpha: 31,
    beta: 32,
    locked: 34,
    removed: 37,
  },
  {
    name: "AuthorizeWithSelectors",
    about: "authorizers see the selectors of a request",
    alpha: 31,
    beta: 32,
    locked: 34,
    removed: 37,
  },
];

/** Names that are in circulation and exist in no release of Kubernetes [harvester#7963]. */
const MISNOMERS: Readonly<Record<string, string>> = {
  NodeAuthorizerEnablePodSelectors: "AuthorizeNodeWithSelectors",
};

/** Judges feature gates of the API server for a cluster of one Harvester version. Findings stand at `featureGates.<name>`. */
export function judgeFeatureGates(
  gates: Readonly<Record<string, boolean>>,
  harvesterVersion: string,
): Finding[] {
  const minor = kubernetesMinor(releaseAtMost(harvesterVersion));
  const kubernetes = `Kubernetes 1.${minor} (Harvester ${harvesterVersion})`;
  return Object.entries(gates).flatMap(([name, on]) => {
    if (typeof on !== "boolean") return [];
    const property = propertyPath("featureGates", name);
    const gate = FEATURE_GATES.find((known) => known.name === name);
    const verdict = gate === undefined ? unknownGate(name) : judgeGate(gate, on, minor, kubernetes);
    return verdict === undefined ? [] : [{ property, ...verdict }];
  });
}

type Verdict = Pick<Finding, "rule" | "severity" | "message" | "next">;

function unknownGate(name: string): Verdict {
  const meant = MISNOMERS[name];
  const names = FEATURE_GATES.map((gate) => gate.name);
  const hint = meant === undefined ? didYouMean(name, names) : ` Did you mean "${meant}"?`;
  return {
    rule: "feature-gate-unknown",
    severity: "error",
    message: `"${name}" is no feature gate that is known here, and an API server does not start with one that it does not know.${hint}`,
    next:
      meant === undefined
        ? `Take it out. Known gates: ${names.join(", ")}.`
        : `Take it out, or write ${meant}.`,
  };
}

function judgeGate(gate: FeatureGate, on: boolean, minor: number, kubernetes: string): Verdict | undefined {
  const { name, about, alpha, beta, locked, removed } = gate;
  if (minor < alpha || minor >= removed) {
    const when =
      minor < alpha ? `comes with Kubernetes 1.${alpha}` : `was removed with Kubernetes 1.${removed}`;
    return {
      rule: "feature-gate-unknown",
      severity: "error",
      message: `${name} ${when}: the API servers of ${kubernetes} do not know it, and do not start with it.`,
      next: "Take it out.",
    };
  }
  if (minor >= locked) {
    return on
      ? {
          rule: "feature-gate-superfluous",
          severity: "warning",
          message: `${name} (${about}) is on for good since Kubernetes 1.${locked}; from Kubernetes 1.${removed} on it will be removed, and an API server with it will not start.`,
          next: "Take it out.",
        }
      : {
          rule: "feature-gate-locked",
          severity: "error",
          message: `${name} (${about}) is locked to true since Kubernetes 1.${locked}: the API servers of ${kubernetes} do not start with it set to false.`,
          next: "Take it out, and give programs that listed things of other nodes an account of their own.",
        };
  }
  if (on === minor >= beta) {
    return {
      rule: "feature-gate-superfluous",
      severity: "warning",
      message: `${name} is ${on ? "on" : "off"} by default in ${kubernetes}, so that it changes nothing.`,
      next: "Take it out.",
    };
  }
  return {
    rule: "feature-gate-temporary",
    severity: "warning",
    message:
      `${name} (${about}) can be switched ${on ? "on" : "off"} in ${kubernetes}, on every node with an API server; from Kubernetes ` +
      `1.${locked} on it is locked to true, and with false an API server does not start.`,
    next: `Take it out before the upgrade to Kubernetes 1.${locked}.`,
  };
}

/** The release, or for one that is not known the newest known before it. */
function releaseAtMost(version: string): Release {
  const known = parseVersion(version) === undefined ? NEWEST_KNOWN_VERSION : version;
  return (
    [...RELEASES].reverse().find((release) => compareVersions(release.version, known) <= 0) ?? RELEASES[0]!
  );
}
