/** What a cluster is at one moment, by its nodes. */
import { apiServersOf, isMember, membersOf, type PromotionNode, votersOf } from "../promotion";
import { quorumOf } from "../quorum";
import type { NodeFacts } from "./facts";
import type { Moment } from "./step";

/**
 * The moment at which the nodes are these. A voter in maintenance counts as away: whoever asked for it may switch the machine off at any
 * time, so that drains, repairs and leaves draw on one quorum budget.
 */
export function momentOf(nodes: readonly (PromotionNode & Pick<NodeFacts, "maintenance">)[]): Moment {
  const voters = nodes.filter((node) => node.etcd);
  return {
    quorum: quorumOf(voters.length, voters.filter(countsForQuorum).length),
    voters: votersOf(nodes),
    apiServers: apiServersOf(nodes),
    controlPlane: membersOf(nodes),
    nodes: nodes.map(({ name }) => name),
  };
}

/** Whether a voter can be relied on: it is healthy, and not in maintenance. */
export function countsForQuorum(node: PromotionNode & Pick<NodeFacts, "maintenance">): boolean {
  return node.healthy && node.maintenance !== true;
}

/** Whether `left` is a worse moment than `right`: nothing can be written, fewer may be lost, or fewer voters are left. */
export function isWorse(left: Pick<Moment, "quorum">, right: Pick<Moment, "quorum">): boolean {
  const [a, b] = [left.quorum, right.quorum];
  if (a.reached !== b.reached) return b.reached;
  return a.tolerance !== b.tolerance ? a.tolerance < b.tolerance : a.members < b.members;
}

/** The worst of several moments; the first of equally bad ones. */
export function worstOf(moments: readonly Moment[]): Moment | undefined {
  return moments.reduce<Moment | undefined>(
    (worst, moment) => (worst === undefined || isWorse(moment, worst) ? moment : worst),
    undefined,
  );
}

/** The members among these nodes that are not healthy. */
export function deadMembersOf<N extends PromotionNode>(nodes: readonly N[]): N[] {
  return nodes.filter((node) => isMember(node) && !node.healthy);
}
