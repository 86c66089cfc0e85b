/** What a report says, before anybody decides what it looks like. It is what `--json` prints. */

import { type Approval, lacksApproval, type Transition } from "../model/transition";
import type { NamedDisk, Step } from "../model/transition/step";
import { type NodeRow, nodeRows } from "./nodes";
import type { ChangedResource, Diagnostic, Preview } from "./preview";
import { type Frame, timelineOf } from "./timeline";
import { type Verdict, verdictOf } from "./verdict";

/** Something that is wrong, or worth knowing, whoever said it. */
export interface Remark {
  /** An error refuses the change. */
  severity: "error" | "warning";
  /** Who says so: the judgement of the change, a policy, or the engine and its providers. */
  from: "plan" | "policy" | "engine";
  /** Property, policy or resource that it is about; undefined where it is about the whole. */
  about?: string;
  /** Rule or policy that was broken. */
  rule?: string;
  message: string;
  /** What to do instead. */
  next?: string;
  /** The reason for which a person has overridden it. */
  overridden?: string;
}

/** A step with its number, counted from 1. */
export interface NumberedStep extends Step {
  number: number;
}

/** A report. Everything in it was chosen to be shown. */
export interface Report {
  /** Name of the stack. */
  stack?: string;
  verdict: Verdict;
  /** Errors first. */
  remarks: readonly Remark[];
  /** The approval that is asked for. */
  approval?: Approval;
  /** Versions before and after; undefined where no change could be seen. */
  versions?: { from?: string; to: string };
  /** Where the facts come from; undefined where no change could be seen. */
  facts?: Transition["facts"];
  nodes: readonly NodeRow[];
  /** Who is promoted, in order. */
  promoted: readonly string[];
  steps: readonly NumberedStep[];
  timeline: readonly Frame[];
  /** Disks whose contents are lost. */
  wiped: readonly NamedDisk[];
  /** Disks of the same machines that are left alone. */
  kept: readonly NamedDisk[];
  /** What could not be known: a sentence each. */
  unknown: readonly string[];
  /** Resources of the stack that change. */
  resources: readonly ChangedResource[];
}

/** The engine's last word on a preview that failed; it says nothing that another error does not say better. */
const FAILED = /^preview failed\.?$/i;

/** A plain preview does not tell what policies said. */
const POLICIES_NOT_TOLD =
  "What the policies say: a plain pulumi preview --json leaves it out. Set PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true for the preview.";
const POLICIES_NOT_ASKED = "What the policies say: none was asked. Give the preview --policy-pack policies.";

/** The report of a preview. */
export function reportOf(preview: Preview): Report {
  const { stack, plan, resources } = preview;
  const transition = plan.is === "judged" ? plan.transition : undefined;
  const remarks = remarksOf(preview, transition);
  const steps = (transition?.steps ?? []).map((step, index) => ({ ...step, number: index + 1 }));
  const wiped = distinct(steps.flatMap((step) => step.wiped));
  return {
    ...(stack === undefined ? {} : { stack }),
    verdict: verdictOf(plan, remarks),
    remarks,
    ...(transition === undefined
      ? {}
      : { approval: transition.approval, versions: transition.versions, facts: transition.facts }),
    nodes: transition === undefined ? [] : nodeRows(transition),
    promoted: transition?.promoted ?? [],
    steps,
    timeline: transition === undefined ? [] : timelineOf(transition),
    wiped,
    kept: distinct(steps.flatMap(({ kept }) => kept)).filter(
      (disk) => !wiped.some((lost) => same(lost, disk)),
    ),
    unknown: [...(transition?.unknown ?? []), ...notTold(preview)],
    resources,
  };
}

function distinct(disks: readonly NamedDisk[]): NamedDisk[] {
  return disks.filter((disk, index) => disks.findIndex((other) => same(disk, other)) === index);
}

