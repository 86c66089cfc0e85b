/** From the cluster that is to the one that is wanted: what the change is, in which steps, and whether it may be carried out. */
import { errorsOf } from "../problem";
import { standbyOf } from "../promotion";
import { changeOf, kindOf } from "./change";
import { type Course, draftOf } from "./draft";
import { momentOf } from "./moment";
import { judgeTransition } from "./rules";
import { promotionVersion, type Situation, situationOf, type TransitionRequest } from "./situation";
import type { Step } from "./step";
import type { Transition } from "./transition";

export type { ClusterFacts, FactSource, NodeFacts, VirtualMachineFacts, VolumeFacts } from "./facts";
export type { Override, PlannedNode, TransitionRequest } from "./situation";
export type { Finality, Moment, NamedDisk, Step, StepKind } from "./step";
export type { Finding, Transition, TransitionKind } from "./transition";

/**
 * Plans a change and judges it. Every moment comes from a simulated cluster that takes the steps one after another, promotion included;
 * no wish is taken for granted. A change with an error has no steps.
 *
 * Values that are not known yet (symbols) count as unchanged and are named in `unknown`. It does not throw on descriptions that
 * `validateDescription` accepts.
 */
export function planTransition(
  request: TransitionRequest & { after: NonNullable<TransitionRequest["after"]> },
): Transition {
  const situation = situationOf(request);
  const change = changeOf(situation);
  const course = draftOf(situation, change);
  const findings = judgeTransition({ situation, change, course }, request.overrides);
  const { nodes, source, asOf, version, after } = situation;
  return {
    kind: kindOf(change),
    facts: { source: source === "inputs" ? "state" : source, ...(asOf === undefined ? {} : { asOf }) },
    versions: { ...(version === undefined ? {} : { from: version }), to: after.version },
    ...(nodes.length === 0 ? {} : { before: momentOf(nodes) }),
    after: momentOf(course.nodes),
    promoted: course.promoted,
    standby: standbyOf(course.nodes, promotionVersion(after.version)).map(({ name }) => name),
    steps: errorsOf(findings).length > 0 ? [] : stepsOf(course),
    findings,
    unknown: unknownOf(situation),
  };
}

/** The steps without what only rules look at. */
function stepsOf({ steps }: Course): Step[] {
  return steps.map(({ from: _from, to: _to, stages: _stages, ...step }) => step);
}

function unknownOf({ unknown }: Situation): string[] {
  return unknown.map((path) => `${path || "the description"} is not known yet; it is taken for unchanged.`);
}
