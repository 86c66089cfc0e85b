/** One version everywhere, and upgrades by allowed hops with nothing else beside them (P4, P5). */
import { compareVersions, NEWEST_KNOWN_VERSION, parseVersion } from "../../versions";
import { topologyOf } from "../change";
import type { Situation } from "../situation";
import { refusalOfHop, upgradePath } from "../upgrade-path";
import { listed, nodePath, SOURCES, type TransitionRule } from "./rule";

export const versionRules: readonly TransitionRule[] = [
  {
    id: "no-downgrade",
    about: "A cluster does not go back to an older version.",
    source: "Harvester docs, upgrade: no downgrade; harvester pkg/webhook versionguard",
    severity: "error",
    *judge({ change: { upgrade } }) {
      if (upgrade === undefined || refusalOfHop(upgrade.from, upgrade.to) !== "downgrade") return;
      yield {
        property: "version",
        message: `the cluster runs ${upgrade.from}, and Harvester cannot go back to ${upgrade.to}.`,
        next: `Set version to ${upgrade.from}; an older version takes a rebuild (generation raised by one).`,
      };
    },
  },
  {
    id: "upgrade-path",
    about: "An upgrade is one hop that Harvester allows.",
    source: SOURCES.upgradeMatrix,
    severity: "error",
    *judge({ change: { upgrade } }) {
      if (upgrade === undefined || refusalOfHop(upgrade.from, upgrade.to) !== "minimum") return;
      yield wholePath(
        upgrade,
        `Harvester ${upgrade.to} cannot be reached from ${upgrade.from} in one upgrade`,
      );
    },
  },
  {
    id: "kubernetes-skew",
    about: "Kubernetes moves by one minor at most, so that every mix of nodes on the way is a supported one.",
    source: "kubernetes.io version-skew-policy: API servers within one minor; Harvester docs, upgrade",
    severity: "error",
    *judge({ situation, change: { upgrade } }) {
      if (upgrade === undefined) return;
      if (refusalOfHop(upgrade.from, upgrade.to) === "kubernetes") {
        yield wholePath(
          upgrade,
          `between ${upgrade.from} and ${upgrade.to} Kubernetes moves by more than one minor`,
        );
        return;
      }
      // Nodes that an earlier upgrade left behind are part of every mix on the way.
      for (const { name, version } of situation.nodes) {
        if (version === undefined || version === upgrade.from || version === upgrade.to) continue;
        if (refusalOfHop(version, upgrade.to) === undefined) continue;
        yield {
          property: nodePath(name),
          message: `it still runs ${version}, from which ${upgrade.to} cannot be reached: the nodes on the way would be too far apart.`,
          next: `Finish the upgrade to ${upgrade.from} first, or reinstall ${name}.`,
        };
      }
    },
  },
  {
    id: "upgrade-unknown",
    about: "Both ends of an upgrade are releases that this program knows.",
    source: SOURCES.upgradeMatrix,
    severity: "error",
    *judge({ change: { upgrade } }) {
      if (upgrade === undefined || refusalOfHop(upgrade.from, upgrade.to) !== "unknown-release") return;
      yield {
        property: "version",
        message: `whether ${upgrade.from} can be upgraded to ${upgrade.to} is not known here (newest known release: ${NEWEST_KNOWN_VERSION}).`,
        next: "Choose a known release, or read the release notes and override this rule with what they say as the reason.",
      };
    },
  },
  {
    id: "one-diff",
    about: "An upgrade stands alone: no node comes, goes or changes in the same diff.",
    source:
      "harvester#4902, #8236: nodes that come or go during an upgrade leave it stuck or the versions mixed",
    severity: "error",
    *judge({ situation, change }) {
      const nodes = topologyOf(change);
      if (change.upgrade === undefined || nodes.length === 0 || isVersionDrift(situation)) return;
      yield {
        property: "version",
        message: `the version changes together with ${listed([...new Set(nodes)])}; nodes that come, go or change during an upgrade leave it stuck half-way.`,
        next: `Make two changes of it: the nodes first, with version ${change.upgrade.from}, then the version.`,
      };
    },
  },
  {
    id: "join-version",
    about: "A node joins with the version that the cluster runs.",
    source: "harvester#1860: Harvester does not check the version of a node that joins",
    severity: "error",
    *judge({ situation, change }) {
      if (change.upgrade === undefined || !isVersionDrift(situation)) return;
      for (const key of [...change.joins, ...change.reinstalls]) {
        yield {
          property: nodePath(key),
          message: `it would be installed with ${change.upgrade.to}, and the cluster runs ${change.upgrade.from}: versions would be mixed.`,
          next: `Set version to ${change.upgrade.from}, which the cluster runs.`,
        };
      }
    },
  },
  {
    id: "one-version",
    about: "At rest every node runs the version of the cluster.",
    source: "harvester#4902: mixed versions after an upgrade that was cut short",
    severity: "error",
    *judge({ situation, change, course }) {
      if (change.upgrade !== undefined || change.rebuild || situation.upgrade !== undefined) return;
      for (const { name, version } of course.nodes) {
        if (version === undefined || version === situation.after.version) continue;
        yield {
          property: nodePath(name),
          message: `it runs ${version}, and the cluster ${situation.after.version}: nodes of different versions are no state to rest in, nor one to build on.`,
          next: `Finish the upgrade in Harvester, or raise ${nodePath(name)}.reinstall by one.`,
        };
      }
    },
  },
  {
    id: "upgrade-under-way",
    about: "While an upgrade is under way, nothing else is begun.",
    source: `${SOURCES.upgradeChecks}; harvester#8236: before v1.9 Harvester lets nodes join in the middle`,
    severity: "error",
    *judge({ situation: { upgrade, upgradeTo, after }, change }) {
      if (upgrade === undefined) return;
      const elsewhere = change.upgrade !== undefined && (upgradeTo ?? after.version) !== after.version;
      if (topologyOf(change).length === 0 && !elsewhere) return;
      yield {
        property: topologyOf(change).length > 0 ? "nodes" : "version",
        message: `the upgrade ${upgrade}${upgradeTo === undefined ? "" : ` to ${upgradeTo}`} is under way, and nodes that come, go or change in the middle leave it stuck.`,
        next: `Let the upgrade end first${upgradeTo === undefined ? "" : `, with version ${upgradeTo}`}, then make this change.`,
      };
    },
  },
  {
    id: "upgrade-nodes-ready",
    about: "Every node is Ready and in use when an upgrade begins.",
    source: `${SOURCES.upgradeChecks}: every node Ready and schedulable; harvester#7874, #10048: one dead node stalls the upgrade`,
    severity: "error",
    *judge({ situation, change }) {
      if (change.upgrade === undefined || situation.upgrade !== undefined) return;
      for (const node of situation.nodes) {
        const not = !node.healthy
          ? "not Ready"
          : node.maintenance
            ? "in maintenance"
            : node.cordoned
              ? "cordoned"
              : undefined;
        if (not === undefined) continue;
        yield {
          property: nodePath(node.name),
          message: `the node is ${not}, and an upgrade stops before the first such node, with the versions mixed.`,
          next: node.healthy
            ? `Take ${node.name} back into use first.`
            : `Repair ${node.name} first, or take it out in a change of its own.`,
        };
      }
    },
  },
  {
    id: "upgrade-volumes",
    about: "Volumes are whole when an upgrade begins.",
    source: `${SOURCES.upgradeChecks}: no degraded volume with three nodes or more, no single-replica volume with more than one`,
    severity: "error",
    *judge({ situation, change }) {
      if (change.upgrade === undefined || situation.upgrade !== undefined) return;
      const count = situation.nodes.length;
      for (const { name, replicas, healthyOn } of situation.volumes ?? []) {
        const degraded = count >= 3 && healthyOn.length < replicas;
        if (!degraded && (count < 2 || replicas > 1)) continue;
        yield {
          property: "version",
          message: `Harvester refuses the upgrade: volume ${name} has ${degraded ? `${healthyOn.length} of ${replicas} healthy replicas` : "a single replica, which goes away with its node"}.`,
          next: degraded
            ? "Let Longhorn rebuild it first."
            : "Give the volume a second replica first, or delete it.",
        };
      }
    },
  },
  {
    id: "upgrade-stops-api",
    about: "An upgrade keeps the API up.",
    source: "Harvester docs, upgrade of a single node: it restarts, and everything on it stops meanwhile",
    severity: "warning",
    *judge({ situation, change }) {
      const voters = situation.nodes.filter((node) => node.etcd);
      if (change.upgrade === undefined || voters.length !== 1) return;
      yield {
        property: "version",
        message: `the cluster has one etcd voter, ${voters[0]!.name}: while it is upgraded and restarts, nothing can be changed, and what runs on it stops.`,
        next: "Choose an hour at which that may be, with backups made.",
      };
    },
  },
];

/** The description does not change the version, but the cluster runs another one. */
function isVersionDrift({ before, after }: Situation): boolean {
  return before !== undefined && before.version === after.version;
}

function wholePath({ from, to }: { from: string; to: string }, what: string) {
  const path = upgradePath(from, to);
  if (path === undefined) {
    const newest = parseVersion(to) !== undefined && compareVersions(to, NEWEST_KNOWN_VERSION) > 0;
    return {
      property: "version",
      message: `${what}, and no way of several is known here${newest ? `, where ${NEWEST_KNOWN_VERSION} is the newest release` : ""}.`,
      next: "Rebuild instead: raise generation by one together with the version.",
    };
  }
  return {
    property: "version",
    message: `${what}. The way is ${path.join(" -> ")}, one change each.`,
    next: `Set version to ${path[1]}, and go on from there.`,
  };
}
