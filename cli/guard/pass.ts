/** One pass: look, remember, assess, decide, and act where the description allows it. */
import type { Eviction } from "../../model/eviction";
import { isMember } from "../../model/promotion";
import {
  type ActRecord,
  type Decision,
  decide,
  quorumNow,
  type RecoveryPolicy,
  recordAct,
  recoveryPolicyOf,
  remember,
} from "../../model/recovery";
import { type Judgement, judge } from "../../provider/recovery/judge";
import { lookAtNodes, type Seen } from "../../provider/recovery/look";
import { changeMemory } from "../../provider/recovery/memory";
import type { Subject } from "../../provider/recovery/subject";
import { explain } from "../../provider/shell/errors";
import type { GuardReport, NodeVerdict, Outcome } from "./report";

/** An act that was decided on. */
export type DecidedAct = Extract<Decision, { do: "repair" | "evict" }>;

/** How a pass reaches beyond looking. */
export interface PassOptions {
  stack: string;
  subject: Subject;
  /** Evicted nodes that are still described. */
  evicted: readonly Eviction[];
  /** Does something while nobody else may change the cluster; says who does where that is not to be had. */
  alone: (
    purpose: string,
    work: (signal: AbortSignal) => Promise<Outcome>,
  ) => Promise<Outcome | { busy: string }>;
  /** Carries an act out. */
  act: (decided: DecidedAct, seen: Seen, signal: AbortSignal) => Promise<void>;
  signal: AbortSignal;
}

/** Runs a pass. Throws where nothing can be judged. */
export async function runPass(options: PassOptions): Promise<GuardReport> {
  const { subject, stack, evicted, signal } = options;
  const { description } = subject;
  const policy = recoveryPolicyOf(
    description.recovery,
    Object.keys(description.nodes).length - evicted.length,
  );
  const first = await lookAndJudge(options, policy, signal);
  const { decision, outcome } = await carryOut(options, policy, first.judgement);
  return {
    at: first.seen.look.at,
    stack,
    cluster: description.name,
    recovery: policy.mode,
    quorum: quorumNow(first.judgement.situation),
    nodes: verdictsOf(first),
    evicted,
    decision,
    outcome,
  };
}

interface Judged {
  seen: Seen;
  judgement: Judgement;
}

async function lookAndJudge(
  { subject, evicted }: PassOptions,
  policy: RecoveryPolicy,
  signal: AbortSignal,
): Promise<Judged> {
  const seen = await lookAtNodes(subject, signal);
  const { incarnation } = subject.identity;
  const memory = await changeMemory(subject.client.kube, incarnation, (before) =>
    remember(before, seen.look),
  );
  const keys = evicted.map(({ node }) => node);
  const judgement = await judge({ subject, seen, memory, policy, evicted: keys });
  return { seen, judgement };
}

async function carryOut(
  options: PassOptions,
  policy: RecoveryPolicy,
  { decision: decided, situation }: Judgement,
): Promise<{ decision: Decision; outcome: Outcome }> {
  if (decided.do !== "repair" && decided.do !== "evict")
    return { decision: decided, outcome: { result: "none" } };
  if (policy.mode === "manual") return { decision: decided, outcome: { result: "left-to-a-person" } };
  let decision: Decision = decided;
  const outcome = await options.alone(`${decided.do} ${decided.node}`, async (signal) => {
    // What was true before nobody else could change anything may not be so any more: all guards look once more.
    const { seen, judgement } = await lookAndJudge(options, policy, signal);
    decision = judgement.decision;
    if (decision.do !== decided.do || decision.node !== decided.node) return { result: "none" };
    return actAndRecord(options, decision, seen, signal);
  });
  if (!("busy" in outcome)) return { decision, outcome };
  return { decision: decide({ ...situation, change: outcome.busy }), outcome: { result: "none" } };
}

/** An act is remembered before it begins: whoever finds it begun and not ended knows that it was tried. */
async function actAndRecord(
  { subject, act }: PassOptions,
  decided: DecidedAct,
  seen: Seen,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kube } = subject.client;
  const begun: ActRecord = {
    at: new Date().toISOString(),
    node: decided.node,
    act: decided.do === "evict" ? "evict" : decided.act,
    result: "begun",
  };
  const record = (ended: ActRecord) =>
    changeMemory(kube, subject.identity.incarnation, (memory) => recordAct(memory, ended));
  await record(begun);
  try {
    await act(decided, seen, signal);
  } catch (error) {
    await record({ ...begun, result: "failed", detail: explain(error) });
    return { result: "failed", error: explain(error) };
  }
  await record({ ...begun, result: "done" });
  return { result: "done" };
}

function verdictsOf({ seen, judgement }: Judged): NodeVerdict[] {
  return seen.nodes.flatMap(({ key, described }): NodeVerdict[] => {
    const assessment = judgement.assessments[key];
    if (assessment === undefined) return [];
    const node = judgement.situation.nodes.find(({ name }) => name === key);
    const seat =
      node === undefined || !isMember(node) ? null : node.controlPlane ? "control plane" : "etcd only";
    return [{ node: key, role: described.role ?? "default", seat, assessment }];
  });
}
