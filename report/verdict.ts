/** The verdict: one line for a reviewer in a hurry. */

import { lacksApproval, type Transition, type TransitionKind } from "../model/transition";
import { shortened } from "./inert";
import type { SeenPlan } from "./preview";
import type { Remark } from "./report";
import { describeQuorum, type Frame, keepsEtcd, rank, timelineOf } from "./timeline";

/**
 * How it came out. `refused`: an error of the plan, of a mandatory policy or of the preview itself; `approval`: it passes once somebody
 * has approved what cannot be undone; `warnings`: it passes, and there is something to read; `pass`.
 */
export type Outcome = "pass" | "warnings" | "approval" | "refused";

/** The verdict on a change. */
export interface Verdict {
  outcome: Outcome;
  /** The outcome as a person says it: `PASS with warnings`. */
  word: string;
  /** What the change does, and what becomes of quorum or why it is refused. Plain text, one line. */
  summary: string;
}

const WORDS: Record<Outcome, string> = {
  pass: "PASS",
  warnings: "PASS with warnings",
  approval: "PASS once approved",
  refused: "REFUSED",
};

/** Longest part of a verdict that somebody else wrote. */
const LONGEST_REASON = 240;

/** Most names in a verdict. */
const MOST_NAMES = 4;

/** The verdict on what a preview says about the cluster. */
export function verdictOf(plan: SeenPlan, remarks: readonly Remark[]): Verdict {
  const outcome = outcomeOf(plan, remarks);
  return { outcome, word: WORDS[outcome], summary: summaryOf(plan, remarks) };
}

/** The verdict in one line: `PASS - replaces n3 by n5; etcd keeps quorum throughout (lowest: 3 voters, 1 may fail)`. */
export function verdictLine({ word, summary }: Verdict): string {
  return `${word} - ${summary}`;
}

function outcomeOf(plan: SeenPlan, remarks: readonly Remark[]): Outcome {
  if (remarks.some(({ severity }) => severity === "error")) return "refused";
  if (plan.is !== "judged") return remarks.length > 0 ? "warnings" : "pass";
  if (lacksApproval(plan.transition.approval)) return "approval";
  return remarks.length > 0 || losesQuorum(plan.transition) ? "warnings" : "pass";
}

function summaryOf(plan: SeenPlan, remarks: readonly Remark[]): string {
  const errors = remarks.filter(({ severity }) => severity === "error");
  const what = whatOf(plan);
  if (errors.length > 0) return `${what === "" ? "" : `${what}: `}${reasonOf(errors)}`;
  return plan.is === "judged" ? `${what}; ${quorumOf(plan.transition)}` : what;
}

function whatOf(plan: SeenPlan): string {
  switch (plan.is) {
    case "judged":
      return WHAT[plan.transition.kind](differenceOf(plan.transition));
    case "refused":
      return "";
    case "unchanged":
      return "the cluster stays as it is";
    case "forgotten":
      return "the stack forgets the cluster, which itself stays as it is";
  }
}

function reasonOf([first, ...others]: readonly Remark[]): string {
  const { about, rule, message, next, from } = first!;
  const subject = about ?? rule;
  const [problem = "", ...sentences] = message.split(/(?<=[.!?])\s/);
  // Our own messages end with what to do; of those of others nothing is known.
  const way = next ?? (from === "engine" ? undefined : sentences.at(-1));
  const reason = shortened(`${subject === undefined ? "" : `${subject}: `}${problem}`, LONGEST_REASON);
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${reason}${more}${way === undefined ? "" : ` → ${shortened(way, LONGEST_REASON)}`}`;
}

/** Who comes, goes and changes, and how. */
interface Difference {
  transition: Transition;
  joined: string;
  left: string;
  /** Nodes that the steps of a kind are about. */
  by(...kinds: Transition["steps"][number]["kind"][]): string;
}

const WHAT: Record<TransitionKind, (difference: Difference) => string> = {
  none: () => "changes nothing in the cluster",
  settings: () => "changes settings; no node is touched",
  provision: ({ transition: { after } }) => `creates a cluster of ${counted(after.nodes.length, "node")}`,
  grow: ({ joined }) => `adds ${joined}`,
  shrink: ({ left }) => `removes ${left}`,
  replace: ({ joined, left }) => `replaces ${left} by ${joined}`,
  reinstall: ({ by }) => `reinstalls ${by("reinstall")}`,
  "role-change": ({ by }) => `changes the role of ${by("relabel", "promote")}`,
  maintenance: ({ by }) => maintenance(by),
  upgrade: ({ transition: { versions } }) => `upgrades ${versions.from ?? "the cluster"} to ${versions.to}`,
  rebuild: ({ transition: { after } }) =>
    `rebuilds the cluster from nothing, as ${counted(after.nodes.length, "node")}`,
  retire: () => "ends the cluster",
};

function maintenance(by: Difference["by"]): string {
  const [out, off, on, back] = [by("maintain"), by("switch-off"), by("switch-on"), by("resume")];
  const parts = [
    out && `puts ${out} into maintenance`,
    off && `switches ${off} off`,
    on && `switches ${on} on`,
    back && `takes ${back} back from maintenance`,
  ];
  return parts.filter((part) => part !== "").join(" and ") || "changes what is in maintenance";
}

function differenceOf(transition: Transition): Difference {
  const [old, wanted] = [transition.before?.nodes ?? [], transition.after.nodes];
  return {
    transition,
    joined: names(wanted.filter((name) => !old.includes(name))) || "nodes",
    left: names(old.filter((name) => !wanted.includes(name))) || "nodes",
    by: (...kinds) =>
      names([
        ...new Set(
          transition.steps.flatMap(({ kind, node }) => (node && kinds.includes(kind) ? [node] : [])),
        ),
      ]),
  };
}

/** Names for a sentence: `n1, n2 and n3`, or the first few and how many others. */
function names(all: readonly string[]): string {
  const shown = all.length > MOST_NAMES ? all.slice(0, MOST_NAMES - 1) : all;
  const words = shown.length < all.length ? [...shown, `${all.length - shown.length} others`] : shown;
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function quorumOf(transition: Transition): string {
  if (!keepsEtcd(transition)) {
    return transition.after.quorum.members === 0
      ? "no etcd is left"
      : `etcd ends with ${describeQuorum(transition.after)}`;
  }
  const lost = timelineOf(transition).find(({ moment }) => !moment.quorum.reached);
  if (lost !== undefined) {
    return lost.step === 0 ? "etcd has NO QUORUM as it is" : `etcd LOSES QUORUM in step ${lost.step}`;
  }
  const lowest = lowestOf(transition);
  return lowest === undefined
    ? `etcd stays as it is (${describeQuorum(transition.after)})`
    : `etcd keeps quorum throughout (lowest: ${describeQuorum(lowest.moment)})`;
}

function losesQuorum(transition: Transition): boolean {
  return keepsEtcd(transition) && timelineOf(transition).some(({ moment }) => !moment.quorum.reached);
}

/** The moment of the steps with the least to lose; of equals the first. */
function lowestOf(transition: Transition): Frame | undefined {
  const frames = timelineOf(transition).filter(({ phase }) => phase !== "now");
  return frames.length === 0
    ? undefined
    : frames.reduce((low, frame) => (rank(frame.moment) < rank(low.moment) ? frame : low));
}
