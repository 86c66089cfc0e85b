/**
 * What `pulumi preview --json` wrote, reduced to what a report may show.
 *
 * There are two forms: one object at the end (the digest), and, with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true, one event a line. Only the
 * second tells what policies said [pulumi pkg/backend/display/json.go ShowPreviewDigest skips policy events].
 */
import { describeProblem, type Problem } from "../model/problem";
import type { Transition } from "../model/transition";
import { inert } from "./inert";
import { isRecord, textAt, withTexts } from "./json";
import { concealed, secretsIn } from "./secrets";
import { transitionAt } from "./transition-shape";

/** The input is not a preview, or not one that a report can be made of. The message says what it is instead and what to do. */
export class NotAPreview extends Error {}

/** A resource that the change touches. */
export interface ChangedResource {
  /** What happens to it, in the engine's words: `create`, `update`, `delete`. */
  op: string;
  /** Type token, `metal:index:Machine`. */
  type: string;
  /** Name in the program. */
  name: string;
}

/** Something the engine, the program or a provider said. */
export interface Diagnostic {
  severity: "error" | "warning";
  /** Name of the resource it is about; undefined where it is about the whole. */
  resource?: string;
  /** Whether that resource is the Plan. */
  ofPlan: boolean;
  /** Path of the property, where it is about one. */
  property?: string;
  message: string;
}

/** A policy that was broken. */
export interface Violation {
  /** Whether it stops an `up`. */
  mandatory: boolean;
  policy: string;
  /** Name of the resource. */
  resource?: string;
  message: string;
}

/** What the preview says about the cluster's Plan. */
export type SeenPlan =
  /** It was judged. */
  | { is: "judged"; transition: Transition }
  /** It was refused, or not reached; the diagnostics say why. */
  | { is: "refused" }
  /** It is not among the changes, and other resources stay as they are, so it may be one of those. */
  | { is: "unchanged" }
  /** It is no longer part of the stack. */
  | { is: "forgotten" };

/** A preview. */
export interface Preview {
  /** Name of the stack; undefined where nothing was registered. */
  stack?: string;
  plan: SeenPlan;
  /** What changes beside; in the order of the preview. */
  resources: readonly ChangedResource[];
  /** Errors and warnings. */
  diagnostics: readonly Diagnostic[];
  /** Broken policies; undefined where the input does not tell. */
  violations?: readonly Violation[];
  /** Whether any policy pack was loaded; undefined where the input does not tell. */
  judgedByPolicies?: boolean;
}

/** Type token of the resource that carries the change among its inputs. */
const PLAN = "metal:index:Plan";

/** What the engine does without changing anything. */
const UNCHANGING: readonly string[] = ["same", "read", "refresh"];

/** One step of either form. */
interface EngineStep {
  op: string;
  urn: string;
  inputs: unknown;
}

/** Both forms, brought to one. */
interface Raw {
  steps: EngineStep[];
  diagnostics: { severity: string; urn?: string; message: string }[];
  unchanged: number;
  violations?: { level: string; policy: string; urn?: string; message: string }[];
  judgedByPolicies?: boolean;
}

/** Reads what `pulumi preview --json` wrote. @throws NotAPreview where it wrote something else, or where it holds no Plan. */
export function readPreview(text: string): Preview {
  const documents = parse(text);
  const raw =
    documents.length === 1 && !isEvent(documents[0]!) ? readDigest(documents[0]!) : readEvents(documents);
  const secrets = secretsIn(documents);
  const diagnostics = raw.diagnostics.flatMap(diagnosticOf);
  return withTexts(
    {
      stack: raw.steps.map(({ urn }) => partsOf(urn).stack).find((stack) => stack !== undefined),
      plan: planOf(raw, diagnostics),
      resources: raw.steps
        .filter(({ op }) => !UNCHANGING.includes(op))
        .map(({ op, urn }) => ({ op, type: partsOf(urn).type, name: partsOf(urn).name })),
      diagnostics,
      violations: raw.violations?.map(({ level, policy, urn, message }) => ({
        mandatory: level === "mandatory",
        policy,
        ...(urn === undefined ? {} : { resource: partsOf(urn).name }),
        message: plain(message),
      })),
      judgedByPolicies: raw.judgedByPolicies,
    },
    (said) => inert(concealed(said, secrets)),
  );
}

