/** A report as a tree of headings, tables and lists, of which Markdown and HTML are written. Texts of others are only ever text in it. */
import type { BlockContent, ListItem, PhrasingContent, RootContent, Table, TableCell, TableRow } from "mdast";
import { lacksApproval } from "../model/transition";
import type { Finality, NamedDisk } from "../model/transition/step";
import { shortened } from "./inert";
import type { NodeRow } from "./nodes";
import type { NumberedStep, Remark, Report } from "./report";
import { LEGEND, strip } from "./strip";
import type { Outcome } from "./verdict";

/** How much is shown. */
export interface Limits {
  /** Longest list or table. */
  rows: number;
  /** Longest text of somebody else. */
  text: number;
}

/** Everything. */
export const UNLIMITED: Limits = { rows: Number.POSITIVE_INFINITY, text: Number.POSITIVE_INFINITY };

/** A part of a report. */
export interface Section {
  /** Heading; undefined for what stands right below the verdict. */
  title?: string;
  /** Whether it is folded away where there is little room. */
  folded?: boolean;
  /** Whether it is the timeline, which can be shown as a picture instead. */
  timeline?: boolean;
  content: RootContent[];
}

/** A report as sections, and what was left out of them. */
export interface Document {
  sections: Section[];
  /** What was left out, in words: `37 of 42 steps`. */
  leftOut: string[];
}

/** A sign that says the same as the verdict's word, for those who only glance. */
export const SIGNS: Record<Outcome, string> = { pass: "✅", warnings: "⚠️", approval: "✋", refused: "⛔" };

const UNDO: Record<Finality, string> = {
  reversible: "by another edit, nothing is lost",
  compensable: "by installing anew",
  final: "never",
};

/** A report's sections, the most urgent first. */
export function documentOf(report: Report, limits: Limits): Document {
  const leftOut: string[] = [];
  const some = <T>(all: readonly T[], what: string): readonly T[] => {
    if (all.length > limits.rows) leftOut.push(`${all.length - limits.rows} of ${all.length} ${what}`);
    return all.slice(0, limits.rows);
  };
  const show = new Writer(limits.text, limits.rows);
  const sections = [
    contextOf(report, show),
    remarksOf(report, some, show),
    approvalOf(report, show),
    finalOf(report, some, show),
    timelineOf(report, some, show),
    nodesOf(report, some, show),
    stepsOf(report, some, show),
    wipedOf(report, some, show),
    keptOf(report, some, show),
    unknownOf(report, some, show),
    resourcesOf(report, some, show),
  ].filter((section) => section !== undefined);
  return { sections, leftOut };
}

/** The first of a list, and a note where that is not all. */
type Some = <T>(all: readonly T[], what: string) => readonly T[];

/** Puts texts of others into the tree, cut where they are too long. */
class Writer {
  constructor(
    private readonly longest: number,
    private readonly mostNames: number,
  ) {}

  cut(value: string): string {
    return shortened(value, this.longest);
  }

  text(value: string): PhrasingContent {
    return text(this.cut(value));
  }

  code(value: string): PhrasingContent {
    return { type: "inlineCode", value: this.cut(value) };
  }

  names(values: readonly string[]): PhrasingContent[] {
    const shown = values.slice(0, this.mostNames);
    const others = values.length - shown.length;
    return [
      ...shown.flatMap((value, index) => [...(index === 0 ? [] : [text(", ")]), this.code(value)]),
      ...(others === 0 ? [] : [text(` and ${others} others`)]),
    ];
  }
}

function contextOf({ stack, versions, facts }: Report, show: Writer): Section | undefined {
  const parts: PhrasingContent[][] = [
    ...(stack === undefined ? [] : [[text("Stack "), show.code(stack)]]),
    ...(versions === undefined ? [] : [versionsOf(versions, show)]),
    ...(facts === undefined ? [] : [factsOf(facts, show)]),
  ];
  if (parts.length === 0) return undefined;
  return {
    content: [paragraph(...parts.flatMap((part, index) => (index === 0 ? part : [text(" · "), ...part])))],
  };
}

function versionsOf({ from, to }: NonNullable<Report["versions"]>, show: Writer): PhrasingContent[] {
  if (from === undefined || from === to) return [text("Harvester "), show.text(to)];
  return [text("Harvester "), strong(show.text(from), text(" → "), show.text(to))];
}

