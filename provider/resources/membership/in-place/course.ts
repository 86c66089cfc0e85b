/** What the changes in place share: what they are about, how they look at the cluster, and how they wait. */
import { hostnameOf, type NodeDescription } from "../../../../model/description";
import type { NodeFacts } from "../../../harvester/node-facts";
import { pause } from "../../../net/retry";
import { type OperationContext, UserError } from "../../../shell/resource";
import { type LiveCluster, lookAtCluster, nodeOn } from "../../live-cluster";
import type { MembershipInputs } from "../inputs";
import type { Member } from "../verify";

const LOOK_EVERY_MS = 2000;

/** A change that is carried out. */
export interface Course {
  ctx: OperationContext;
  inputs: MembershipInputs;
  before: readonly Member[];
  pinned: string | undefined;
}

type Answering = LiveCluster & { client: NonNullable<LiveCluster["client"]> };

/** The node as it is now; waits for it to be in the cluster. */
export async function foundOn(
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

/** The cluster as it is now; waits for it to answer, and throws where another one does. */
export async function answering({ ctx, inputs, pinned }: Course): Promise<Answering> {
  for (;;) {
    const cluster = await lookAtCluster(inputs, { signal: ctx.signal, facts: ctx.facts, pinned });
    if (cluster.kind === "other")
      throw new UserError(`cluster.vip: ${cluster.what}. Nothing more was changed.`);
    if (cluster.kind === "ours" && cluster.client !== undefined) return cluster as Answering;
    await patience(ctx, `the cluster to answer (${cluster.what})`);
  }
}

/** Waits a moment, and says for what. Throws at the deadline. */
export async function patience(ctx: OperationContext, what: string): Promise<void> {
  ctx.status(`waiting: ${what}`);
  if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime()) {
    throw new UserError(
      `members: gave up waiting: ${what}. Running again goes on from here. More time: leave.timeout.`,
    );
  }
  await pause(LOOK_EVERY_MS, ctx.signal);
}
