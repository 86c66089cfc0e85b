/**
 * The quorum timeline as a picture: a column for each step, a dot for each voter, the quorum as a line. Dots below the line are needed;
 * each full dot above it may fail. It stands on its own: no script, no font and no picture from elsewhere, for light and for dark.
 */
import { escapeXml, shortened } from "./inert";
import { describeQuorum, type Frame } from "./timeline";

/** Widest band of columns; what is longer goes on below. */
const WIDEST = 980;
const MARGIN = 20;
/** Room on the left for the name of the line. */
const GUTTER = 64;
const GAP = 10;
const PADDING = 12;
const HEADER = 58;
const PHASE = 20;
const SLOT = 30;
const RADIUS = 8;
const FOOTER = 50;
const LEGEND = 34;

/** Estimated width of a character; real fonts are a little narrower, so nothing overlaps where they differ. */
const CHARACTER = 7.2;
const SMALL_CHARACTER = 6.6;
const STRONG_CHARACTER = 7.8;

/** Room between two moments of a step. */
const BETWEEN = 16;

/** Longest names that are written out; the rest is in the tooltip. */
const LONGEST_VOTER = 16;
const LONGEST_NODE = 20;

/** Colours by what they are of. */
interface Palette {
  paper: string;
  edge: string;
  column: string;
  ink: string;
  soft: string;
  up: string;
  line: string;
  warn: string;
  warnPaper: string;
  warnEdge: string;
  bad: string;
  badPaper: string;
  badEdge: string;
}

const LIGHT: Palette = {
  paper: "#ffffff",
  edge: "#d0d7de",
  column: "#f6f8fa",
  ink: "#1f2328",
  soft: "#59636e",
  up: "#1a7f37",
  line: "#0969da",
  warn: "#9a6700",
  warnPaper: "#fff8c5",
  warnEdge: "#d4a72c",
  bad: "#cf222e",
  badPaper: "#ffebe9",
  badEdge: "#ff8182",
};

const DARK: Palette = {
  paper: "#0d1117",
  edge: "#3d444d",
  column: "#151b23",
  ink: "#f0f6fc",
  soft: "#9198a1",
  up: "#3fb950",
  line: "#4493f8",
  warn: "#d29922",
  warnPaper: "#272115",
  warnEdge: "#9e6a03",
  bad: "#f85149",
  badPaper: "#25171c",
  badEdge: "#da3633",
};

/** Colours are written out: what renders pictures outside a browser (librsvg, ImageMagick) knows no CSS variables, and paints all black. */
function colours(palette: Palette): string {
  const { paper, edge, column, ink, soft, up, line, warn, warnPaper, warnEdge, bad, badPaper, badEdge } =
    palette;
  return `
.qt text { fill: ${ink}; } .qt .soft { fill: ${soft}; } .qt .paper { fill: ${paper}; stroke: ${edge}; } .qt .column { fill: ${column}; }
.qt .up { fill: ${up}; } .qt .down { stroke: ${bad}; } .qt .line { stroke: ${line}; } .qt text.linename { fill: ${line}; }
.qt .none { fill: ${warnPaper}; stroke: ${warnEdge}; } .qt .lost { fill: ${badPaper}; stroke: ${badEdge}; }
.qt text.ok { fill: ${up}; } .qt text.warn { fill: ${warn}; } .qt text.bad { fill: ${bad}; }`.trim();
}

const STYLE = `
.qt { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, "DejaVu Sans", sans-serif; font-size: 13px; }
.qt .small { font-size: 12px; } .qt .strong { font-weight: 600; } .qt .down { fill: none; stroke-width: 2; }
.qt .line { fill: none; stroke-width: 2; stroke-dasharray: 6 4; stroke-linecap: round; }
${colours(LIGHT)}
@media (prefers-color-scheme: dark) {
${colours(DARK)}
}
`.trim();

/** A moment, laid out. */
interface Cell {
  frame: Frame;
  /** Voters from the bottom up. */
  voters: Voter[];
  width: number;
}

interface Voter {
  name: string;
  up: boolean;
}

/** The moments of one step, laid out. */
interface Column {
  cells: Cell[];
  width: number;
}

