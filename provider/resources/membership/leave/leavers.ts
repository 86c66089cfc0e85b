/** Who leaves, in which order, and whether the rest of the change may go on: judged again on the cluster as it is right now. */
import type { ClusterDescription, NodeDescription } from "../../../../model/description";
import { type ClusterFacts, planTransition } from "../../../../model/transition";
import { machineId } from "../../machine/inputs";
import type { Member } from "../verify";

/** Members of before whose hosts belong no more. A node that only got another key stays. */
export function leaversOf(before: readonly Member[], after: readonly Member[]): Member[] {
  const stay = new Set(after.map(({ node }) => machineId(node)));
  return before.filter(({ node }) => !stay.has(machineId(node)));
}

/** What is known of those that leave. */
export interface LeaversNow {
  cluster: Omit<ClusterDescription, "nodes">;
  leavers: readonly Member[];
  stay: readonly Member[];
  facts: ClusterFacts;
  /** Keys of those whose leaving has come so far that it must be finished first, or which are in the cluster no more. */
  begun: readonly string[];
  /** Key of the node whose etcd member leads, where it is known. */
  leader: string | undefined;
}

/**
 * Who goes next, or why nobody may. The order is the plan's: nodes without a vote, dead members, living members; of the living ones the
 * leader of etcd last, so that its leadership moves once at most.
 */
export function nextLeaver(now: LeaversNow): { next: Member } | { refusal: string } {
  const { cluster, leavers, stay, facts, begun, leader } = now;
  const underWay = leavers.find(({ key }) => begun.includes(key));
  if (underWay !== undefined) return { next: underWay };
  const nodes = nodesOf(stay);
  const { steps, findings } = planTransition({
    before: { ...cluster, nodes: { ...nodesOf(leavers), ...nodes } },
    after: { ...cluster, nodes },
    facts,
  });
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    return {
      refusal: errors
        .map(({ property, message, next, rule }) => `${property}: ${message} ${next ?? ""} (rule ${rule})`)
        .join(" "),
    };
  }
  const order = steps.filter(({ kind }) => kind === "leave" || kind === "remove").map(({ node }) => node);
  const inOrder = leavers
    .filter(({ key }) => order.includes(key))
    .sort((left, right) => order.indexOf(left.key) - order.indexOf(right.key));
  const next = inOrder.find(({ key }) => key !== leader) ?? inOrder[0];
  if (next === undefined) {
    return {
      refusal: `${leavers.map(({ key }) => key).join(", ")}: the plan has no step that takes it out.`,
    };
  }
  return { next };
}

function nodesOf(members: readonly Member[]): Record<string, NodeDescription> {
  return Object.fromEntries(members.map(({ key, node }) => [key, node]));
}
