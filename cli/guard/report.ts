/** What a pass of the guard reports: the shape of its JSON, its exit code, and the same as text for people. */
import type { Eviction } from "../../model/eviction";
import { ofReturn, type ReleasedMachine } from "../../model/fence";
import type { Quorum } from "../../model/quorum";
import type { Assessment, Decision } from "../../model/recovery";

/** One node. */
export interface NodeVerdict {
  /** Key of the node. */
  node: string;
  /** Declared role. */
  role: string;
  /** Its seat in the control plane; null where it has none. */
  seat: "control plane" | "etcd only" | null;
  assessment: Assessment;
}

/** What became of the decision. */
export type Outcome =
  /** There was nothing to carry out. */
  | { result: "none" }
  /** Recovery is manual. */
  | { result: "left-to-a-person" }
  | { result: "done" }
  | { result: "failed"; error: string };

/** A machine that had left and was found in the cluster again. */
export interface ReturnReport {
  /** Name of its node. */
  node: string;
  released: ReleasedMachine;
  /** Why it is not out; undefined: it was switched off, and its node removed. */
  held?: { guard: string; passes: boolean; why: string };
}

/** A pass. */
export interface GuardReport {
  /** When the nodes were looked at, ISO 8601. */
  at: string;
  stack: string;
  /** Name of the cluster in its description. */
  cluster: string;
  /** What the description allows. */
  recovery: "manual" | "automatic";
  quorum: Quorum;
  nodes: NodeVerdict[];
  /** Evicted nodes that are still described. */
  evicted: readonly Eviction[];
  /** Machines that came back after they had left, and what was done about them. */
  returned: readonly ReturnReport[];
  decision: Decision;
  outcome: Outcome;
}

/** 0: nothing to do, or waiting is all there is to do. 1: it acted, or a person is needed. */
export function exitCodeOf({ decision, outcome, evicted, returned }: GuardReport): 0 | 1 {
  if (outcome.result !== "none" || evicted.length > 0 || returned.length > 0) return 1;
  return decision.do === "nothing" || (decision.do === "refuse" && decision.passes) ? 0 : 1;
}

/** As text. */
export function renderReport(report: GuardReport): string {
  const { cluster, stack, recovery, quorum, nodes, evicted } = report;
  const rows = nodes.map(({ node, role, seat, assessment }) => [
    node,
    role,
    seat ?? "-",
    assessment.state,
    wordsOf(assessment),
  ]);
  const table = [["node", "role", "seat", "taken for", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const tolerance = `${quorum.healthy} of ${quorum.members} voters healthy, ${quorum.tolerance} more may fail`;
  return [
    `Cluster ${cluster} (stack ${stack}): recovery is ${recovery}; etcd: ${tolerance}`,
    "",
    ...lines,
    "",
    ...evicted.map(
      ({ node, at, why }) =>
        `${node} was evicted at ${at}: ${why}. Replace it, or take it out of the description.`,
    ),
    ...report.returned.map(wordsOfReturn),
    ...verdictOf(report),
  ].join("\n");
}

function wordsOfReturn(machine: ReturnReport): string {
  const { message } = ofReturn(machine);
  const said = `${message[0]!.toUpperCase()}${message.slice(1)}`;
  const { held } = machine;
  if (held === undefined)
    return `${said} Done: it was switched off, and its node removed. Wipe its disk, or keep it off.`;
  return `${said} ${held.passes ? "Not yet out" : "A person is needed: it is not out"}, because ${held.why}.`;
}

function wordsOf(assessment: Assessment): string {
  return "why" in assessment ? assessment.why : assessment.remarks.join("; ");
}

function verdictOf({ decision, outcome }: GuardReport): string[] {
  if (decision.do === "nothing") return [`Nothing to do: ${decision.why}.`];
  if (decision.do === "refuse") {
    return [decision.passes ? `Nothing for now: ${decision.why}.` : `A person is needed: ${decision.why}.`];
  }
  const what =
    decision.do === "evict"
      ? `evict ${decision.node} (Harvester will promote ${decision.successor} in its place)`
      : `${decision.act} ${decision.node}`;
  switch (outcome.result) {
    case "done":
      return [`Done: ${what}, because ${decision.why}.`];
    case "failed":
      return [`Tried to ${what}, because ${decision.why}; it failed: ${outcome.error}`];
    default:
      return [
        `A person is needed: ${what}, because ${decision.why}.`,
        'Nothing was done: recovery is manual. See docs/recovery.md for the way by hand, or set recovery: {mode: "automatic"}.',
      ];
  }
}
