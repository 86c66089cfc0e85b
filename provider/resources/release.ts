/** Which machines the Membership has let go of in this process: the only proof that a machine may be forgotten. */
import { FactKind, type RunFacts } from "../shell/run";

/** Ids of the machines that belong, as the last successful act of a Membership in this process left them. */
const settledMembers = new FactKind<ReadonlySet<string>>("members as settled by a Membership");

/** Records that the Membership has settled on exactly these machines: its update succeeded, or its diff said none. */
export function recordSettled(facts: RunFacts, urn: string, members: Iterable<string>): void {
  facts.record(settledMembers, urn, new Set(members));
}

/** Whether a Membership settled in this process without the machine. */
export function releasedIn(facts: RunFacts, machine: string): boolean {
  const settled = [...facts.all(settledMembers).values()];
  return settled.length > 0 && settled.every((members) => !members.has(machine));
}
