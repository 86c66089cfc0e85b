import type { StackValidationPolicy } from "@pulumi/policy";
import { isUnknown, plain } from "./description";
import { modelPolicy } from "./model-rule";
import { METAL } from "./resources";

const ABOUT = {
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["version"],
  url: "https://github.com/harvester/harvester/issues/1860",
} as const;

/** Installer, image and description agree on the version. */
export const artifactVersion = modelPolicy({
  ...ABOUT,
  tags: [...ABOUT.tags],
  name: "artifact-version",
  description: "The folder of kernel, root image and ISO is that of the cluster's version.",
  remediationSteps:
    "Let `artifacts.url` lead to the release that `version` names. Harvester does not check the version of a node that joins.",
  rules: ["artifact-version", "version"],
});

/**
 * Every resource of the stack speaks of one version. A machine that is a member keeps the description that it was installed from, also while
 * the cluster is upgraded and afterwards, so that it is not asked.
 */
export const oneVersion: StackValidationPolicy = {
  ...ABOUT,
  tags: [...ABOUT.tags],
  name: "one-version",
  description: "All machines of a cluster, its identity and its plan have one Harvester version.",
  remediationSteps: "Give every resource the same description; `HarvesterCluster` does.",
  validateStack({ resources }, reportViolation) {
    const seen = resources
      .filter(({ type, props }) => type.startsWith(METAL) && plain(props, "phase") !== "member")
      .flatMap(({ urn, props }) => {
        const cluster = plain(props, "cluster") as { version?: unknown } | undefined | symbol;
        const version = typeof cluster === "object" ? cluster?.version : undefined;
        return typeof version === "string" && !isUnknown(version) ? [{ urn, version }] : [];
      });
    const [first] = seen;
    for (const { urn, version } of seen) {
      if (version !== first!.version) {
        reportViolation(
          `cluster.version: ${nameOf(urn)} has ${version}, but ${nameOf(first!.urn)} has ${first!.version}.`,
          urn,
        );
      }
    }
  },
};

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