function factsOf({ source, asOf }: NonNullable<Report["facts"]>, show: Writer): PhrasingContent[] {
  const when = asOf === undefined ? [] : [text(", "), show.text(timeOf(asOf))];
  switch (source) {
    case "live":
      return [text("cluster looked at live"), ...when];
    case "state":
      return [text("judged from the state, the cluster was not looked at"), ...when];
    case "none":
      return [text("there is no cluster yet")];
  }
}

/** A time to the minute, which is all that a reader needs; what is no time stays as it is. */
function timeOf(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function remarksOf({ remarks, verdict }: Report, some: Some, show: Writer): Section | undefined {
  if (remarks.length === 0) return undefined;
  return {
    title: verdict.outcome === "refused" ? "Why it is refused" : "Worth reading before you merge",
    content: [
      list(
        some(remarks, "remarks").map((remark) => paragraph(...remarkWords(remark, verdict.outcome, show))),
      ),
    ],
  };
}

function remarkWords(
  { severity, from, about, rule, message, next, overridden }: Remark,
  outcome: Outcome,
  show: Writer,
): PhrasingContent[] {
  const label = outcome === "refused" && severity === "warning" ? [text("warning: ")] : [];
  const subject = about === undefined ? [] : [show.code(about), text(": ")];
  const source =
    rule === undefined ? [] : [text(from === "policy" ? " (policy " : " (rule "), show.code(rule), text(")")];
  return [
    ...label,
    ...subject,
    show.text(message),
    ...source,
    ...(next === undefined ? [] : [text(" → "), strong(show.text(next))]),
    ...(overridden === undefined
      ? []
      : [text(" "), strong(text("Overridden:")), text(" "), show.text(overridden)]),
  ];
}

function approvalOf({ approval, stack, verdict }: Report, show: Writer): Section | undefined {
  if (approval === undefined || verdict.outcome === "refused") return undefined;
  const { hash, given, steps } = approval;
  const what = steps === 1 ? "1 step" : `${steps} steps`;
  if (!lacksApproval(approval)) {
    return {
      title: "Approved",
      content: [
        paragraph(
          text(`The description approves the ${what} of this change that cannot be undone (`),
          show.code(hash),
          text(")."),
        ),
      ],
    };
  }
  const file = stack === undefined ? [text("the stack file")] : [show.code(`stacks/Pulumi.${stack}.yaml`)];
  return {
    title: "Approval needed",
    content: [
      paragraph(
        text(`${steps === 1 ? "1 step needs" : `${steps} steps need`} an approval. `),
        ...(given === undefined
          ? []
          : [text("The one in the description, "), show.code(given), text(", is for another change. ")]),
        text("After reading what cannot be undone, add this line to the cluster in "),
        ...file,
        text(":"),
      ),
      { type: "code", lang: "yaml", value: `approve: ${JSON.stringify(shortened(hash, 128))}` },
    ],
  };
}

function finalOf({ steps, wiped }: Report, some: Some, show: Writer): Section | undefined {
  const final = steps.filter(({ finality }) => finality === "final");
  if (steps.length === 0) return undefined;
  if (final.length === 0) {
    const disks =
      wiped.length === 0
        ? "no disk is wiped"
        : `${wiped.length === 1 ? "1 disk is" : `${wiped.length} disks are`} wiped, listed below`;
    return { title: "What cannot be undone", content: [paragraph(text(`No step is final; ${disks}.`))] };
  }
  return {
    title: "What cannot be undone",
    content: [
      list(
        some(final, "final steps").map(({ number, about }) =>
          paragraph(strong(text(`Step ${number}:`)), text(" "), show.text(about)),
        ),
      ),
    ],
  };
}

function timelineOf({ timeline }: Report, some: Some, show: Writer): Section | undefined {
  if (timeline.length === 0) return undefined;
  const first = some(timeline, "moments");
  const frames = [...first, ...timeline.slice(first.length).filter(({ worst }) => worst)];
  const lines = strip(frames.map((frame) => ({ ...frame, title: show.cut(frame.title) })));
  return {
    title: "etcd's quorum, step by step",
    timeline: true,
    content: [{ type: "code", lang: "text", value: [...lines, "", LEGEND].join("\n") }],
  };
}

function nodesOf({ nodes, verdict }: Report, some: Some, show: Writer): Section | undefined {
  if (nodes.length === 0) return undefined;
  const standing = (row: NodeRow, what: string | undefined): PhrasingContent[] => {
    const words = what === undefined ? text("–") : show.text(what);
    return row.changes ? [strong(words)] : [words];
  };
  return {
    title: "Nodes",
    content: [
      table(
        ["Node", "Before", verdict.outcome === "refused" ? "After, were it carried out" : "After"],
        some(nodes, "nodes").map((row) => [
          [show.code(row.name)],
          standing(row, row.before),
          standing(row, row.after),
        ]),
      ),
    ],
  };
}

function stepsOf({ steps }: Report, some: Some, show: Writer): Section | undefined {
  if (steps.length === 0) return undefined;
  return {
    title: "Steps, in this order",
    content: [
      table(
        ["", "What happens", "Virtual machines", "Can be undone"],
        some(steps, "steps").map((step) => [
          [text(String(step.number))],
          [show.text(step.about)],
          machines(step, show),
          [step.finality === "final" ? strong(text(UNDO.final)) : text(UNDO[step.finality])],
        ]),
      ),
    ],
  };
}

function machines({ moving, stopping }: NumberedStep, show: Writer): PhrasingContent[] {
  if (moving === undefined && stopping === undefined) return [text("not known")];
  const parts: PhrasingContent[][] = [
    ...(moving?.length ? [[text("move: "), ...show.names(moving)]] : []),
    ...(stopping?.length ? [[strong(text("stop:")), text(" "), ...show.names(stopping)]] : []),
  ];
  if (parts.length === 0) return [text("stay")];
  return parts.flatMap((part, index) => (index === 0 ? part : [text("; "), ...part]));
}

function wipedOf({ wiped, steps }: Report, some: Some, show: Writer): Section | undefined {
  if (steps.length === 0) return undefined;
  const title = "Disks that are wiped";
  if (wiped.length === 0) return { title, content: [paragraph(text("None."))] };
  return { title, content: [disks(some(wiped, "wiped disks"), show)] };
}

function keptOf({ kept }: Report, some: Some, show: Writer): Section | undefined {
  if (kept.length === 0) return undefined;
  return {
    title: `Disks of the same machines that are kept: ${kept.length}`,
    folded: true,
    content: [disks(some(kept, "kept disks"), show)],
  };
}

function disks(all: readonly NamedDisk[], show: Writer): Table {
  return table(
    ["Node", "Serial number", "Device"],
    all.map(({ node, serial, device }) => [[show.code(node)], [show.code(serial)], [show.code(device)]]),
  );
}

function unknownOf({ unknown }: Report, some: Some, show: Writer): Section | undefined {
  if (unknown.length === 0) return undefined;
  return {
    title: "What could not be known",
    content: [list(some(unknown, "unknowns").map((sentence) => paragraph(show.text(sentence))))],
  };
}

function resourcesOf({ resources }: Report, some: Some, show: Writer): Section | undefined {
  if (resources.length === 0) return undefined;
  return {
    title: `Resources of the stack that change: ${resources.length}`,
    folded: true,
    content: [
      table(
        ["", "Type", "Name"],
        some(resources, "resources").map(({ op, type, name }) => [
          [show.text(op)],
          [show.code(type)],
          [show.code(name)],
        ]),
      ),
    ],
  };
}

function text(value: string): PhrasingContent {
  return { type: "text", value };
}

function strong(...children: PhrasingContent[]): PhrasingContent {
  return { type: "strong", children };
}

function paragraph(...children: PhrasingContent[]): BlockContent {
  return { type: "paragraph", children };
}

function list(items: readonly BlockContent[]): BlockContent {
  return {
    type: "list",
    ordered: false,
    spread: false,
    children: items.map((item): ListItem => ({ type: "listItem", spread: false, children: [item] })),
  };
}

function table(titles: readonly string[], rows: readonly PhrasingContent[][][]): Table {
  const cells = (row: readonly PhrasingContent[][]): TableRow => ({
    type: "tableRow",
    children: row.map((children): TableCell => ({ type: "tableCell", children })),
  });
  return { type: "table", children: [cells(titles.map((title) => [text(title)])), ...rows.map(cells)] };
}
