/** The gate: nothing below it is touched before the whole description has been judged. */
import { createHash } from "node:crypto";
import type { ClusterDescription } from "../../model/description";
import { judgeEdit } from "../../model/edits";
import { errorsOf, type Problem } from "../../model/problem";
import { validateDescription } from "../../model/validate";
import { BmcError } from "../redfish/errors";
import { differences } from "../shell/diff";
import {
  type CheckFailure,
  containsUnknown,
  isUnknown,
  type OperationContext,
  type Properties,
  type Resource,
} from "../shell/resource";
import { glance } from "./machine/glance";
import { readMark } from "./machine/mark";
import { outlook } from "./outlook";
import { sightCluster } from "./sighting";

/** `metal:index:Plan`. */
export const plan: Resource = {
  token: "metal:index:Plan",

  async check(ctx, { olds, news }) {
    const wanted = news.cluster as ClusterDescription;
    const judged = olds?.cluster as ClusterDescription | undefined;
    const problems = validateDescription(wanted, { unknown: isUnknown });
    if (judged !== undefined && errorsOf(problems).length === 0) problems.push(...judgeEdit(judged, wanted));
    for (const warning of problems.filter((problem) => problem.severity === "warning")) {
      ctx.warn(`cluster.${warning.property}: ${warning.message}`);
    }
    const failures = errorsOf(problems).map(failureOf);
    if (judged === undefined && failures.length === 0) {
      const looks = [refuseUnknownCluster(ctx, wanted), refuseMarkedMachines(ctx, wanted)];
      failures.push(...(await Promise.all(looks)).flat());
    }
    return { inputs: news, failures };
  },

  async diff(_ctx, { oldInputs, news }) {
    return { changes: differences(oldInputs, news) };
  },

  async create(ctx, inputs) {
    const cluster = inputs.cluster as ClusterDescription;
    if (ctx.preview && !containsUnknown(Object.values(cluster.nodes).map(({ role, zone }) => [role, zone]))) {
      ctx.info(outlook(cluster));
    }
    return { id: "plan", outputs: outputsOf(inputs) };
  },

  async update(_ctx, { news }) {
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

function failureOf(problem: Problem): CheckFailure {
  return {
    property: problem.property === "" ? "cluster" : `cluster.${problem.property}`,
    reason: `${problem.message} (rule ${problem.rule})`,
  };
}

/**
 * No old state means unknown, never "provision": whatever answers at the VIP was not made from this state, or the
 * state was lost (P11). Values that a preview does not know yet leave nothing to look at.
 */
async function refuseUnknownCluster(
  ctx: OperationContext,
  wanted: ClusterDescription,
): Promise<CheckFailure[]> {
  const { address } = wanted.vip;
  if (isUnknown(address) || isUnknown(wanted.access.url)) return [];
  const sighting = await sightCluster(wanted, ctx.signal);
  if (sighting.kind === "silent") return [];
  const what =
    sighting.kind === "harvester" ? "A running Harvester cluster" : `Something else (${sighting.what})`;
  return [
    {
      property: "cluster.vip.address",
      reason:
        `${what} answers at the VIP ${address}, and this stack's state knows no cluster. Nothing was touched. If the ` +
        "component was renamed or moved below another parent, give it an alias (pulumi.com/docs/iac/concepts/options/" +
        "aliases). If the state was lost or edited, restore it (pulumi stack import from a backup below .pulumi/backups, " +
        "or from your backend's history). If it is another cluster, choose another VIP. (rule no-unknown-cluster)",
    },
  ];
}

/** A machine that carries the mark of an installation was installed from a state that is not this one. A silent BMC says nothing. */
async function refuseMarkedMachines(
  ctx: OperationContext,
  wanted: ClusterDescription,
): Promise<CheckFailure[]> {
  const looks = Object.entries(wanted.nodes).map(async ([key, node]): Promise<CheckFailure[]> => {
    if (containsUnknown(node.bmc)) return [];
    try {
      const mark = await glance(ctx, node, async (system) => readMark((await system.state()).assetTag));
      if (mark === undefined) return [];
      return [
        {
          property: "cluster",
          reason:
            `nodes.${key}: the machine carries the mark of an installation (asset tag hvst:${mark.intent}:${mark.phase}), and this ` +
            "stack's state knows no cluster. Nothing was touched. If the component was moved below another parent, give it an " +
            "alias; if the state was lost, restore it. If the machine is free to be wiped, power it off and clear its asset tag " +
            "in the BMC. (rule no-unknown-machine)",
        },
      ];
    } catch (error) {
      if (error instanceof BmcError) return [];
      throw error;
    }
  });
  return (await Promise.all(looks)).flat();
}
