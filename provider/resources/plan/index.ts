/** The gate: nothing below it is touched before the whole description, and the change that it means, has been judged. */
import { createHash } from "node:crypto";
import type { ClusterDescription } from "../../../model/description";
import { errorsOf } from "../../../model/problem";
import type { Finding, Transition } from "../../../model/transition";
import { validateDescription } from "../../../model/validate";
import { differences } from "../../shell/diff";
import {
  containsUnknown,
  isUnknown,
  type OperationContext,
  type Properties,
  type Resource,
  UserError,
} from "../../shell/resource";
import { outlook } from "../outlook";
import { approvedSteps } from "./approved";
import { judgedNodes } from "./judged";
import { judgeChange } from "./judgement";
import { refuseStrangers } from "./strangers";
import {
  approvalWanted,
  notCarriedOut,
  refuseUnlessCarriedOut,
  refuseWithoutWayOntoNodes,
  summaryOf,
} from "./summary";

/** A warning of what a first installation would come to; of a cluster that is there the judged change says what it comes to. */
const FRESH_CONTROL_PLANE = "voters-as-declared";

/** `metal:index:Plan`. */
export const plan: Resource = {
  token: "metal:index:Plan",

  async check(ctx, { olds, news }) {
    const wanted = news.cluster as ClusterDescription;
    const problems = validateDescription(wanted, { unknown: isUnknown });
    const refused = errorsOf(problems).map((problem) => ({
      property: pathOf(problem),
      reason: reasonOf(problem),
    }));
    warnOf(ctx, olds === undefined ? problems : problems.filter(({ rule }) => rule !== FRESH_CONTROL_PLANE));
    if (refused.length > 0) return { inputs: news, failures: refused };
    const failures = olds === undefined ? await refuseStrangers(ctx, wanted) : [];
    if (failures.length > 0) return { inputs: news, failures };
    // What was found is an input, so that policies and reports are given it; a refusal comes after them, in the step.
    return { inputs: { ...news, ...(await judgeChange(ctx, olds, wanted)) }, failures };
  },

  async diff(_ctx, { oldInputs, news }) {
    // What a judgement found is no wish: it is different each time, and changes nothing.
    return { changes: differences(oldInputs, news).filter(({ path }) => /^cluster\b/.test(path)) };
  },

  async create(ctx, inputs) {
    const cluster = inputs.cluster as ClusterDescription;
    warnOf(ctx, (inputs.transition as Transition).findings);
    if (ctx.preview && !containsUnknown(Object.values(cluster.nodes).map(({ role, zone }) => [role, zone]))) {
      ctx.info(outlook(cluster));
    }
    return { id: "plan", outputs: outputsOf(inputs) };
  },

  async update(ctx, { news }) {
    const transition = news.transition as Transition;
    warnOf(ctx, transition.findings);
    const refused = errorsOf(transition.findings);
    if (refused.length > 0) {
      throw new UserError(refused.map((finding) => `${pathOf(finding)}: ${reasonOf(finding)}`).join("\n"));
    }
    refuseWithoutWayOntoNodes(transition, news.cluster as ClusterDescription);
    if (ctx.preview) announce(ctx, transition);
    else refuseUnlessCarriedOut(transition);
    return { outputs: outputsOf(news) };
  },

  async read(_ctx, { id, inputs, outputs }) {
    return { id, inputs: inputs ?? {}, outputs: outputs ?? {} };
  },

  async delete() {
    // Forgetting a judgement touches nothing.
  },
};

/** The receipt names what was judged; it changes with the generation only, so that an edit does not ripple through. */
function outputsOf(inputs: Properties): Properties {
  const cluster = inputs.cluster as ClusterDescription;
  const subject = JSON.stringify([cluster.vip.address, cluster.generation ?? 1]);
  const approved = approvedSteps(inputs.transition as Transition, cluster);
  return {
    ...inputs,
    approved,
    judged: judgedNodes(cluster),
    leaving: inputs.leaving ?? [],
    receipt: `judged-${createHash("sha256").update(subject).digest("hex").slice(0, 12)}`,
  };
}

/** What a preview says of a change that may be made. */
function announce(ctx: OperationContext, transition: Transition): void {
  for (const warning of [notCarriedOut(transition), approvalWanted(transition)]) {
    if (warning !== undefined) ctx.warn(warning);
  }
  const summary = summaryOf(transition);
  if (summary !== "") ctx.info(summary);
}

function warnOf(ctx: OperationContext, findings: readonly Finding[]): void {
  for (const finding of findings) {
    if (finding.severity !== "warning") continue;
    const { message, rule, overridden } = finding;
    const why = overridden === undefined ? "" : ` Overridden (rule ${rule}): ${overridden}`;
    ctx.warn(`${pathOf(finding)}: ${message}${why}`);
  }
}

function pathOf({ property }: Finding): string {
  return property === "" ? "cluster" : `cluster.${property}`;
}

function reasonOf({ message, next, rule }: Finding): string {
  return `${message}${next === undefined ? "" : ` ${next}`} (rule ${rule})`;
}
