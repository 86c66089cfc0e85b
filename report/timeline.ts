/** The quorum timeline: the moments of a change, in order, and which of them is the worst. */
import type { Moment, Step, StepKind } from "../model/transition/step";
import type { Transition, TransitionKind } from "../model/transition/transition";

/** When a moment is: before anything, while a step is under way, or when it has ended. */
export type Phase = "now" | "during" | "after";

/** One moment of the timeline. */
export interface Frame {
  /** Number of the step, counted from 1; 0 for the cluster as it is. */
  step: number;
  /** What the step does: `leave n3`; `now` for the cluster as it is. */
  title: string;
  phase: Phase;
  /** Kind of the step, and the node that it is about. */
  kind?: StepKind;
  node?: string;
  moment: Moment;
  /** Whether it is the worst of all; never set where all are alike. */
  worst: boolean;
}

/** Kinds of change in which etcd begins or ends, so that there is no quorum to keep. */
const WITHOUT_CONTINUITY: readonly TransitionKind[] = ["provision", "rebuild", "retire"];

/** Whether one etcd lives through the whole change, so that it has a quorum to keep. */
export function keepsEtcd({ kind }: Transition): boolean {
  return !WITHOUT_CONTINUITY.includes(kind);
}

/** Every moment of a change, the cluster as it is first. Empty where nothing happens to it. */
export function timelineOf(transition: Transition): Frame[] {
  const { before, steps } = transition;
  if (steps.length === 0) return [];
  const frames: Frame[] = [
    ...(before === undefined
      ? []
      : [{ step: 0, title: "now", phase: "now" as const, moment: before, worst: false }]),
    ...steps.flatMap((step, index): Frame[] => {
      const { kind, node } = step;
      const at = { step: index + 1, title: titleOf(step), kind, node, worst: false };
      return [
        ...(step.during === undefined ? [] : [{ ...at, phase: "during" as const, moment: step.during }]),
        { ...at, phase: "after", moment: step.after },
      ];
    }),
  ];
  const worst = keepsEtcd(transition) ? worstOf(frames) : undefined;
  return frames.map((frame) => (frame === worst ? { ...frame, worst: true } : frame));
}

/** A step in two words: `leave n3`. */
function titleOf({ kind, node }: Step): string {
  return node === undefined ? kind : `${kind} ${node}`;
}

/** The moment with the least to lose; of equals the first. Undefined where no moment differs from another. */
function worstOf(frames: readonly Frame[]): Frame | undefined {
  const [worst, ...others] = frames
    .filter(({ moment }) => moment.quorum.members > 0)
    .sort((a, b) => rank(a.moment) - rank(b.moment));
  return worst !== undefined && others.some(({ moment }) => rank(moment) > rank(worst.moment))
    ? worst
    : undefined;
}

/** The larger, the better: how many more may fail, and below zero how many are missing. */
export function rank({ quorum }: Moment): number {
  return quorum.healthy - quorum.required;
}

/** A moment's quorum for people: `3 voters, 1 may fail`. */
export function describeQuorum({ quorum: { members, healthy, tolerance, reached } }: Moment): string {
  if (members === 0) return "no etcd";
  const voters =
    healthy === members ? `${members} voter${members === 1 ? "" : "s"}` : `${healthy} of ${members} voters`;
  if (!reached) return `${voters}, NO QUORUM`;
  return `${voters}, ${tolerance === 0 ? "none" : tolerance} may fail`;
}
