/**
 * The choice of the one machine that creates a cluster (P1).
 *
 * A description cannot ask for two creators: there is no field to ask with (`mode` is refused as an unknown key), and the choice is
 * this one function's, made once and stored in the state before any machine boots.
 */
import type { Role } from "./description";

/** A machine that might create the cluster. */
export interface Candidate {
  /** The node's key in the description. */
  key: string;
  /** Declared role; `default` when absent. */
  role?: Role;
}

/** Roles that may create a cluster, best first. The creating node is always a management node, whatever it declares. */
const PREFERENCE: readonly Role[] = ["management", "default"];

/**
 * Chooses the creator: the first management node in the order of the description, else the first with role default.
 * Workers are never promoted and a witness holds etcd only, so neither can carry a cluster alone.
 *
 * @returns undefined when nobody can
 */
export function chooseCreator<C extends Candidate>(candidates: readonly C[]): C | undefined {
  for (const role of PREFERENCE) {
    const found = candidates.find((candidate) => (candidate.role ?? "default") === role);
    if (found !== undefined) return found;
  }
  return undefined;
}
