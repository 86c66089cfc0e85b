/** What a run without a change of members says of evictions that nobody has answered yet. */
import { ofEviction } from "../../../model/transition";
import { HarvesterError } from "../../harvester/errors";
import { NoAnswer } from "../../net/http";
import { standingEvictions } from "../../recovery/evictions";
import { containsUnknown, type OperationContext } from "../../shell/resource";
import { lookAtCluster } from "../live-cluster";
import type { MembershipInputs } from "./inputs";
import { readRoster } from "./roster";

/** A run in which nothing is to be done waits no longer than this for the cluster's roster. */
const PATIENCE_MS = 5000;

/**
 * Warns of each. Nothing where the cluster does not answer, or is not yet known for certain: a login is not risked for it, and a change
 * that is judged looks for itself.
 */
export async function warnOfEvictions(
  ctx: Pick<OperationContext, "signal" | "warn">,
  inputs: MembershipInputs,
  pinned: string | undefined,
): Promise<void> {
  const { cluster, identity, members } = inputs;
  const nodes = Object.fromEntries(members.map(({ key, node }) => [key, node]));
  if (pinned === undefined || containsUnknown([cluster.vip, cluster.access, identity])) return;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const signal = AbortSignal.any([ctx.signal, patience]);
    const { client } = await lookAtCluster(inputs, { signal, pinned });
    if (client === undefined) return;
    const { evicted } = await readRoster(client);
    for (const eviction of standingEvictions(evicted, { nodes }, identity.incarnation)) {
      const { property, message, next } = ofEviction(eviction);
      ctx.warn(`cluster.${property}: ${message} ${next}`);
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    const silent = error instanceof NoAnswer || error instanceof HarvesterError;
    if (!patience.aborted && !silent) throw error;
  }
}
