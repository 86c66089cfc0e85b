/** Which final steps of a change a person has approved: what the resources below ask for before they take one. */
import type { ClusterDescription } from "../../../model/description";
import { lacksApproval, needsApproval, type Transition } from "../../../model/transition";

/** A final step that was approved. */
export interface ApprovedStep {
  kind: "remove" | "reinstall";
  /** The node's key. */
  node: string;
  /** The count of `reinstall` that was approved. */
  reinstall?: number;
}

/**
 * The approved steps after a change was judged. Those of the change before stay approved while it is still under way: a change that is judged
 * again holds its steps again, and asks anew.
 */
export function approvedSteps(
  transition: Transition,
  { nodes }: Pick<ClusterDescription, "nodes">,
): ApprovedStep[] {
  const { approval, steps } = transition;
  if (needsApproval(transition) && (approval === undefined || lacksApproval(approval))) return [];
  return steps.flatMap(({ kind, node }): ApprovedStep[] => {
    if (node === undefined) return [];
    if (kind === "remove") return [{ kind, node }];
    return kind === "reinstall" ? [{ kind, node, reinstall: nodes[node]?.reinstall ?? 0 }] : [];
  });
}

/** Whether a step was approved. */
export function isApproved(
  approved: readonly ApprovedStep[] | undefined,
  { kind, node, reinstall }: ApprovedStep,
): boolean {
  return (approved ?? []).some(
    (step) => step.kind === kind && step.node === node && (kind === "remove" || step.reinstall === reinstall),
  );
}
