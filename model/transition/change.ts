/** What a change consists of, and what it is called as a whole. */
import type { NodeDescription } from "../description";
import { differs } from "../edits";
import { isMember } from "../promotion";
import { roleOf } from "../roles";
import type { NodeFacts } from "./facts";
import { generationOf, type Situation } from "./situation";
import type { TransitionKind } from "./transition";

/** The parts of a change. All names are keys of nodes. */
export interface Change {
  /** The first cluster that these machines ever form. */
  provision: boolean;
  /** A new generation: all machines are retired and installed anew. */
  rebuild: boolean;
  /** Versions of an upgrade (or of a downgrade, which a rule refuses). */
  upgrade?: { from: string; to: string };
  /** Nodes that are described and not there. */
  joins: readonly string[];
  /** Nodes that are there and not described any more; those that go first stand first. */
  leaves: readonly string[];
  /** Nodes that are to be installed anew on the same host. */
  reinstalls: readonly string[];
  /** Nodes whose role, zone or labels change in place. */
  relabels: readonly string[];
  /** Nodes that are to be drained and kept out of use. */
  maintains: readonly string[];
  /** Nodes that are to be taken back into use. */
  resumes: readonly string[];
  /** Nodes in maintenance whose machines are to be switched off. */
  switchOffs: readonly string[];
  /** Nodes whose machines were switched off and are to be on. */
  switchOns: readonly string[];
  /** Anything else that the description says differently. */
  settings: boolean;
}

/** What lies between what is and what is wanted. */
export function changeOf(situation: Situation): Change {
  const { before, after, nodes, source, version } = situation;
  const there = new Map(nodes.map((node) => [node.name, node]));
  const wanted = Object.entries(after.nodes);
  const settings = before !== undefined && before !== after && differs(before, after);
  if (source === "none") return { ...NO_CHANGE, provision: true, settings };
  if (situation.generation !== undefined && situation.generation !== generationOf(after)) {
    return { ...NO_CHANGE, rebuild: true, settings };
  }
  const stays = wanted.flatMap(([key, node]) => {
    const fact = there.get(key);
    return fact === undefined ? [] : [{ key, node, fact, was: before?.nodes[key] }];
  });
  const reinstalls = stays.filter(isReinstalled).map(({ key }) => key);
  const kept = stays.filter(({ key }) => !reinstalls.includes(key));
  const [maintained, used] = [
    kept.filter(({ node }) => node.maintenance === true),
    kept.filter(({ node }) => node.maintenance !== true),
  ];
  return {
    ...NO_CHANGE,
    ...(version === undefined || version === after.version
      ? mixedUpgrade(situation)
      : { upgrade: { from: version, to: after.version } }),
    joins: wanted.map(([key]) => key).filter((key) => !there.has(key) && !isEvicted(situation, key)),
    leaves: inOrderOfLeaving(
      nodes.filter(({ name }) => after.nodes[name] === undefined && isOurs(situation, name)),
    ),
    reinstalls: inOrderOfLeaving(nodes.filter(({ name }) => reinstalls.includes(name))),
    relabels: kept.filter(isRelabelled).map(({ key }) => key),
    maintains: maintained.filter(({ fact }) => fact.maintenance !== true).map(({ key }) => key),
    // A description that never spoke of maintenance does not end one that somebody began by hand. Whoever was switched off was in ours.
    resumes: used
      .filter(
        ({ fact, node, was }) =>
          fact.maintenance === true &&
          (was?.maintenance === true || node.maintenance === false || fact.switchedOff === true),
      )
      .map(({ key }) => key),
    // A machine that somebody has switched on meanwhile is Ready, and is switched off again.
    switchOffs: maintained
      .filter(({ node, fact }) => node.power === "off" && (fact.switchedOff !== true || fact.healthy))
      .map(({ key }) => key),
    switchOns: kept
      .filter(({ node, fact }) => node.power !== "off" && fact.switchedOff === true)
      .map(({ key }) => key),
    settings,
  };
}