/** The objects of the text: one, or one a line. */
function parse(text: string): Record<string, unknown>[] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") {
    throw new NotAPreview(
      "The input is empty, so there is no preview to report on: `pulumi preview --json` failed before it wrote anything. Its own messages say why.",
    );
  }
  const whole = parsed(trimmed);
  if (isRecord(whole)) return [whole];
  const lines = trimmed.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    const event = parsed(line);
    if (isRecord(event) && isEvent(event)) return event;
    throw new NotAPreview(
      `The input is not a preview: ${index === 0 ? "it is neither one JSON object nor engine events" : `line ${index + 1} is no engine event`}. ` +
        "Give what `pulumi preview --json` writes to standard output, and nothing else (`npm run -s`, not `npm run`).",
    );
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether it is an event of the engine, as the streaming form has them. Source: pulumi sdk/go/common/apitype/events.go */
function isEvent(document: Record<string, unknown>): boolean {
  return typeof document.sequence === "number" && typeof document.timestamp === "number";
}

/** The digest. Source: pulumi sdk/go/common/display/json.go PreviewDigest */
function readDigest(digest: Record<string, unknown>): Raw {
  if (!("steps" in digest) && !("changeSummary" in digest) && !("diagnostics" in digest)) {
    throw new NotAPreview(
      `The input is JSON, but not a preview: it has none of steps, diagnostics and changeSummary${
        "deployment" in digest ? "; it looks like an exported stack" : ""
      }. Give what \`pulumi preview --json\` writes.`,
    );
  }
  const steps = records(digest.steps, "steps");
  return {
    steps: steps.map((step) => stepOf(step, step.newState)),
    diagnostics: records(digest.diagnostics, "diagnostics").map((entry) => ({
      severity: textAt(entry, "severity") ?? "",
      urn: textAt(entry, "urn"),
      message: textAt(entry, "message") ?? "",
    })),
    unchanged: sameIn(digest.changeSummary) || steps.filter(({ op }) => op === "same").length,
  };
}

/** The events. Source: pulumi sdk/go/common/apitype/events.go */
function readEvents(events: readonly Record<string, unknown>[]): Raw {
  const all = (kind: string) => events.map((event) => event[kind]).filter(isRecord);
  const summary = all("summaryEvent").at(-1);
  if (summary?.isPreview === false) {
    throw new NotAPreview(
      "The input tells of an update that was carried out, not of a preview. Give what `pulumi preview --json` writes.",
    );
  }
  const steps = all("resourcePreEvent").flatMap(({ metadata }) =>
    isRecord(metadata) ? [stepOf(metadata, metadata.new)] : [],
  );
  const diagnostics = all("diagnosticEvent")
    .filter(({ ephemeral }) => ephemeral !== true)
    .map((entry) => ({
      severity: textAt(entry, "severity") ?? "",
      urn: textAt(entry, "urn"),
      message: (textAt(entry, "prefix") ?? "") + (textAt(entry, "message") ?? ""),
    }));
  if (summary === undefined) {
    diagnostics.push({
      severity: "error",
      urn: undefined,
      message: "The preview was cut off: the engine's summary is missing. Run it again.",
    });
  } else if (summary.result === "failed" && !diagnostics.some(({ severity }) => severity === "error")) {
    diagnostics.push({ severity: "error", urn: undefined, message: "preview failed" });
  }
  return {
    steps,
    diagnostics,
    unchanged: sameIn(summary?.resourceChanges) || steps.filter(({ op }) => op === "same").length,
    violations: all("policyEvent").map((entry) => ({
      level: textAt(entry, "enforcementLevel") ?? "",
      policy: textAt(entry, "policyName") ?? "",
      urn: textAt(entry, "resourceUrn"),
      message: withoutDescription(textAt(entry, "message") ?? ""),
    })),
    judgedByPolicies: isRecord(summary?.PolicyPacks) && Object.keys(summary.PolicyPacks).length > 0,
  };
}

/** What a policy says of this resource: the engine puts the policy's own description in a line before it. */
function withoutDescription(message: string): string {
  const [description = "", ...said] = plain(message).split("\n");
  return said.length === 0 ? description : said.join("\n");
}

function stepOf(step: Record<string, unknown>, state: unknown): EngineStep {
  const [op, urn] = [textAt(step, "op"), textAt(step, "urn")];
  if (op === undefined || urn === undefined) {
    throw new NotAPreview("The input is not a preview that is known here: a step has no `op` or no `urn`.");
  }
  return { op, urn, inputs: isRecord(state) ? state.inputs : undefined };
}

