/**
 * What a run without a change of members says of the cluster: evictions that nobody has answered, machines that came back, and nodes that nobody
 * described, such as one that joined in a run which was cut short.
 */
import { ofReturn } from "../../../model/fence";
import { sameUuid } from "../../../model/hardware";
import { ofEviction } from "../../../model/transition";
import { HarvesterError } from "../../harvester/errors";
import { NoAnswer } from "../../net/http";
import { standingEvictions } from "../../recovery/evictions";
import { containsUnknown, type OperationContext } from "../../shell/resource";
import { lookAtCluster } from "../live-cluster";
import { returnedBy } from "./fence/returned";
import type { MembershipInputs } from "./inputs";
import { readRoster } from "./roster";
import { strangerSays } from "./verify";

/** A run in which nothing is to be done waits no longer than this for the cluster's roster. */
const PATIENCE_MS = 5000;

/**
 * Warns of each, and returns whether a machine that had left is back: then there is something to do, though nobody has edited anything. Nothing
 * where the cluster does not answer, or is not yet known for certain: a login is not risked for it, and a change that is judged looks for itself.
 */
export async function warnOfRoster(
  ctx: Pick<OperationContext, "signal" | "warn">,
  inputs: MembershipInputs,
  pinned: string | undefined,
): Promise<boolean> {
  const { cluster, identity, members } = inputs;
  const described = Object.fromEntries(members.map(({ key, node }) => [key, node]));
  if (pinned === undefined || containsUnknown([cluster.vip, cluster.access, identity])) return false;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const signal = AbortSignal.any([ctx.signal, patience]);
    const { client, nodes } = await lookAtCluster(inputs, { signal, pinned });
    if (client === undefined) return false;
    const roster = await readRoster(client);
    const evictions = standingEvictions(roster.evicted, { nodes: described }, identity.incarnation);
    const returned = returnedBy(roster, nodes, described, identity.incarnation);
    for (const { property, message, next } of [...evictions.map(ofEviction), ...returned.map(ofReturn)])
      ctx.warn(`cluster.${property}: ${message} ${next}`);
    const known = [
      ...members.flatMap(({ node }) => [node.hardware, node.wasHardware ?? node.hardware]),
      ...returned.map(({ released }) => released),
    ];
    for (const node of nodes.filter((node) => !known.some(({ uuid }) => sameUuid(uuid, node.uuid))))
      ctx.warn(`cluster.nodes: ${strangerSays(node)}.`);
    return returned.length > 0;
  } catch (error) {
    ctx.signal.throwIfAborted();
    const silent = error instanceof NoAnswer || error instanceof HarvesterError;
    if (!patience.aborted && !silent) throw error;
    return false;
  }
}
