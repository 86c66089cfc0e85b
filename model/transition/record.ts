/** What a run did to a cluster, as it was seen to happen: the counterpart of a plan's steps. */
import type { Quorum } from "../quorum";
import type { StepKind } from "./step";

/**
 * One step, as it was carried out. What etcd was before, during and after it was counted on the live cluster, by the Node objects: a member that votes
 * counts as healthy while its node is Ready, and one that does not vote yet does not count.
 */
export interface RecordedStep {
  /** `remove` also where a machine had left, came back and was put out. */
  kind: StepKind;
  /** Name of the Kubernetes node that it is about. */
  node: string;
  /** When it began, ISO 8601, by the clock of the machine that ran it. A promotion begins when it is first seen. */
  begin: string;
  /** When it was over, ISO 8601. */
  end: string;
  /** etcd's voters at the first look of the step; undefined where no cluster could be asked, as before the first node. */
  before?: Quorum;
  /** The worst that was seen in between; undefined where nothing worse than before and after was. */
  during?: Quorum;
  /** etcd's voters at its last look; undefined where no cluster could be asked. */
  after?: Quorum;
}

/**
 * The last change of a cluster's nodes.
 *
 * It holds what the run that completed the change has seen, and no more: steps of a run before it that was killed, or that ended with an error, are not in
 * it. Promotions are those that were seen to end between two looks.
 */
export interface ChangeRecord {
  /** When the first step began, ISO 8601. */
  begin: string;
  /** When the last step was over, ISO 8601. */
  end: string;
  /** In the order in which they began; never empty. */
  steps: RecordedStep[];
}

/** The record of these steps; undefined where there are none. */
export function recordOf(steps: readonly RecordedStep[]): ChangeRecord | undefined {
  const inOrder = steps.toSorted((left, right) => left.begin.localeCompare(right.begin));
  const [first] = inOrder;
  if (first === undefined) return undefined;
  const end = steps.map((step) => step.end).reduce((left, right) => (left > right ? left : right));
  return { begin: first.begin, end, steps: inOrder };
}
