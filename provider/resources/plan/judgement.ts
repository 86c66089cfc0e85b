/** What a change means for the cluster as it is. */
import { type ClusterDescription, installedAs } from "../../../model/description";
import { approvalOf, needsApproval, planTransition, type Transition } from "../../../model/transition";
import { differences } from "../../shell/diff";
import { containsUnknown, isUnknown, type OperationContext, type Properties } from "../../shell/resource";
import type { RosterMember } from "../membership/roster";
import { type Sight, sightOf } from "./facts";
import { neverFormed } from "./formed";

/** A change, judged. */
export interface Judgement {
  transition: Transition;
  /** Fingerprint of the cluster's authority, by which the next look tells that it is the same cluster. */
  authority?: string | undefined;
  /** Id of the life of the cluster that was seen last: an approval is bound to it also while the cluster cannot be looked at. */
  incarnation?: string | undefined;
  /** Keys of described nodes whose leaving had begun, or whose machine was switched off: they are taken back. Undefined where nobody looked. */
  leaving?: readonly string[];
  /** When the description was judged, ISO 8601: how old it is, should it be all that a later judgement has. */
  at?: string | undefined;
}

/**
 * Judges the change from the description that was judged last to the one that is wanted, against the cluster as it is right now. A
 * cluster that cannot be looked at leaves the last description to judge by, and the judgement says so; one that was never formed is still
 * to be provisioned, whatever the last description wished. Without a change nobody looks.
 */
export async function judgeChange(
  ctx: OperationContext,
  olds: Properties | undefined,
  wanted: ClusterDescription,
): Promise<Judgement> {
  if (olds === undefined)
    return { transition: planTransition({ after: wanted }), at: new Date().toISOString() };
  const before = olds.cluster as ClusterDescription;
  const { authority, incarnation } = olds as Pick<Judgement, "authority" | "incarnation">;
  const at = new Date().toISOString();
  const change = {
    before,
    after: wanted,
    now: at,
    ...(olds.at === undefined ? {} : { beforeAsOf: olds.at as string }),
  };
  if (differences({ before }, { before: wanted }).length === 0) {
    return { transition: planTransition(change), authority, incarnation, at: olds.at as string | undefined };
  }
  const sight = await look(ctx, before, wanted, authority);
  if (sight.facts !== undefined) {
    const { facts, authority, incarnation, roster, evicted, returned, leaving } = sight;
    const transition = planTransition({
      ...change,
      facts,
      roster: roster.map(({ key }) => key),
      evicted,
      returned,
    });
    return {
      transition: asking(transition, incarnation, before, wanted, roster),
      authority,
      incarnation,
      leaving,
      at,
    };
  }
  // Whose authority is known was seen running: hosts of an adopted cluster carry no mark that would say so.
  if (
    sight.silent &&
    authority === undefined &&
    (await neverFormed(ctx, { ...before.nodes, ...wanted.nodes }))
  ) {
    return { transition: planTransition({ after: wanted }), authority, at };
  }
  const transition = planTransition(change);
  const why = `how the cluster is, because it could not be looked at: ${sight.why}.`;
  const unseen = { ...transition, unknown: [why, ...transition.unknown] };
  return { transition: asking(unseen, incarnation ?? "", before, wanted), authority, incarnation, at };
}

async function look(
  { signal }: OperationContext,
  judged: ClusterDescription,
  wanted: ClusterDescription,
  authority: string | undefined,
): Promise<Sight> {
  if (isUnknown(wanted.vip.address) || containsUnknown(wanted.access))
    return { why: "its address or login is not known before other resources are there", silent: false };
  return sightOf({ judged, wanted }, { signal, pinned: wanted.access.caFingerprint ?? authority });
}

/** The change with the approval that it asks for. */
function asking(
  transition: Transition,
  incarnation: string,
  before: ClusterDescription,
  wanted: ClusterDescription,
  roster: readonly RosterMember[] = [],
): Transition {
  if (!needsApproval(transition)) return transition;
  const described = Object.entries({ ...before.nodes, ...wanted.nodes });
  const known = described.filter(([, node]) => !containsUnknown([node.hardware, node.wasHardware]));
  const hardware = {
    ...Object.fromEntries(roster.map(({ key, uuid, serial }) => [key, { uuid, serial }])),
    ...Object.fromEntries(known.map(([key, node]) => [key, installedAs(node)])),
  };
  const hash = approvalOf(transition, { incarnation, hardware });
  const given = wanted.approve;
  const approval = {
    hash,
    steps: transition.steps.filter(({ finality }) => finality === "final").length,
    ...(typeof given === "string" ? { given } : {}),
  };
  return { ...transition, approval };
}