function same(a: NamedDisk, b: NamedDisk): boolean {
  return a.node === b.node && a.serial === b.serial && a.device === b.device;
}

function notTold({ violations, judgedByPolicies }: Preview): string[] {
  if (violations === undefined) return [POLICIES_NOT_TOLD];
  return judgedByPolicies ? [] : [POLICIES_NOT_ASKED];
}

function remarksOf(
  { diagnostics, violations = [], plan, judgedByPolicies }: Preview,
  transition: Transition | undefined,
): Remark[] {
  const findings = (transition?.findings ?? []).map(
    ({ severity, property, rule, message, next, overridden }): Remark => ({
      severity,
      from: "plan",
      ...(property === "" ? {} : { about: property }),
      rule,
      message,
      ...(next === undefined ? {} : { next }),
      ...(overridden === undefined ? {} : { overridden }),
    }),
  );
  const broken = violations.map(
    ({ mandatory, policy, message }): Remark => ({
      severity: mandatory ? "error" : "warning",
      from: "policy",
      rule: policy,
      message,
    }),
  );
  const said = diagnostics.map(remarkOf);
  const all = [...findings, ...broken, ...said];
  const errors = all.filter(({ severity }) => severity === "error");
  const failed = errors.length > 0 && errors.every(({ message }) => FAILED.test(message));
  const telling = [
    ...findings,
    ...broken.filter((remark) => !isToldAlready(remark, transition, [...findings, ...said])),
    ...said.filter((remark) => !isToldAlready(remark, transition, findings)),
  ].filter(({ message }) => !FAILED.test(message));
  const forgotten: Remark[] =
    plan.is === "forgotten"
      ? [
          {
            severity: "warning",
            from: "engine",
            message:
              "The stack no longer describes the cluster, so it will be forgotten. Nothing is powered off or wiped by that.",
          },
        ]
      : [];
  return [...telling, ...(failed ? [withoutReason(judgedByPolicies)] : []), ...forgotten].sort(
    (a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"),
  );
}

/**
 * Providers and policies repeat what the judgement found, so that plain pulumi shows it too and stops; here it stands once. So does the
 * approval that is asked for, which has a part of its own. Whoever takes graver what the judgement only warns of is heard.
 */
function isToldAlready(
  { severity, from, message }: Remark,
  transition: Transition | undefined,
  others: readonly Remark[],
): boolean {
  const { approval } = transition ?? {};
  if (lacksApproval(approval) && message.includes(`approve: "${approval.hash}"`)) return true;
  return others.some(
    (other) =>
      isSame(message, other) &&
      (from === "engine" || severity === other.severity || other.severity === "error"),
  );
}

/** Whether a message says what a remark says: with the property in front, with or without what to do behind. */
function isSame(message: string, { about, message: told }: Remark): boolean {
  const [, subject, rest] = /^cluster\.(\S+): (.*)$/s.exec(message) ?? [];
  return (
    message.includes(told) ||
    (subject !== undefined && about === `cluster.${subject}` && told.startsWith(rest!))
  );
}

function remarkOf({ severity, ofPlan, property, resource, message }: Diagnostic): Remark {
  const rule = /^(.*) \(rule ([a-z0-9-]+)\)$/s.exec(message);
  const about = property ?? resource;
  return {
    severity,
    from: ofPlan && property !== undefined ? "plan" : "engine",
    ...(about === undefined ? {} : { about }),
    ...(rule === null ? {} : { rule: rule[2] }),
    message: rule?.[1] ?? message,
  };
}

/** A failed preview of which the input does not say why: with a mandatory policy the plain form looks like this. */
function withoutReason(judgedByPolicies: boolean | undefined): Remark {
  return {
    severity: "error",
    from: "engine",
    message: "The preview failed, and does not say why here.",
    next:
      judgedByPolicies === undefined
        ? "A mandatory policy is broken, most likely: set PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true for the preview, and the report names it."
        : "Read what pulumi wrote to standard error.",
  };
}
