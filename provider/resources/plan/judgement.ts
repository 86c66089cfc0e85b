/** What a change means for the cluster as it is. */
import type { ClusterDescription } from "../../../model/description";
import { planTransition, type Transition } from "../../../model/transition";
import { differences } from "../../shell/diff";
import { containsUnknown, isUnknown, type OperationContext, type Properties } from "../../shell/resource";
import { type Sight, sightOf } from "./facts";
import { neverFormed } from "./formed";

/** A change, judged, and what was learnt on the way. */
export interface Judgement {
  transition: Transition;
  /** Fingerprint of the cluster's authority, by which the next look tells that it is the same cluster. */
  authority: string | undefined;
}

/**
 * Judges the change from the description that was judged last to the one that is wanted, against the cluster as it is right now. A
 * cluster that cannot be looked at leaves the last description to judge by, and the judgement says so; one that was never formed is still
 * to be provisioned, whatever the last description wished. Without a change nobody looks.
 */
export async function judgeChange(
  ctx: OperationContext,
  olds: Properties,
  wanted: ClusterDescription,
): Promise<Judgement> {
  const judged = olds.cluster as ClusterDescription;
  const authority = olds.authority as string | undefined;
  if (differences({ judged }, { judged: wanted }).length === 0) {
    return { transition: planTransition({ before: judged, after: wanted }), authority };
  }
  const sight = await look(ctx, judged, wanted, authority);
  const now = new Date().toISOString();
  if (sight.facts !== undefined) {
    const transition = planTransition({ before: judged, after: wanted, facts: sight.facts, now });
    return { transition, authority: sight.authority };
  }
  if (sight.silent && (await neverFormed(ctx, { ...judged.nodes, ...wanted.nodes }))) {
    return { transition: planTransition({ after: wanted }), authority };
  }
  const transition = planTransition({ before: judged, after: wanted, now });
  const why = `how the cluster is, because it could not be looked at: ${sight.why}.`;
  return { transition: { ...transition, unknown: [why, ...transition.unknown] }, authority };
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
