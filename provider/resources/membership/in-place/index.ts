/**
 * What changes about nodes that stay: labels, who is kept out of use, and whose machine is off. Each step is the plan's, made anew on the cluster as it is then, one at
 * a time, under the Lease that leaves are carried out under.
 */
import { hostnameOf, type NodeDescription } from "../../../../model/description";
import { planTransition, type Step } from "../../../../model/transition";
import { underLease } from "../../../harvester/lease";
import { endMaintenance } from "../../../harvester/maintenance";
import { UserError } from "../../../shell/resource";
import { chronicleOf } from "../../chronicle";
import { lookAtCluster } from "../../live-cluster";
import { clusterFacts } from "../../plan/facts";
import type { Member } from "../verify";
import { answering, type Course, foundOn } from "./course";
import { maintain } from "./maintain";
import { switchOff, switchOn } from "./power";
import { labelsFor } from "./relabel";

/** The kinds of steps that change a node in place. */
export type InPlace = Extract<Step["kind"], "resume" | "relabel" | "maintain" | "switch-off" | "switch-on">;

/** Carries out the steps of these kinds, in the plan's order. */
export async function carryOutInPlace(course: Course, kinds: readonly InPlace[]): Promise<void> {
  if (!mayConcern(course, kinds)) return;
  const { ctx, inputs, pinned } = course;
  const kube = async () => (await lookAtCluster(inputs, { signal: ctx.signal, pinned })).client?.kube;
  await underLease({ kube, ctx, purpose: `${kinds.join(", ")} nodes` }, async (signal) => {
    const held = { ...course, ctx: { ...ctx, signal } };
    const done = new Set<string>();
    for (;;) {
      const step = (await stepsNow(held)).find(
        ({ kind, node }) =>
          kinds.includes(kind as InPlace) && node !== undefined && !done.has(`${kind} ${node}`),
      );
      if (step === undefined) return;
      ctx.status(step.about);
      await takeStep(held, step.kind as InPlace, step.node!);
      done.add(`${step.kind} ${step.node}`);
    }
  });
}

/** Most changes concern nobody who stays; then nobody looks. */
function mayConcern({ inputs, before }: Course, kinds: readonly InPlace[]): boolean {
  return inputs.members.some(({ key, node }) => {
    const was = before.find((member) => member.key === key)?.node;
    if (kinds.includes("maintain") && node.maintenance === true) return true;
    if (kinds.includes("switch-off") && node.power === "off") return true;
    // A machine whose run was killed once it was off is known by its node's mark alone.
    if (kinds.includes("switch-on") && (was?.power === "off" || inputs.back?.includes(key) === true))
      return true;
    if (kinds.includes("resume") && node.maintenance !== true && was?.maintenance !== undefined) return true;
    return kinds.includes("relabel") && was !== undefined && labelled(was) !== labelled(node);
  });
}

function labelled({ role, zone, labels }: NodeDescription): string {
  return JSON.stringify([role ?? "default", zone ?? "", Object.entries(labels ?? {}).sort()]);
}

/** The steps that are still to be taken, judged on the cluster as it is now. */
async function stepsNow(course: Course): Promise<readonly Step[]> {
  const { inputs, before } = course;
  const { client, nodes } = await answering(course);
  // Leaves are judged by themselves; whoever is still to go counts as staying here.
  const stay = (members: readonly Member[]) =>
    Object.fromEntries(members.map(({ key, node }) => [key, node]));
  const all = { ...stay(before), ...stay(inputs.members) };
  const { steps, findings } = planTransition({
    before: { ...inputs.cluster, nodes: { ...stay(inputs.members), ...stay(before) } },
    after: { ...inputs.cluster, nodes: all },
    facts: await clusterFacts({ client, nodes }, all),
  });
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return steps;
  const reasons = errors.map(
    ({ property, message, next, rule }) => `${property}: ${message} ${next ?? ""} (rule ${rule})`,
  );
  throw new UserError(`members: the change cannot go on as the cluster is now. ${reasons.join(" ")}`);
}

async function takeStep(course: Course, kind: InPlace, key: string): Promise<void> {
  const { node: described } =
    course.inputs.members.find((member) => member.key === key) ??
    course.before.find((member) => member.key === key)!;
  const work = async () => {
    const acted = await act(course, kind, key, described);
    // Where the step ends is seen, too.
    await answering(course);
    return acted;
  };
  const chronicle = chronicleOf(course.ctx.facts, course.inputs.identity);
  await chronicle.step(hostnameOf(key, described), work, (acted) => (acted ? kind : undefined));
}

/** Does it. Returns whether there was anything to do. */
async function act(course: Course, kind: InPlace, key: string, described: NodeDescription): Promise<boolean> {
  const { client, node } = await foundOn(course, key, described);
  if (kind === "relabel") {
    const was = course.before.find((member) => member.key === key)?.node;
    const labels = labelsFor(was, described, node.labels);
    if (Object.keys(labels).length === 0) return false;
    await client.kube.merge(`/api/v1/nodes/${node.name}`, { metadata: { labels } }, `labelling ${node.name}`);
    return true;
  }
  if (kind === "resume") await endMaintenance(client.kube, node.name);
  else if (kind === "maintain") await maintain(course, key, described);
  else if (kind === "switch-off") await switchOff(course, key, described);
  else await switchOn(course, key, described);
  return true;
}
