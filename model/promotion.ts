/**
 * Harvester's promotion controller, replayed: which node it makes a member of the control plane next, and why perhaps none.
 *
 * Every joining node starts as an agent; the control plane beyond the creator comes about by promotion alone, there is no API to
 * ask for it and none to take it back. Source: harvester pkg/controller/master/node/promote_controller.go, held against 400 cases.
 */
import type { Role } from "./description";
import { isFull, isPromotable, PROMOTION_PREFERENCE, roleOf, WANTED_MEMBERS } from "./roles";
import { isAtLeast, NEWEST_KNOWN_VERSION } from "./versions";

/** Annotation `harvesterhci.io/promote-status`. */
export type PromoteStatus = "running" | "complete" | "failed" | "unknown";

/** A node as the promotion controller sees it. */
export interface PromotionNode {
  /** Hostname, or whatever else names the node. */
  name: string;
  /** Declared role, by the node's label. @default "default" */
  role?: Role;
  /** Value of the label `topology.kubernetes.io/zone`; empty counts as none. */
  zone?: string;
  /** Ready is True, and no other condition is. */
  healthy: boolean;
  /** Carries the label of a control-plane (or master) node. */
  controlPlane: boolean;
  /** Carries the label of an etcd member. */
  etcd: boolean;
  /** Its last promotion, if there was one. */
  promoteStatus?: PromoteStatus;
  /** Creation time of the Node object, in any unit: smaller is older. */
  created: number;
  /** `spec.unschedulable`. It matters from v1.9 on. */
  cordoned?: boolean;
  /** Installed with `install.cordoned` (from v1.9), and not cordoned for it yet. */
  installCordoned?: boolean;
  /** Carries the label `harvesterhci.io/managed`. @default true */
  managed?: boolean;
}

/** Why nobody is promoted. */
export type StandstillReason =
  | "enough-members"
  | "too-few-nodes"
  | "promotion-running"
  | "promotion-not-visible"
  | "promotion-blocked"
  | "too-few-candidates"
  | "too-few-zones"
  | "no-free-zone";

/** Nobody is promoted, and why. */
export interface Standstill {
  reason: StandstillReason;
  /** The nodes that it is about. */
  nodes: string[];
  /** For people: what holds promotion up and what would let it go on. */
  message: string;
}

/** What the controller does next. */
export type Promotion =
  | { pick: string; standstill?: undefined }
  | { pick?: undefined; standstill: Standstill };

/**
 * Whether promotion is at rest: nothing will happen until nodes come, go or change. A running promotion is not at rest; one that has
 * failed is, until a person steps in.
 */
export function isAtRest(promotion: Promotion): boolean {
  const reason = promotion.standstill?.reason;
  return reason !== undefined && reason !== "promotion-running" && reason !== "promotion-not-visible";
}

/** What promotion ends in if every promotion succeeds. */
export interface PromotionReplay {
  /** Who is promoted, in order. */
  promoted: string[];
  /** The nodes at rest, in the order in which they were given. */
  nodes: PromotionNode[];
  /** Why it rests there. */
  standstill: Standstill;
}

/** Whether Harvester counts the node as a management node: any of control plane and etcd, so a promoted witness as well. */
export function isMember(node: PromotionNode): boolean {
  return node.controlPlane || node.etcd;
}

/** The members of the control plane as Harvester counts them; a witness that holds etcd is one. */
export function membersOf(nodes: readonly PromotionNode[]): string[] {
  return nodes.filter(isMember).map(({ name }) => name);
}

/** The members of etcd, each of which has a vote. */
export function votersOf(nodes: readonly PromotionNode[]): string[] {
  return nodes.filter((node) => node.etcd).map(({ name }) => name);
}

/** The nodes that run an API server. */
export function apiServersOf(nodes: readonly PromotionNode[]): string[] {
  return nodes.filter((node) => node.controlPlane).map(({ name }) => name);
}

/** The nodes that could be promoted if a seat were free, those preferred first. */
export function standbyOf(
  nodes: readonly PromotionNode[],
  version: string = NEWEST_KNOWN_VERSION,
): PromotionNode[] {
  const candidates = candidatesAmong(nodes, version);
  return PROMOTION_PREFERENCE.flatMap((role) =>
    oldestFirst(candidates).filter((node) => roleOf(node) === role),
  );
}

/** The controller's next step for these nodes, in a cluster of the given version. */
export function nextPromotion(
  nodes: readonly PromotionNode[],
  version: string = NEWEST_KNOWN_VERSION,
): Promotion {
  const members = nodes.filter(isMember);
  const candidates = candidatesAmong(nodes, version);
  const held = standstillOf(nodes, members, candidates);
  if (held !== undefined) return { standstill: held };

  const zones = zonesOf(members);
  const group = PROMOTION_PREFERENCE.map((role) => candidates.filter((node) => roleOf(node) === role)).find(
    (nodesOfRole) => nodesOfRole.length > 0,
  )!;
  const [pick] = oldestFirst(
    group.filter((node) => zones.size === 0 || (hasZone(node) && !zones.has(node.zone))),
  );
  if (pick !== undefined) return { pick: pick.name };
  return {
    standstill: standstill(
      "no-free-zone",
      group,
      `only ${namesOf(group)} may be next (${roleOf(group[0]!)} nodes go first), in no zone that is still without a member ` +
        `(taken: ${[...zones].join(", ")}). Nodes behind them wait as well. Move one of them to a free zone.`,
    ),
  };
}

