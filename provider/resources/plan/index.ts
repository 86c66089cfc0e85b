/** The gate: nothing below it is touched before the whole description, and the change that it means, has been judged. */
import { createHash } from "node:crypto";
import type { ClusterDescription } from "../../../model/description";
import { errorsOf, type Problem } from "../../../model/problem";
import type { Transition } from "../../../model/transition";
import { validateDescription } from "../../../model/validate";
import { differences } from "../../shell/diff";
import {
  type CheckFailure,
  containsUnknown,
  isUnknown,
  type OperationContext,
  type Properties,
  type Resource,
} from "../../shell/resource";
import { outlook } from "../outlook";
import { judgeChange } from "./judgement";
import { refuseStrangers } from "./strangers";
import { refuseUnlessCarriedOut, summaryOf } from "./summary";

/** A warning of what a first installation would come to; of a cluster that is there the judged change says what it comes to. */
const FRESH_CONTROL_PLANE = "voters-as-declared";

/** `metal:index:Plan`. */
export const plan: Resource = {
  token: "metal:index:Plan",

  async check(ctx, { olds, news }) {
    const wanted = news.cluster as ClusterDescription;
    const problems = validateDescription(wanted, { unknown: isUnknown });
    if (errorsOf(problems).length > 0) return { inputs: news, failures: say(ctx, problems) };
    if (olds === undefined) {
      return { inputs: news, failures: [...say(ctx, problems), ...(await refuseStrangers(ctx, wanted))] };
    }
    const { transition, authority } = await judgeChange(ctx, olds, wanted);
    const lasting = problems.filter(({ rule }) => rule !== FRESH_CONTROL_PLANE);
    const failures = say(ctx, [...lasting, ...transition.findings]);
    return { inputs: { ...news, transition, authority }, failures };
  },

  async diff(_ctx, { oldInputs, news }) {
    // What a judgement found is no wish: it is different each time, and changes nothing.
    const changes = differences(oldInputs, news).filter(({ path }) => /^cluster\b/.test(path));
    return { changes };
  },

  async create(ctx, inputs) {
    const cluster = inputs.cluster as ClusterDescription;
    if (ctx.preview && !containsUnknown(Object.values(cluster.nodes).map(({ role, zone }) => [role, zone]))) {
      ctx.info(outlook(cluster));
    }
    return { id: "plan", outputs: outputsOf(inputs) };
  },

  async update(ctx, { news }) {
    const transition = news.transition as Transition;
    if (!ctx.preview) refuseUnlessCarriedOut(transition);
    else if (summaryOf(transition) !== "") ctx.info(summaryOf(transition));
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
  return { ...inputs, receipt: `judged-${createHash("sha256").update(subject).digest("hex").slice(0, 12)}` };
}

/** Warns of what is to be warned of, and gives what is to be refused. */
function say(ctx: OperationContext, problems: readonly (Problem & { next?: string })[]): CheckFailure[] {
  for (const { severity, property, message } of problems) {
    if (severity === "warning")
      ctx.warn(`${property === "" ? "cluster" : `cluster.${property}`}: ${message}`);
  }
  return errorsOf(problems).map(failureOf);
}

function failureOf({ property, message, next, rule }: Problem & { next?: string }): CheckFailure {
  return {
    property: property === "" ? "cluster" : `cluster.${property}`,
    reason: `${message}${next === undefined ? "" : ` ${next}`} (rule ${rule})`,
  };
}
