/** A whole change: from the cluster that is to the one that is wanted. */
import type { Problem } from "../problem";
import type { FactSource } from "./facts";
import type { Moment, Step } from "./step";

/** What a change is, seen as a whole; the gravest of what it consists of. */
export type TransitionKind =
  | "none"
  | "settings"
  | "provision"
  | "grow"
  | "shrink"
  | "replace"
  | "reinstall"
  | "role-change"
  | "maintenance"
  | "upgrade"
  | "rebuild"
  | "retire";

/** Something that is wrong with a change, or worth knowing about it. */
export interface Finding extends Problem {
  /** The nearest way that is allowed, as something to do: "Join the replacement first, and remove n3 in the next change." */
  next?: string;
  /** The reason for which a person has overridden it; it would be an error without. */
  overridden?: string;
}

/** What a change with final steps asks for. */
export interface Approval {
  /** What `approve` has to say: it fits this one change. */
  hash: string;
  /** How many of the steps are final. */
  steps: number;
  /** What `approve` says. */
  given?: string;
}

/** A change, judged. Pure data, which a preview stores and a report renders: it never holds a secret. */
export interface Transition {
  kind: TransitionKind;
  /** Where the facts come from; `none` where there is no cluster yet. */
  facts: { source: FactSource | "none"; asOf?: string };
  /** Versions before and after; equal where none changes. */
  versions: { from?: string; to: string };
  /** The cluster as it is; undefined where there is none yet. */
  before?: Moment;
  /** The cluster as it will be, promotion included. */
  after: Moment;
  /** Who is promoted by the change, in order. */
  promoted: readonly string[];
  /** Who stands by afterwards, those preferred first. */
  standby: readonly string[];
  /** The steps in order; empty where the change is refused. */
  steps: readonly Step[];
  /** What is wrong or worth knowing; one error refuses the change. */
  findings: readonly Finding[];
  /** What could not be known, and why: one sentence each. */
  unknown: readonly string[];
  /** Undefined where no step is final. */
  approval?: Approval;
}
