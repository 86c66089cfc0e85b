/** Which machines the Membership has let go of in this process: what a machine may be forgotten by. */
import { FactKind, type RunFacts } from "../shell/run";

/** How a Membership came to its members: by an update, which has seen that the cluster has no node beside them, or by finding nothing to do. */
type Settling = "updated" | "unchanged";

/** Ids of the machines that belong, as the last successful act of a Membership in this process left them. */
const settledMembers = new FactKind<{ members: ReadonlySet<string>; by: Settling }>(
  "members as settled by a Membership",
);

/** Records that the Membership has settled on exactly these machines. */
export function recordSettled(facts: RunFacts, urn: string, members: Iterable<string>, by: Settling): void {
  facts.record(settledMembers, urn, { members: new Set(members), by });
}

/**
 * Whether a Membership settled in this process without the machine. `unchanged` is no proof that it left: a machine that joined in a run which did
 * not come to its end was never one of the Membership's.
 */
export function releasedIn(facts: RunFacts, machine: string): Settling | undefined {
  const settled = [...facts.all(settledMembers).values()];
  if (settled.length === 0 || settled.some(({ members }) => members.has(machine))) return undefined;
  return settled.every(({ by }) => by === "updated") ? "updated" : "unchanged";
}
