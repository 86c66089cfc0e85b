/** The nodes of a change, before and after. */
import type { Moment } from "../model/transition/step";
import type { Transition } from "../model/transition/transition";

/** One node. */
export interface NodeRow {
  name: string;
  /** What it is now: `voter, API server`; undefined where it does not belong. */
  before?: string;
  /** What it will be; undefined where it will not belong. */
  after?: string;
  /** Whether anything happens to it. */
  changes: boolean;
}

/** Every node of before and after, those that are there already first. */
export function nodeRows({ before, after, standby, steps }: Transition): NodeRow[] {
  const old = before?.nodes ?? [];
  const touched = new Set(steps.map(({ node }) => node));
  return [...old, ...after.nodes.filter((name) => !old.includes(name))].map((name) => {
    const was = before && standingIn(before, name);
    const will = standingIn(after, name);
    const next = standby.includes(name) ? ", stands by for promotion" : "";
    return {
      name,
      ...(was === undefined ? {} : { before: was }),
      ...(will === undefined ? {} : { after: will + next }),
      changes: touched.has(name) || was !== will,
    };
  });
}

function standingIn(moment: Moment, name: string): string | undefined {
  if (!moment.nodes.includes(name)) return undefined;
  const serves = moment.apiServers.includes(name);
  if (moment.voters.includes(name)) return serves ? "voter, API server" : "voter (witness)";
  return serves ? "API server" : "worker";
}
