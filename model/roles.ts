/** What Harvester's declared roles allow a node to become. */
import type { Role } from "./description";

/** The role of a node that declares none [harvester-installer pkg/config: install.role]. */
export const DEFAULT_ROLE: Role = "default";

/**
 * Roles that may be promoted to the control plane, those preferred first. A worker never is.
 * Source: harvester pkg/controller/master/node/promote_controller.go.
 */
export const PROMOTION_PREFERENCE: readonly Role[] = ["management", "witness", "default"];

/** How many management nodes promotion aims at; it never makes more, and none below as many nodes. */
export const WANTED_MEMBERS = 3;

/** The role that a node has. */
export function roleOf(node: { role?: Role }): Role {
  return node.role ?? DEFAULT_ROLE;
}

/** Whether a node with this role can be promoted at all. */
export function isPromotable(role: Role): boolean {
  return PROMOTION_PREFERENCE.includes(role);
}

/** Whether a node with this role can run an API server, workloads and volumes beside etcd: a witness holds etcd only. */
export function isFull(role: Role): boolean {
  return role !== "witness";
}
