import type { ClusterDescription, NodeDescription } from "../description";
import { type Problem, propertyPath } from "../problem";
import { compareVersions, OLDEST_SUPPORTED_VERSION, parseVersion } from "../versions";
import { descriptionShape } from "./description-shape";
import type { Facts, Rule } from "./rule";
import { clusterRules } from "./rules/cluster";
import { diskRules } from "./rules/disks";
import { featureGateRules } from "./rules/feature-gates";
import { hardwareRules } from "./rules/hardware";
import { leaveRules } from "./rules/leave";
import { nameRules } from "./rules/names";
import { networkRules } from "./rules/network";
import { overrideRules } from "./rules/overrides";
import { powerRules } from "./rules/power";
import { recoveryRules } from "./rules/recovery";
import { roleRules } from "./rules/roles";
import { secretRules } from "./rules/secrets";
import { settingRules } from "./rules/settings";
import { tlsRules } from "./rules/tls";
import { vipRules } from "./rules/vip";
import { examine, type Known } from "./shape";

/** Every rule over a description, in the order in which problems are told. */
export const descriptionRules: readonly Rule[] = [
  ...nameRules,
  ...clusterRules,
  ...roleRules,
  ...vipRules,
  ...networkRules,
  ...secretRules,
  ...settingRules,
  ...recoveryRules,
  ...leaveRules,
  ...overrideRules,
  ...powerRules,
  ...featureGateRules,
  ...hardwareRules,
  ...tlsRules,
  ...diskRules,
];

/** Keys of Harvester's own configuration that a description has no place for, and what to write instead. */
const INSTEAD = {
  wipealldisks:
    "It would clear every disk with an old installation on it, reviewed or not: list the disks in `disks.wipe`, by serial number.",
  wipediskslist: "List the disks in `disks.wipe`, by name and serial number.",
  mode:
    "Which machine creates the cluster is chosen once and kept in the state, so that there are never two: the first node with role " +
    "management, else the first with role default.",
  token: "The join token is made here and kept secret in the state.",
  serverurl: "Nodes join through `vip.address`.",
  version: "All nodes run one version, the `version` of the cluster: a mixed cluster is refused.",
  skipchecks: "Set `skipChecks` for the whole cluster.",
};

/** How a description is judged. */
export interface ValidateOptions {
  /** Says that a value is not known yet, as in a Pulumi preview. Rules stay silent about such values. */
  unknown?: (value: unknown) => boolean;
}

/**
 * Judges a description as it was written: raw YAML, JSON or Pulumi inputs. First its shape (keys, types, what is required), then
 * every rule on whatever is known and well-formed. No errors mean that the value is a `ClusterDescription`.
 */
export function validateDescription(description: unknown, options: ValidateOptions = {}): Problem[] {
  const { known, given, absent, problems } = examine(description, descriptionShape, {
    ...options,
    instead: INSTEAD,
  });
  if (known === undefined) return problems;
  const facts = factsOf(known as Known<ClusterDescription>, given, absent);
  for (const rule of descriptionRules) {
    for (const { property, message } of rule.judge(facts)) {
      problems.push({ property, rule: rule.id, severity: rule.severity ?? "error", message });
    }
  }
  return problems;
}

function factsOf(
  cluster: Known<ClusterDescription>,
  given: ReadonlySet<string>,
  absent: ReadonlySet<string>,
): Facts {
  const { version } = cluster;
  const usable =
    version !== undefined &&
    parseVersion(version) !== undefined &&
    compareVersions(version, OLDEST_SUPPORTED_VERSION) >= 0;
  return {
    cluster,
    nodes: Object.entries(cluster.nodes ?? {}).flatMap(([key, node]) =>
      node === undefined
        ? []
        : [{ key, path: propertyPath("nodes", key), node: node as Known<NodeDescription> }],
    ),
    version: usable ? version : undefined,
    given: (path) => given.has(path),
    absent: (path) => absent.has(path),
  };
}
