/**
 * What changes about nodes that stay: labels, and who is kept out of use. Each step is the plan's, made anew on the cluster as it is then, one at
 * a time, under the Lease that leaves are carried out under.
 */
import { hostnameOf, type NodeDescription } from "../../../../model/description";
import { planTransition, type Step } from "../../../../model/transition";
import { underLease } from "../../../harvester/lease";
import { endMaintenance, requestMaintenance } from "../../../harvester/maintenance";
import type { NodeFacts } from "../../../harvester/node-facts";
import {
  type VirtualMachineInstance,
  virtualMachineFacts,
  WORKLOAD_PATHS,
} from "../../../harvester/workload";
import { pause } from "../../../net/retry";
import { type OperationContext, UserError } from "../../../shell/resource";
import { type LiveCluster, lookAtCluster, nodeOn } from "../../live-cluster";
import { clusterFacts } from "../../plan/facts";
import type { MembershipInputs } from "../inputs";
import { stopMachines } from "../leave/acts";
import { virtualMachinePolicy } from "../leave/departure";
import type { Member } from "../verify";
import { labelsFor } from "./relabel";

const LOOK_EVERY_MS = 2000;
/** So often Harvester may take a request for maintenance mode back before it counts as refused. */
const MAINTENANCE_TRIES = 3;

/** The kinds of steps that change a node in place. */
export type InPlace = Extract<Step["kind"], "resume" | "relabel" | "maintain">;

/** A change that is carried out. */
interface Course {
  ctx: OperationContext;
  inputs: MembershipInputs;
  before: readonly Member[];
  pinned: string | undefined;
}

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
  const { client, node } = await foundOn(course, key, described);
  if (kind === "resume") return endMaintenance(client.kube, node.name);
  if (kind === "maintain") return maintain(course, key, described);
  const was = course.before.find((member) => member.key === key)?.node;
  const labels = labelsFor(was, described, node.labels);
  if (Object.keys(labels).length === 0) return;
  await client.kube.merge(`/api/v1/nodes/${node.name}`, { metadata: { labels } }, `labelling ${node.name}`);
}

/** Maintenance mode, until it is complete and no virtual machine is left. */
async function maintain(course: Course, key: string, described: NodeDescription): Promise<void> {
  const { ctx, inputs } = course;
  for (let asked = 0; ; ) {
    const { client, node } = await foundOn(course, key, described);
    const machines = virtualMachineFacts(await client.list<VirtualMachineInstance>(WORKLOAD_PATHS.instances));
    const left = machines.filter((machine) => machine.node === node.name);
    if (node.maintenance === "completed" && left.length === 0) return;
    const fixed = left.filter(({ migratable }) => !migratable).map(({ name }) => name);
    if (fixed.length > 0 && virtualMachinePolicy(inputs.cluster.leave) === "refuse") {
      throw new UserError(
        `nodes.${key}.maintenance: ${node.name} runs virtual machines that cannot be live-migrated: ${fixed.join(", ")}. Stop or move them, or ` +
          'allow that they are stopped: leave.virtualMachines: "stop".',
      );
    }
    if (fixed.length > 0) await stopMachines(client, fixed);
    if (node.maintenance === undefined && !node.maintenanceRequested) {
      if (asked === MAINTENANCE_TRIES) {
        throw new UserError(
          `nodes.${key}.maintenance: Harvester refuses it for ${node.name} again and again. Look at the node's page in Harvester: it names virtual ` +
            "machines that have no other node to run on.",
        );
      }
      asked += 1;
      await requestMaintenance(client.kube, node.name);
    }
    const names = left.map(({ name }) => name).join(", ");
    await patience(ctx, `maintenance mode of ${node.name}${names === "" ? "" : ` (still there: ${names})`}`);
  }
}

type Answering = LiveCluster & { client: NonNullable<LiveCluster["client"]> };

async function foundOn(
  course: Course,
  key: string,
  described: NodeDescription,
): Promise<{ client: Answering["client"]; node: NodeFacts }> {
  for (;;) {
    const cluster = await answering(course);
    const node = nodeOn(cluster, described.hardware);
    if (node !== undefined) return { client: cluster.client, node };
    await patience(course.ctx, `${hostnameOf(key, described)} to be in the cluster`);
  }
}

async function answering({ ctx, inputs, pinned }: Course): Promise<Answering> {
  for (;;) {
    const cluster = await lookAtCluster(inputs, { signal: ctx.signal, pinned });
    if (cluster.kind === "other")
      throw new UserError(`cluster.vip: ${cluster.what}. Nothing more was changed.`);
    if (cluster.kind === "ours" && cluster.client !== undefined) return cluster as Answering;
    await patience(ctx, `the cluster to answer (${cluster.what})`);
  }
}

async function patience(ctx: OperationContext, what: string): Promise<void> {
  ctx.status(`waiting: ${what}`);
  if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime()) {
    throw new UserError(
      `members: gave up waiting: ${what}. Running again goes on from here. More time: leave.timeout.`,
    );
  }
  await pause(LOOK_EVERY_MS, ctx.signal);
}
