/** A report as Markdown for the comment of a pull request. */
import type { Nodes, Root, RootContent } from "mdast";
import { gfmToMarkdown } from "mdast-util-gfm";
import { toMarkdown } from "mdast-util-to-markdown";
import { documentOf, type Limits, type Section, SIGNS, UNLIMITED } from "./document";
import { unlinked } from "./inert";
import type { Report } from "./report";
import { verdictLine } from "./verdict";

/** How many characters GitHub takes in one comment. */
export const LONGEST_COMMENT = 65_536;

/** Less and less, until it fits. */
const LIMITS: readonly Limits[] = [
  UNLIMITED,
  ...[200, 100, 50, 20, 10].map((rows) => ({ rows, text: 1000 })),
  { rows: 5, text: 300 },
  { rows: 3, text: 60 },
];

/** A report as Markdown. What does not fit into `longest` characters is left out, and said to be. @param longest @default a comment */
export function renderMarkdown(report: Report, longest: number = LONGEST_COMMENT): string {
  for (const limits of LIMITS) {
    const markdown = write(report, limits);
    if (markdown.length <= longest) return markdown;
  }
  throw new Error(`A report does not fit into ${longest} characters.`);
}

function write(report: Report, limits: Limits): string {
  const { sections, leftOut } = documentOf(report, limits);
  const { outcome } = report.verdict;
  const verdict: RootContent = {
    type: "heading",
    depth: 3,
    children: [{ type: "text", value: `${SIGNS[outcome]} ${verdictLine(report.verdict)}` }],
  };
  const children = [verdict, ...noteOn(limits, leftOut), ...sections.flatMap(blocksOf)];
  return toMarkdown(withoutLinks({ type: "root", children }) as Root, {
    extensions: [gfmToMarkdown({ tablePipeAlign: false })],
    bullet: "-",
    rule: "-",
  });
}

function noteOn(limits: Limits, leftOut: readonly string[]): RootContent[] {
  if (limits === UNLIMITED) return [];
  const what =
    leftOut.length === 0 ? "long texts are cut" : `left out: ${leftOut.join(", ")}; long texts are cut`;
  const value = `Shortened, because a comment holds ${LONGEST_COMMENT} characters: ${what}. The whole report: npm run -s report -- --html`;
  return [{ type: "blockquote", children: [{ type: "paragraph", children: [{ type: "text", value }] }] }];
}

function blocksOf({ title, folded, content }: Section): RootContent[] {
  if (title === undefined) return content;
  if (!folded) return [{ type: "heading", depth: 4, children: [{ type: "text", value: title }] }, ...content];
  // Titles are words of our own and numbers; the blank lines around the content let GitHub read it as Markdown.
  return [
    { type: "html", value: `<details><summary>${title}</summary>` },
    ...content,
    { type: "html", value: "</details>" },
  ];
}

/** The tree without anything in its texts that GitHub would turn into a link, a mention or a picture. Code is left alone by it. */
function withoutLinks(node: Nodes): Nodes {
  if (node.type === "text") return { ...node, value: unlinked(node.value) };
  if ("children" in node) return { ...node, children: node.children.map(withoutLinks) } as Nodes;
  return node;
}
