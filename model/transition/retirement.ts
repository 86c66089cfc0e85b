/** The end of a cluster: every machine is switched off in order, and nothing is wiped. */
import type { ClusterDescription } from "../description";
import { beginningOf } from "./beginning";
import { momentOf } from "./moment";
import { situationOf, type TransitionRequest } from "./situation";
import type { Finding, Transition } from "./transition";

/** Judges the end of the cluster that was described last. It has no steps: disks are kept, and switching on again undoes it. */
export function planRetirement(request: TransitionRequest & { before: ClusterDescription }): Transition {
  const situation = situationOf({ ...request, after: request.before });
  const refusal: Finding = {
    property: "allowDestroy",
    rule: "allow-destroy",
    severity: "error",
    message: "the cluster may not be switched off: a delete alone is no proof that somebody wants it.",
    next: "Set allowDestroy: true, run pulumi up once so that it is stored, and destroy then.",
  };
  return {
    ...beginningOf(situation),
    kind: "retire",
    after: momentOf([]),
    promoted: [],
    standby: [],
    steps: [],
    findings: request.before.allowDestroy === true ? [] : [refusal],
    unknown: [],
  };
}
