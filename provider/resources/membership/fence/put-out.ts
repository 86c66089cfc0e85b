/**
 * Puts a machine out that came back after it had left: its node takes nothing new, the machine is told over SSH to switch off, and once nothing on it
 * answers any more its node is removed. Its BMC is not asked: whoever released the machine may have given it away, and a password is sent to
 * no address that only the cluster remembers.
 */
import { decideOnReturn, type FenceAct, type ReturnedMachine } from "../../../../model/fence";
import type { HarvesterClient } from "../../../harvester/client";
import type { NodeShell } from "../../../harvester/etcd";
import type { KubeObject } from "../../../harvester/kube-api";
import { cordon, evictPods, podsOf } from "../../../harvester/maintenance";
import { type NodeFacts, TOLD_OFF } from "../../../harvester/node-facts";
import { removeNode } from "../../../harvester/removal";
import { pause } from "../../../net/retry";
import { type OperationContext, UserError } from "../../../shell/resource";
import { CommandCutOff } from "../../../ssh/exec";
import { chronicleOf } from "../../chronicle";
import { type LiveCluster, lookAtCluster } from "../../live-cluster";
import { tolerant } from "../leave/take-out";
import { type RosterLeaver, readRoster } from "../roster";
import { lookAtReturned, type Memory, shellOn, type Watch } from "./look";
import { returnedBy } from "./returned";

const LOOK_EVERY_MS = 1000;
/**
 * Longest time in which one of them is put out, milliseconds: one that a virtual machine does not leave, for want of another node that may have it,
 * must not keep a change from the others.
 */
export const PUT_OUT_MS = 240_000;

/** What became of one machine. */
export interface PutOut {
  /** Its node's name. */
  node: string;
  released: RosterLeaver;
  /** Why it is not out; undefined: it is. It is cordoned at most. */
  held?: { guard: string; passes: boolean; why: string };
}

type Context = Pick<OperationContext, "signal" | "deadline" | "status" | "facts">;

/** Puts everybody out who has come back, one after the other. The caller holds the Lease. */
export async function putOutReturned(ctx: Context, watch: Watch): Promise<PutOut[]> {
  const chronicle = chronicleOf(ctx.facts, watch.question.identity);
  const done: PutOut[] = [];
  for (const machine of await returnedNow(ctx, watch)) {
    const one = await chronicle.step(
      machine.node,
      () => putOut(ctx, watch, machine),
      ({ held }) => (held === undefined ? "remove" : undefined),
    );
    done.push(one);
  }
  return done;
}

/** Who has come back. Nobody where the cluster does not answer. */
export async function returnedNow(
  ctx: Pick<Context, "signal">,
  watch: Watch,
): Promise<ReturnedMachine<RosterLeaver>[]> {
  const { question, pinned } = watch;
  const found = await tolerant(async () =>
    returnedAmong(watch, await lookAtCluster(question, { signal: ctx.signal, pinned })),
  );
  return "act" in found ? [] : found;
}

async function putOut(
  ctx: Context,
  watch: Watch,
  { node, released }: ReturnedMachine<RosterLeaver>,
): Promise<PutOut> {
  const memory: Memory = { askedAt: undefined, refusal: undefined, silentSince: undefined, looksNotReady: 0 };
  const deadline = Math.min(ctx.deadline.getTime(), Date.now() + PUT_OUT_MS);
  for (;;) {
    const act = await tolerant(() => oneStep(ctx, watch, released, memory));
    if (act === "out") return { node, released };
    if (act.act === "refuse")
      return { node, released, held: { guard: act.guard, passes: act.passes, why: act.why } };
    const what = "what" in act ? act.what : `${node} to be put out`;
    ctx.status(`${released.key} had left and came back: waiting: ${what}`);
    if (Date.now() + LOOK_EVERY_MS > deadline)
      return { node, released, held: { guard: "deadline", passes: true, why: `gave up waiting: ${what}` } };
    await pause(LOOK_EVERY_MS, ctx.signal);
  }
}

async function oneStep(
  ctx: Context,
  watch: Watch,
  released: RosterLeaver,
  memory: Memory,
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
  const here = { node: nodes.find(({ name }) => name === found.node)!, released };
  const act = decideOnReturn(await lookAtReturned(watch, { client, nodes }, here, memory));
  await carryOut(ctx, watch, here, act, client, memory);
  return act;
}

async function carryOut(
  ctx: Context,
  watch: Watch,
  { node: { name, machine }, released }: { node: NodeFacts; released: RosterLeaver },
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
      return switchOff(kube, name, shellOn(watch, released)!.ask, memory);
    case "remove":
      ctx.status(`removing the node of ${released.key}`);
      return removeNode(kube, { name, machine });
  }
}

/** The record comes first: whoever is killed right after has told. It is taken back where the machine has not taken the order. */
export async function switchOff(
  kube: Pick<HarvesterClient["kube"], "merge">,
  node: string,
  ask: NodeShell,
  memory: Pick<Memory, "askedAt" | "refusal">,
): Promise<void> {
  const note = (at: string | null) => {
    const change = { metadata: { annotations: { [TOLD_OFF]: at } } };
    return kube.merge(`/api/v1/nodes/${node}`, change, `noting that ${node} is told to switch off`);
  };
  await note(new Date().toISOString());
  const { taken, refusal } = await order(ask);
  memory.refusal = refusal;
  if (taken) memory.askedAt = Date.now();
  else await note(null);
}

/** Whether it goes down. It may not say goodbye then: whether it went is seen by the next looks. */
async function order(ask: NodeShell): Promise<{ taken: boolean; refusal?: string }> {
  const command = "sudo systemctl poweroff";
  try {
    const { code, stderr } = await ask(command);
    // A connection that ends with the machine has no exit code.
    if (!code) return { taken: true };
    return { taken: false, refusal: `\`${command}\` ended with ${code}: ${stderr.trim().slice(0, 300)}` };
  } catch (error) {
    // One that was not reached is asked again.
    return { taken: error instanceof CommandCutOff };
  }
}

async function returnedAmong(
  { question, described }: Watch,
  { client, nodes }: Pick<LiveCluster, "client" | "nodes">,
): Promise<ReturnedMachine<RosterLeaver>[]> {
  if (client === undefined) return [];
  return returnedBy(await readRoster(client), nodes, described, question.identity.incarnation);
}
