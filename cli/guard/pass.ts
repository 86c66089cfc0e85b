/** One pass: look, remember, assess, decide, and act where the description allows it. */
import type { Eviction } from "../../model/eviction";
import { isMember } from "../../model/promotion";
import { type ActRecord, type Decision, decide, quorumNow, type RecoveryPolicy } from "../../model/recovery";
import type { Judgement } from "../../provider/recovery/judge";
import type { Seen } from "../../provider/recovery/look";
import { explain } from "../../provider/shell/errors";
import type { GuardReport, NodeVerdict, Outcome, ReturnReport } from "./report";

/** An act that was decided on. */
export type DecidedAct = Extract<Decision, { do: "repair" | "evict" }>;

/** A look, judged. */
export interface Judged {
  seen: Pick<Seen, "look" | "nodes">;
  judgement: Judgement;
}

/** A pass, and its ways to the world. */
export interface PassOptions {
  stack: string;
  /** Name of the cluster in its description. */
  cluster: string;
  policy: RecoveryPolicy;
  /** Evicted nodes that are still described. */
  evicted: readonly Eviction[];
  /** Puts out who came back after it had left: the carrying out of a decision that was made, so that no policy is asked. */
  fence: (signal: AbortSignal) => Promise<ReturnReport[]>;
  /** Looks, remembers what was seen, and judges it. */
  judge: (signal: AbortSignal) => Promise<Judged>;
  /** Does something while nobody else may change the cluster; says who does where that is not to be had. */
  alone: <T>(purpose: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T | { busy: string }>;
  /** Carries an act out. */
  act: (decided: DecidedAct, seen: Judged["seen"], signal: AbortSignal) => Promise<void>;
  /** Remembers an act, or its end. */
  record: (record: ActRecord) => Promise<void>;
  signal: AbortSignal;
}

/** Runs a pass. Throws where nothing can be judged. */
export async function runPass(options: PassOptions): Promise<GuardReport> {
  const { stack, cluster, policy, evicted } = options;
  const returned = await options.fence(options.signal);
  const first = await options.judge(options.signal);
  const { decision, outcome } = await carryOut(options, first.judgement, returned);
  return {
    at: first.seen.look.at,
    stack,
    cluster,
    recovery: policy.mode,
    quorum: quorumNow(first.judgement.situation),
    nodes: verdictsOf(first),
    evicted,
    returned,
    decision,
    outcome,
  };
}

async function carryOut(
  options: PassOptions,
  { decision: decided, situation }: Judgement,
  returned: readonly ReturnReport[],
): Promise<{ decision: Decision; outcome: Outcome }> {
  const out = returned.filter(({ held }) => held === undefined).map(({ node }) => node);
  if (out.length > 0) {
    // One act a pass: what it did has to be seen first.
    const change = `this pass has just put ${out.join(", ")} out`;
    return { decision: decide({ ...situation, change }), outcome: { result: "none" } };
  }
  if (decided.do !== "repair" && decided.do !== "evict")
    return { decision: decided, outcome: { result: "none" } };
  if (options.policy.mode === "manual") return { decision: decided, outcome: { result: "left-to-a-person" } };
  let decision: Decision = decided;
  const outcome = await options.alone<Outcome>(`${decided.do} ${decided.node}`, async (signal) => {
    // What was true before nobody else could change anything may not be so any more: all guards look once more.
    const { seen, judgement } = await options.judge(signal);
    decision = judgement.decision;
    if (decision.do !== decided.do || decision.node !== decided.node) return { result: "none" };
    return actAndRecord(options, decision, seen, signal);
  });
  if (!("busy" in outcome)) return { decision, outcome };
  return { decision: decide({ ...situation, change: outcome.busy }), outcome: { result: "none" } };
}

/** An act is remembered before it begins: whoever finds it begun and not ended knows that it was tried. */
async function actAndRecord(
  { record, act }: PassOptions,
  decided: DecidedAct,
  seen: Judged["seen"],
  signal: AbortSignal,
): Promise<Outcome> {
  const begun: ActRecord = {
    at: new Date().toISOString(),
    node: decided.node,
    act: decided.do === "evict" ? "evict" : decided.act,
    result: "begun",
  };
  await record(begun);
  try {
    await act(decided, seen, signal);
  } catch (error) {
    // Cut short, it has neither failed nor been done: it stays begun.
    if (signal.aborted) throw error;
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