/** Replays promotion until it rests, each promotion succeeding. */
export function replayPromotions(
  nodes: readonly PromotionNode[],
  version: string = NEWEST_KNOWN_VERSION,
): PromotionReplay {
  const promoted: string[] = [];
  let current = [...nodes];
  for (;;) {
    const { pick, standstill } = nextPromotion(current, version);
    if (pick === undefined) return { promoted, nodes: current, standstill };
    promoted.push(pick);
    current = current.map((node) => (node.name === pick ? promotedNode(node) : node));
  }
}

/** The node after a promotion that succeeded: it holds etcd and, unless it is a witness, an API server; the cordon is gone. */
export function promotedNode(node: PromotionNode): PromotionNode {
  return {
    ...node,
    controlPlane: isFull(roleOf(node)),
    etcd: true,
    promoteStatus: "complete",
    cordoned: false,
  };
}

/** Whatever makes the controller promote nobody before it even looks for a pick. */
function standstillOf(
  nodes: readonly PromotionNode[],
  members: readonly PromotionNode[],
  candidates: readonly PromotionNode[],
): Standstill | undefined {
  if (nodes.length < WANTED_MEMBERS) {
    return standstill(
      "too-few-nodes",
      nodes,
      `there are fewer than ${WANTED_MEMBERS} nodes, and below that nobody is promoted.`,
    );
  }
  if (members.length >= WANTED_MEMBERS) {
    return standstill("enough-members", members, `${namesOf(members)} are the control plane.`);
  }
  const invisible = nodes.filter((node) => !isMember(node) && node.promoteStatus === "complete");
  if (invisible.length > 0) {
    return standstill(
      "promotion-not-visible",
      invisible,
      `the promotion of ${namesOf(invisible)} is complete, but the labels of a control-plane node are not there yet.`,
    );
  }
  const blocking = nodes.filter(
    ({ promoteStatus }) => promoteStatus === "failed" || promoteStatus === "unknown",
  );
  if (blocking.length > 0) {
    const each = blocking.map(({ name, promoteStatus }) => `${name}: ${promoteStatus}`).join(", ");
    return standstill(
      "promotion-blocked",
      blocking,
      `a promotion did not succeed (${each}), and all others wait until that node's annotation harvesterhci.io/promote-status is ` +
        "cleared. Look at the job harvester-promote-<node> in harvester-system first.",
    );
  }
  const running = nodes.filter(({ promoteStatus }) => promoteStatus === "running");
  if (running.length > 0) {
    return standstill("promotion-running", running, `${namesOf(running)} is being promoted, one at a time.`);
  }
  const possible = [...members, ...candidates];
  if (possible.length < WANTED_MEMBERS) {
    return standstill(
      "too-few-candidates",
      possible,
      `only ${namesOf(possible)} can be in the control plane, and nobody is promoted before ${WANTED_MEMBERS} nodes can: workers ` +
        "never are, nor is a second witness, nor a node that is not healthy.",
    );
  }
  const zones = zonesOf(possible);
  if (zonesOf(members).size > 0 && zones.size < WANTED_MEMBERS) {
    return standstill(
      "too-few-zones",
      possible,
      `a member has a zone, so promotion waits for ${WANTED_MEMBERS} different zones among ${namesOf(possible)}; there are ` +
        `${zones.size} (${[...zones].join(", ")}).`,
    );
  }
  return undefined;
}

/** The nodes that may be promoted: one witness at most, the oldest. */
function candidatesAmong(nodes: readonly PromotionNode[], version: string): PromotionNode[] {
  const schedulable = nodes.filter((node) => node.cordoned !== true).length;
  const eligible = nodes.filter(
    (node) =>
      !isMember(node) &&
      node.healthy &&
      node.managed !== false &&
      isPromotable(roleOf(node)) &&
      !(isAtLeast(version, "1.9") && isHeldBack(node, schedulable)),
  );
  const seated = nodes.some((node) => isMember(node) && roleOf(node) === "witness");
  const [witness] = seated ? [] : oldestFirst(eligible.filter((node) => roleOf(node) === "witness"));
  return eligible.filter((node) => roleOf(node) !== "witness" || node === witness);
}

/** From v1.9 a cordoned node is passed over; one installed as such is cordoned first, unless it is the last schedulable one. */
function isHeldBack(node: PromotionNode, schedulable: number): boolean {
  return node.cordoned === true || (node.installCordoned === true && schedulable > 1);
}

function hasZone(node: PromotionNode): node is PromotionNode & { zone: string } {
  return node.zone !== undefined && node.zone !== "";
}

function zonesOf(nodes: readonly PromotionNode[]): Set<string> {
  return new Set(nodes.filter(hasZone).map(({ zone }) => zone));
}

/** Stable: of two nodes created in one second the one listed first comes first, as in the controller's list. */
function oldestFirst(nodes: readonly PromotionNode[]): PromotionNode[] {
  return [...nodes].sort((left, right) => left.created - right.created);
}

function standstill(reason: StandstillReason, nodes: readonly PromotionNode[], message: string): Standstill {
  return { reason, nodes: nodes.map(({ name }) => name), message };
}

function namesOf(nodes: readonly PromotionNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
