/**
 * Puts a machine out that came back after it had left: its node takes nothing new, the machine is told over SSH to switch off, and once nothing on it
 * answers any more its node is removed. Its BMC is not asked: whoever released the machine may have given it away, and a password is sent to
 * no address that only the cluster remembers.
 */
import { decideOnReturn, FENCE_GUARDS, type FenceAct, type FenceGuard } from "../../../../model/fence";
import type { HarvesterClient } from "../../../harvester/client";
import type { KubeObject } from "../../../harvester/kube-api";
import { cordon, evictPods, podsOf } from "../../../harvester/maintenance";
import type { NodeFacts } from "../../../harvester/node-facts";
import { removeNode } from "../../../harvester/removal";
import { pause } from "../../../net/retry";
import { type OperationContext, UserError } from "../../../shell/resource";
import { chronicleOf } from "../../chronicle";
import { type LiveCluster, lookAtCluster } from "../../live-cluster";
import { tolerant } from "../leave/take-out";
import { type RosterLeaver, readRoster } from "../roster";
import { lookAtReturned, type Memory, shellOn, type Watch } from "./look";
import { returnedBy } from "./returned";

const LOOK_EVERY_MS = 1000;

/** A machine that came back, and its node. */
export interface Returned {
  node: NodeFacts;
  released: RosterLeaver;
}

/** What became of one machine. */
export interface PutOut {
  /** Its node's name. */
  node: string;
  released: RosterLeaver;
  /** Why it is not out; undefined: it is. It is cordoned then, and nothing more was done. */
  held?: { guard: string; passes: boolean; why: string };
}

type Context = Pick<OperationContext, "signal" | "deadline" | "status" | "facts">;

/** Puts everybody out who has come back, one after the other. The caller holds the Lease. */
export async function putOutReturned(
  ctx: Context,
  watch: Watch,
  guards: readonly FenceGuard[] = FENCE_GUARDS,
): Promise<PutOut[]> {
  const chronicle = chronicleOf(ctx.facts, watch.question.identity);
  const done: PutOut[] = [];
  for (const { node, released } of await returnedNow(ctx, watch)) {
    const one = await chronicle.step(
      node.name,
      () => putOut(ctx, watch, { node: node.name, released }, guards),
      ({ held }) => (held === undefined ? "remove" : undefined),
    );
    done.push(one);
  }
  return done;
}

/** Who has come back. Nobody where the cluster does not answer. */
export async function returnedNow(ctx: Pick<Context, "signal">, watch: Watch): Promise<Returned[]> {
  const { question, pinned } = watch;
  const found = await tolerant(async () =>
    returnedAmong(watch, await lookAtCluster(question, { signal: ctx.signal, pinned })),
  );
  return "act" in found ? [] : found;
}

async function putOut(
  ctx: Context,
  watch: Watch,
  { node, released }: { node: string; released: RosterLeaver },
  guards: readonly FenceGuard[],
): Promise<PutOut> {
  const memory: Memory = { askedAt: undefined, silentSince: undefined, looksNotReady: 0 };
  for (;;) {
    const act = await tolerant(() => oneStep(ctx, watch, released, memory, guards));
    if (act === "out") return { node, released };
    if (act.act === "refuse")
      return { node, released, held: { guard: act.guard, passes: act.passes, why: act.why } };
    const what = act.act === "wait" ? act.what : `${node} to be put out`;
    ctx.status(`${released.key} had left and came back: waiting: ${what}`);
    if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime())
      return { node, released, held: { guard: "deadline", passes: true, why: `gave up waiting: ${what}` } };
    await pause(LOOK_EVERY_MS, ctx.signal);
  }
}

async function oneStep(
  ctx: Context,
  watch: Watch,
  released: RosterLeaver,
  memory: Memory,
  guards: readonly FenceGuard[],
): Promise<FenceAct | "out"> {
  const { question, pinned } = watch;
  const cluster = await lookAtCluster(question, { signal: ctx.signal, facts: ctx.facts, pinned });
  if (cluster.kind === "other")
    throw new UserError(`cluster.vip: ${cluster.what}. Nothing more was changed.`);
  const { client, nodes } = cluster;
  if (client === undefined) return { act: "wait", what: `the cluster to answer (${cluster.what})` };
  const returned = await returnedAmong(watch, cluster);
  const found = returned.find((one) => one.released.installation === released.installation);
  if (found === undefined) return "out";
  const signs = await lookAtReturned(watch, { client, nodes }, found, memory);
  const act = decideOnReturn(signs, guards);
  await carryOut(ctx, watch, found, act, client, memory);
  return act;
}

async function carryOut(
  ctx: Context,
  watch: Watch,
  { node: { name, machine }, released }: Returned,
  { act }: FenceAct,
  client: HarvesterClient,
  memory: Memory,
): Promise<void> {
  const { kube } = client;
  switch (act) {
    case "cordon":
      return cordon(kube, name);
    case "drain":
      await evictPods(kube, name, await client.list<KubeObject>(podsOf(name)));
      return;
    case "switch-off":
      ctx.status(`switching ${released.key} off over SSH`);
      memory.askedAt = Date.now();
      // A machine that goes down may not say goodbye: whether it went is seen by the next looks.
      await shellOn(watch, released)
        ?.ask("sudo systemctl poweroff")
        .catch(() => undefined);
      return;
    case "remove":
      ctx.status(`removing the node of ${released.key}`);
      return removeNode(kube, { name, machine });
  }
}

async function returnedAmong(
  { question, described }: Watch,
  { client, nodes }: Pick<LiveCluster, "client" | "nodes">,
): Promise<Returned[]> {
  if (client === undefined) return [];
  const roster = await readRoster(client);
  return returnedBy(roster, nodes, described, question.identity.incarnation).map(({ node, released }) => ({
    node: nodes.find(({ name }) => name === node)!,
    released,
  }));
}