function planOf({ steps, unchanged }: Raw, diagnostics: readonly Diagnostic[]): SeenPlan {
  // With --refresh there is a step before that only reads.
  const plans = steps.filter(({ op, urn }) => partsOf(urn).type === PLAN && op !== "refresh");
  const names = new Set(plans.map(({ urn }) => partsOf(urn).name));
  if (names.size > 1) {
    throw new NotAPreview(
      `The preview holds ${names.size} Plans (${[...names].join(", ")}), and a report is about one cluster. ` +
        "Preview each cluster in a stack of its own.",
    );
  }
  const plan = plans.at(-1);
  const failed = diagnostics.some(({ severity }) => severity === "error");
  if (plan === undefined) {
    if (failed) return { is: "refused" };
    if (unchanged > 0) return { is: "unchanged" };
    throw new NotAPreview(
      `The preview holds no Plan: none of its ${steps.length} resources is a ${PLAN}, so there is no change of a cluster to report on. ` +
        "Give the preview of a stack that describes a cluster.",
    );
  }
  if (plan.op === "delete") return { is: "forgotten" };
  const inputs = isRecord(plan.inputs) ? plan.inputs : {};
  if (inputs.transition === undefined) {
    if (failed) return { is: "refused" };
    throw new NotAPreview(
      "The Plan in this preview carries no `transition`: its provider does not say which steps the change consists of, so there is nothing " +
        "to report on. Preview with the provider of this version.",
    );
  }
  const { transition, problems } = transitionAt(inputs.transition);
  if (transition !== undefined) return { is: "judged", transition };
  throw new NotAPreview(
    `The Plan in this preview says nothing that this report understands: ${firstOf(problems)} ` +
      "Make the preview and the report with the same version of this project.",
  );
}

function firstOf(problems: readonly Problem[]): string {
  const [first, ...others] = problems.map(describeProblem);
  return `${first}${others.length === 0 ? "." : ` and ${others.length} more.`}`;
}

/**
 * A property that a provider's check refused. The engine prints the property's value in front of what is wrong with it; it is dropped.
 * Source: pulumi pkg/resource/deploy/step_generator.go, sdk/go/common/diag/errors.go GetResourcePropertyInvalidValueError
 */
const REFUSED_PROPERTY = /^\S+ resource '.*?'(?:: property (.+?) value \{.*\})? has a problem: (.*)$/s;

/** A warning of the Plan, which begins with the path of a property: `cluster.nodes.n1.bmc.endpoint: is http://`. */
const PROPERTY_FIRST = /^([A-Za-z]\w*(?:\.|\[)\S*): (.*)$/s;

function diagnosticOf({ severity, urn, message }: Raw["diagnostics"][number]): Diagnostic[] {
  if (severity !== "error" && severity !== "warning") return [];
  const said = plain(message)
    .replace(/^(error|warning): /, "")
    .replace(/^Preview failed: /, "");
  const parts = urn === undefined || urn === "" ? undefined : partsOf(urn);
  const ofPlan = parts?.type === PLAN;
  const [, refused, problem] = REFUSED_PROPERTY.exec(said) ?? [];
  // A check of ours names the property in what it says: the engine would print the value of one that it is told.
  const [, named, rest = problem ?? said] = (ofPlan && PROPERTY_FIRST.exec(problem ?? said)) || [];
  const property = refused ?? named;
  return [
    {
      severity,
      ofPlan,
      ...(parts === undefined ? {} : { resource: parts.name }),
      ...(property === undefined ? {} : { property }),
      message:
        parts !== undefined && rest.startsWith(`${parts.name}: `) ? rest.slice(parts.name.length + 2) : rest,
    },
  ];
}

/** Without the engine's and the terminal's colours. */
function plain(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal's colours begin with
  return message.replace(/<\{%.*?%\}>|\u001b\[[0-9;]*m/g, "").trim();
}

/** `urn:pulumi:<stack>::<project>::<parents>$<type>::<name>`, of which the name may hold anything. */
function partsOf(urn: string): { stack?: string; type: string; name: string } {
  const [head = "", , types = "", ...name] = urn.split("::");
  const stack = head.split(":")[2];
  return { ...(stack ? { stack } : {}), type: types.split("$").at(-1) ?? "", name: name.join("::") };
}

function sameIn(summary: unknown): number {
  return isRecord(summary) && typeof summary.same === "number" ? summary.same : 0;
}

/** The objects of a list; an empty list is left out or null in Go's JSON. */
function records(list: unknown, what: string): Record<string, unknown>[] {
  if (list === undefined || list === null) return [];
  if (Array.isArray(list) && list.every(isRecord)) return list;
  throw new NotAPreview(`The input is not a preview: its \`${what}\` is no list of objects.`);
}