/** What a change is called: the gravest of its parts. */
export function kindOf(change: Change): TransitionKind {
  const { joins, leaves } = change;
  const kinds: [TransitionKind, boolean][] = [
    ["provision", change.provision],
    ["rebuild", change.rebuild],
    ["upgrade", change.upgrade !== undefined],
    ["reinstall", change.reinstalls.length > 0],
    ["replace", joins.length > 0 && leaves.length > 0],
    ["shrink", leaves.length > 0],
    ["grow", joins.length > 0],
    ["role-change", change.relabels.length > 0],
    [
      "maintenance",
      [change.maintains, change.resumes, change.switchOffs, change.switchOns].flat().length > 0,
    ],
    ["settings", change.settings],
  ];
  return kinds.find(([, is]) => is)?.[0] ?? "none";
}

/** Whether a change touches who belongs to the cluster, what they are, or who is in use. */
export function touchesTopology(change: Change): boolean {
  return topologyOf(change).length > 0;
}

/** The nodes by which a change touches the topology. */
export function topologyOf(change: Change): string[] {
  const { joins, leaves, reinstalls, relabels, maintains, resumes, switchOffs, switchOns } = change;
  return [
    ...joins,
    ...leaves,
    ...reinstalls,
    ...relabels,
    ...maintains,
    ...resumes,
    ...switchOffs,
    ...switchOns,
  ];
}

/** Whether a node that is there was ever described, or stands in the cluster's roster. */
export function isOurs({ before, roster }: Situation, name: string): boolean {
  return before?.nodes[name] !== undefined || roster.includes(name);
}

/** Whether a node was taken out because it had failed, and nobody has asked for it since. */
function isEvicted({ evicted }: Situation, name: string): boolean {
  return evicted.some(({ node }) => node === name);
}

const NO_CHANGE: Change = {
  provision: false,
  rebuild: false,
  joins: [],
  leaves: [],
  reinstalls: [],
  relabels: [],
  maintains: [],
  resumes: [],
  switchOffs: [],
  switchOns: [],
  settings: false,
};

interface Stays {
  node: NodeDescription;
  fact: NodeFacts;
  was?: NodeDescription;
}

/** What the machine itself was installed under counts, where that is known: an installation that is done is not asked for again. */
function isReinstalled({ node, fact, was }: Stays): boolean {
  const installed = fact.reinstall ?? was?.reinstall ?? (was === undefined ? undefined : 0);
  return installed !== undefined && (node.reinstall ?? 0) > installed;
}

function isRelabelled({ node, fact, was }: Stays): boolean {
  const role = roleOf(node);
  // Harvester makes the creating node a management node, whatever it declares; without an edit that is as it should be.
  const byCreation = role === "default" && fact.role === "management" && roleOf(was ?? node) === role;
  return (
    (fact.role !== role && !byCreation) ||
    (fact.zone ?? "") !== (node.zone ?? "") ||
    (was !== undefined && differs(was.labels ?? {}, node.labels ?? {}))
  );
}

/** An upgrade that was interrupted leaves nodes at the version before, though the cluster says the new one. */
function mixedUpgrade({ upgrade, upgradeTo, nodes, after }: Situation): Pick<Change, "upgrade"> {
  if (upgrade === undefined || (upgradeTo ?? after.version) !== after.version) return {};
  const late = nodes.find((node) => node.version !== undefined && node.version !== after.version);
  return late === undefined ? {} : { upgrade: { from: late.version!, to: after.version } };
}

/**
 * Those without a vote first, as they put nothing at risk; then dead members, whose removal can only help; then the living. Who leads
 * etcd is not known here: who carries the steps out lets the leader go last among equals.
 */
function inOrderOfLeaving(nodes: readonly NodeFacts[]): string[] {
  const rank = (node: NodeFacts) => (!isMember(node) ? 0 : !node.healthy ? 1 : 2);
  return [...nodes].sort((left, right) => rank(left) - rank(right)).map(({ name }) => name);
}
