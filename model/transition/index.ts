/** From the cluster that is to the one that is wanted: what the change is, in which steps, and whether it may be carried out. */
import { errorsOf } from "../problem";
import { standbyOf } from "../promotion";
import { beginningOf } from "./beginning";
import { changeOf, kindOf } from "./change";
import { type Course, draftOf } from "./draft";
import { momentOf } from "./moment";
import { planRetirement } from "./retirement";
import { judgeTransition } from "./rules";
import { promotionVersion, situationOf, type TransitionRequest } from "./situation";
import type { Step } from "./step";
import type { Transition } from "./transition";
import { unknownOf } from "./unknown";

export { type ApprovalSubject, approvalOf, lacksApproval, needsApproval } from "./approval";
export type { ClusterFacts, FactSource, NodeFacts, VirtualMachineFacts, VolumeFacts } from "./facts";
export { type Interruption, interruptionOf } from "./interruption";
export { isWorse } from "./moment";
export { type ChangeRecord, type RecordedStep, recordOf } from "./record";
export { ofEviction } from "./rules/evictions";
export type { TransitionRequest } from "./situation";
export type { Finality, Moment, NamedDisk, Step, StepKind } from "./step";
export type { Approval, Finding, Transition, TransitionKind } from "./transition";
export { upgradePath } from "./upgrade-path";

/**
 * Plans a change and judges it. Every moment comes from a simulated cluster that takes the steps one after another, promotion included;
 * no wish is taken for granted. A change with an error has no steps.
 *
 * Values that are not known yet (symbols) count as unchanged and are named in `unknown`. It does not throw on descriptions that
 * `validateDescription` accepts.
 */
export function planTransition(request: TransitionRequest): Transition {
  const { after, before } = request;
  if (after === undefined) {
    if (before === undefined) throw new Error("a transition needs a description, before or after it");
    return planRetirement({ ...request, before });
  }
  const situation = situationOf({ ...request, after });
  const change = changeOf(situation);
  const course = draftOf(situation, change);
  const findings = judgeTransition({ situation, change, course });
  return {
    ...beginningOf(situation),
    kind: kindOf(change),
    after: momentOf(course.nodes),
    promoted: [...new Set(course.promoted)],
    standby: standbyOf(course.nodes, promotionVersion(situation.after.version)).map(({ name }) => name),
    steps: errorsOf(findings).length > 0 ? [] : stepsOf(course),
    findings,
    unknown: unknownOf(situation, course),
  };
}

/** The steps without what only rules look at. */
function stepsOf({ steps }: Course): Step[] {
  return steps.map(({ from: _from, to: _to, stages: _stages, ...step }) => step);
}
