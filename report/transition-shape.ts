/** The shape of the change that a Plan carries, so that a report is made of nothing but that. */
import type { Problem } from "../model/problem";
import type { Quorum } from "../model/quorum";
import type { FactSource } from "../model/transition/facts";
import type { Finality, Moment, NamedDisk, Step, StepKind } from "../model/transition/step";
import type { Approval, Finding, Transition, TransitionKind } from "../model/transition/transition";
import {
  examine,
  type Field,
  flag,
  integer,
  listOf,
  objectOf,
  objectShape,
  oneOf,
  type Shape,
  text,
} from "../model/validate/shape";

const may = (shape: Shape): Field & { because?: undefined } => ({ shape });
const must = (shape: Shape): Field & { because: string } => ({
  shape,
  because: "A report cannot do without it.",
});

const count = integer(0);

/** One of these words; the compiler sees to it that none is forgotten. */
const wordOf = <T extends string>(words: Record<T, true>): Shape => oneOf(...Object.keys(words));

const moment = objectOf<Moment>({
  quorum: must(
    objectOf<Quorum>({
      members: must(count),
      healthy: must(count),
      required: must(count),
      tolerance: must(count),
      reached: must(flag),
    }),
  ),
  voters: must(listOf(text)),
  apiServers: must(listOf(text)),
  controlPlane: must(listOf(text)),
  nodes: must(listOf(text)),
});

const disk = objectOf<NamedDisk>({ node: must(text), device: must(text), serial: must(text) });

const step = objectOf<Step>({
  kind: must(
    wordOf<StepKind>({
      create: true,
      join: true,
      promote: true,
      leave: true,
      remove: true,
      reinstall: true,
      relabel: true,
      maintain: true,
      resume: true,
      "switch-off": true,
      "switch-on": true,
      upgrade: true,
      rebuild: true,
    }),
  ),
  node: may(text),
  reinstall: may(count),
  about: must(text),
  during: may(moment),
  after: must(moment),
  finality: must(wordOf<Finality>({ reversible: true, compensable: true, final: true })),
  wiped: must(listOf(disk)),
  kept: must(listOf(disk)),
  moving: may(listOf(text)),
  stopping: may(listOf(text)),
});

const transition = objectOf<Transition>({
  kind: must(
    wordOf<TransitionKind>({
      none: true,
      settings: true,
      provision: true,
      grow: true,
      shrink: true,
      replace: true,
      reinstall: true,
      "role-change": true,
      maintenance: true,
      upgrade: true,
      rebuild: true,
      retire: true,
    }),
  ),
  facts: must(
    objectOf<Transition["facts"]>({
      source: must(wordOf<FactSource | "none">({ live: true, state: true, none: true })),
      asOf: may(text),
    }),
  ),
  versions: must(objectOf<Transition["versions"]>({ from: may(text), to: must(text) })),
  before: may(moment),
  after: must(moment),
  promoted: must(listOf(text)),
  standby: must(listOf(text)),
  steps: must(listOf(step)),
  findings: must(
    listOf(
      objectOf<Finding>({
        property: must(text),
        rule: must(text),
        severity: must(wordOf<Finding["severity"]>({ error: true, warning: true })),
        message: must(text),
        next: may(text),
        overridden: may(text),
      }),
    ),
  ),
  unknown: must(listOf(text)),
  approval: may(objectOf<Approval>({ hash: must(text), steps: must(count), given: may(text) })),
});

/** The change without anything that does not belong to one, or what is wrong with it. */
export function transitionAt(value: unknown): { transition?: Transition; problems: Problem[] } {
  const { known, problems } = examine({ transition: value }, objectShape({ transition: must(transition) }));
  // A newer provider may say more than this report knows how to show.
  const wrong = problems.filter(({ rule }) => rule !== "unknown-key");
  if (wrong.length > 0) return { problems: wrong };
  return { transition: (known as { transition: Transition }).transition, problems: [] };
}
