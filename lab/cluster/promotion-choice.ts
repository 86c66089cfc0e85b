/**
 * Whom Harvester promotes next: its promotion controller's rules (pkg/controller/master/node/promote_controller.go) as a pure function.
 */
import type { DeclaredRole } from "./identity";
import { minorOf } from "./versions";

/** What the controller looks at in a node. */
export interface PromotionNode {
  name: string;
  role: DeclaredRole;
  /** `topology.kubernetes.io/zone`; empty or absent when the node has none. */
  zone?: string;
  /** Ready is True and no other condition is. */
  healthy: boolean;
  /** One of the labels control-plane, master and etcd is on it. */
  management: boolean;
  /** `harvesterhci.io/managed` is true. */
  managed: boolean;
  cordoned: boolean;
  /** `harvesterhci.io/promote-status`; empty or absent when it was never promoted. */
  promoteStatus?: string;
  /** Orders the nodes by age, the oldest first. */
  created: number;
}

/** A control plane of Harvester never has more members. */
const MEMBERS = 3;
/** While one node is in such a state nobody is promoted. */
const BLOCKING = ["running", "failed", "unknown"];

/** The node that a cluster of this version promotes next, if any. */
export function nextPromotion(nodes: readonly PromotionNode[], version: string): PromotionNode | undefined {
  const management = nodes.filter((node) => node.management);
  if (nodes.length < MEMBERS || management.length >= MEMBERS) return undefined;
  if (nodes.some((node) => BLOCKING.includes(node.promoteStatus ?? ""))) return undefined;
  if (nodes.some((node) => !node.management && node.promoteStatus === "complete")) return undefined;
  const hasWitness = management.some((node) => node.role === "witness");
  const candidates = nodes.filter((node) => eligible(node, hasWitness, version));
  if (!enough(management, candidates)) return undefined;
  const zones = zonesOf(management);
  if (zones.size > 0 && zonesOf([...management, ...candidates]).size < MEMBERS) return undefined;
  // The most wanted role alone decides: where none of it fits the zones, nobody of another role is taken.
  const wanted = ["management", "witness", "default"].find((role) => candidates.some((n) => n.role === role));
  const group = candidates.filter((node) => node.role === wanted);
  const fitting = zones.size === 0 ? group : group.filter(({ zone }) => zone && !zones.has(zone));
  return fitting.sort((a, b) => a.created - b.created)[0];
}

function eligible(node: PromotionNode, hasWitness: boolean, version: string): boolean {
  if (node.management || !node.healthy || !node.managed || node.role === "worker") return false;
  // Before 1.9 a node that somebody has cordoned is promoted, and uncordoned with that.
  if (node.cordoned && minorOf(version) >= 9) return false;
  return node.role !== "witness" || !hasWitness;
}

/** Nobody is promoted where three members cannot come about; of several witnesses only one can be a member. */
function enough(management: readonly PromotionNode[], candidates: readonly PromotionNode[]): boolean {
  const witnesses = candidates.filter((node) => node.role === "witness").length;
  return management.length + candidates.length - Math.max(0, witnesses - 1) >= MEMBERS;
}

function zonesOf(nodes: readonly PromotionNode[]): Set<string> {
  return new Set(nodes.map((node) => node.zone ?? "").filter((zone) => zone !== ""));
}