/** The timeline as an SVG document. Without moments it says that there is nothing to show. */
export function renderSvg(frames: readonly Frame[]): string {
  const slots = Math.max(1, ...frames.map(({ moment }) => moment.quorum.members));
  const bands = bandsOf(columnsOf(frames));
  const bandHeight = HEADER + PHASE + slots * SLOT + FOOTER;
  const widest = Math.max(
    660,
    ...bands.map((band) => GUTTER + sum(band.map(({ width }) => width + GAP)) - GAP),
  );
  const width = Math.ceil(widest + 2 * MARGIN);
  const height = Math.ceil(2 * MARGIN + Math.max(1, bands.length) * (bandHeight + GAP) - GAP + LEGEND);
  const body =
    frames.length === 0
      ? [label(MARGIN, MARGIN + 24, "No step: etcd stays as it is.")]
      : bands.flatMap((band, index) => bandAt(band, MARGIN + index * (bandHeight + GAP), slots));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="qt" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    "<title>etcd's quorum, step by step</title>",
    `<desc>${escapeXml(frames.map(inWords).join(". "))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...body,
    ...(frames.length === 0 ? [] : legendAt(MARGIN, height - MARGIN)),
    "</svg>",
    "",
  ].join("\n");
}

/** A moment for those who hear the picture read. */
function inWords({ step, title, phase, moment }: Frame): string {
  const when = phase === "during" ? "while" : phase === "after" ? "after" : "";
  return `${[when, step === 0 ? "" : `step ${step}`, title].filter((word) => word !== "").join(" ")}: ${describeQuorum(moment)}`;
}

function columnsOf(frames: readonly Frame[]): Column[] {
  const steps = [...new Set(frames.map(({ step }) => step))];
  return steps.map((step) => {
    const cells = frames.filter((frame) => frame.step === step).map((frame) => cellOf(frame, frames));
    const [kind, node] = headingOf(cells[0]!.frame);
    const title = Math.max(kind.length, node.length) * CHARACTER + 34;
    const content = sum(cells.map(({ width }) => width));
    const stretch = Math.max(0, title - content) / cells.length;
    const stretched = cells.map((cell) => ({ ...cell, width: cell.width + stretch }));
    return { cells: stretched, width: content + stretch * cells.length + 2 * PADDING - BETWEEN / 2 };
  });
}

function cellOf(frame: Frame, frames: readonly Frame[]): Cell {
  const voters = votersOf(frame, frames);
  const names = Math.max(0, ...voters.map(({ name }) => shortened(name, LONGEST_VOTER).length));
  const words = [...footerOf(frame), phaseOf(frame, true)];
  const texts = [
    names * SMALL_CHARACTER + 2 * RADIUS + 7,
    ...words.map((word) => word.length * STRONG_CHARACTER),
  ];
  return { frame, voters, width: Math.max(...texts) + BETWEEN };
}

/**
 * Who answers, and who does not. A moment counts the healthy and does not name them; it is known who is meant where exactly as many voters
 * are the step's own node or will be removed for being dead. Otherwise it is anyone of them, as when an upgrade restarts each in turn.
 */
function votersOf({ moment, phase, node }: Frame, frames: readonly Frame[]): Voter[] {
  const { voters, quorum } = moment;
  const down = quorum.members - quorum.healthy;
  if (down === 0) return voters.map((name) => ({ name, up: true }));
  const dead = frames.filter(({ kind }) => kind === "remove").map(({ node: removed }) => removed);
  const suspects = voters.filter((name) => (phase === "during" && name === node) || dead.includes(name));
  if (suspects.length !== down) {
    return voters.map((_, index) =>
      index < quorum.healthy ? { name: "", up: true } : { name: down === 1 ? "any one" : "any", up: false },
    );
  }
  return [
    ...voters.filter((name) => !suspects.includes(name)).map((name) => ({ name, up: true })),
    ...suspects.map((name) => ({ name, up: false })),
  ];
}

function bandsOf(columns: readonly Column[]): Column[][] {
  const bands: Column[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    if (used + column.width > WIDEST) {
      bands.push([]);
      used = GUTTER;
    }
    bands.at(-1)!.push(column);
    used += column.width + GAP;
  }
  return bands;
}

function bandAt(columns: readonly Column[], top: number, slots: number): string[] {
  const floor = top + HEADER + PHASE + slots * SLOT;
  const drawn: string[] = [];
  const points: (readonly [x: number, y: number] | undefined)[] = [];
  let x = MARGIN + GUTTER;
  for (const { cells, width } of columns) {
    drawn.push(
      `<rect class="column" x="${x}" y="${top}" width="${width}" height="${HEADER + PHASE + slots * SLOT + FOOTER}" rx="8"/>`,
      ...headerAt(cells[0]!.frame, x + PADDING, top),
    );
    let left = x + PADDING;
    for (const cell of cells) {
      drawn.push(...cellAt(cell, left, { top, floor, several: cells.length > 1 }));
      const { members, required } = cell.frame.moment.quorum;
      const y = floor - required * SLOT;
      const [first, last] = [cell === cells[0], cell === cells.at(-1)];
      const right = left + cell.width;
      if (members === 0) points.push(undefined);
      else points.push([first ? x : left - BETWEEN / 2, y], [last ? x + width : right - BETWEEN / 2, y]);
      left = right;
    }
    x += width + GAP;
  }
  return [...drawn, ...quorumLine(points)];
}

function headerAt(frame: Frame, x: number, top: number): string[] {
  const [kind, node] = headingOf(frame);
  const number = frame.step === 0 ? "" : `${frame.step} `;
  return [
    "<g>",
    `<title>${escapeXml(`${number}${frame.title}`)}</title>`,
    `<text x="${x}" y="${top + 26}"><tspan class="soft">${number}</tspan><tspan class="strong">${escapeXml(kind)}</tspan></text>`,
    label(x, top + 45, node),
    "</g>",
  ];
}

/** A step's title on two lines. */
function headingOf({ step, kind, node }: Frame): [kind: string, node: string] {
  if (step === 0 || kind === undefined) return ["now", ""];
  return [kind, shortened(node ?? "the cluster", LONGEST_NODE)];
}

function cellAt(
  { frame, voters, width }: Cell,
  x: number,
  { top, floor, several }: { top: number; floor: number; several: boolean },
): string[] {
  const { reached, tolerance, members } = frame.moment.quorum;
  const mood = members === 0 ? "soft" : !reached ? "bad" : tolerance === 0 ? "warn" : "ok";
  const phase = phaseOf(frame, several);
  const lines = footerOf(frame);
  const backdrop =
    frame.worst || (!reached && members > 0)
      ? [
          `<rect class="${reached ? "none" : "lost"}" x="${x - 6}" y="${top + HEADER - 3}" width="${width - 4}" height="${floor - top - HEADER + FOOTER - 4}" rx="6"/>`,
        ]
      : [];
  return [
    ...backdrop,
    ...(phase === ""
      ? []
      : [label(x, top + HEADER + 14, phase, frame.worst ? `small strong ${mood}` : "small soft")]),
    ...voters.flatMap(({ name, up }, index) => {
      const y = floor - index * SLOT - SLOT / 2;
      return [
        `<circle class="${up ? "up" : "down"}" cx="${x + RADIUS}" cy="${y}" r="${up ? RADIUS : RADIUS - 1}"/>`,
        ...(name === ""
          ? []
          : [
              `<text class="small${up ? "" : " soft"}" x="${x + 2 * RADIUS + 7}" y="${y + 4}"><title>${escapeXml(name)}</title>${escapeXml(shortened(name, LONGEST_VOTER))}</text>`,
            ]),
      ];
    }),
    ...lines.map((line, index) =>
      label(x, floor + 19 + index * 17, line, index === 0 ? "small soft" : `small strong ${mood}`),
    ),
  ];
}

/** What is counted below the dots. */
function footerOf({ moment }: Frame): string[] {
  return describeQuorum(moment).split(", ");
}

/** What stands above the dots: when in the step it is, if the step has several moments, and whether it is the worst. */
function phaseOf({ phase, worst }: Frame, several: boolean): string {
  const when = !several ? [] : [phase === "during" ? "while" : "then"];
  return [...when, ...(worst ? ["lowest"] : [])].join(" · ");
}

/** The line at the height of the quorum; it steps where the quorum does, and stops where there is no etcd. */
function quorumLine(points: readonly (readonly [number, number] | undefined)[]): string[] {
  const first = points.find((point) => point !== undefined);
  if (first === undefined) return [];
  const path = points.reduce((drawn, point, index) => {
    if (point === undefined) return drawn;
    return `${drawn}${index === 0 || points[index - 1] === undefined ? "M" : "L"}${point[0]} ${point[1]} `;
  }, "");
  return [
    label(MARGIN, first[1] + 4, "quorum", "linename small strong"),
    `<path class="line" d="${path.trim()}"/>`,
  ];
}

function legendAt(x: number, y: number): string[] {
  const base = y - 4;
  return [
    `<circle class="up" cx="${x + 6}" cy="${base - 4}" r="6"/>`,
    label(x + 18, base, "a voter that answers", "small soft"),
    `<circle class="down" cx="${x + 170}" cy="${base - 4}" r="5"/>`,
    label(x + 182, base, "one that does not", "small soft"),
    `<path class="line" d="M${x + 306} ${base - 4}H${x + 334}"/>`,
    label(x + 342, base, "quorum: each full dot above the line may fail", "small soft"),
  ];
}

function label(x: number, y: number, text: string, classes = ""): string {
  return `<text${classes === "" ? "" : ` class="${classes}"`} x="${x}" y="${y}">${escapeXml(text)}</text>`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
