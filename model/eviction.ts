/**
 * A member that `npm run guard` took out because it had failed. Nobody has edited the description for it, so it stands until somebody does: by
 * taking the node out, or by asking for its installation anew.
 */
export interface Eviction {
  /** Key of the node in the description. */
  node: string;
  /** Intent under which its machine was installed: a later one answers the eviction. */
  installation: string;
  /** When, ISO 8601. */
  at: string;
  /** Who: a person's name for the one who ran the guard, and where. */
  by: string;
  /** What was wrong, and what had been tried. */
  why: string;
}
