/** A report as a page of its own: nothing is loaded from elsewhere, nothing runs; for screens, light and dark, and for paper. */
import { toHtml } from "hast-util-to-html";
import type { RootContent } from "mdast";
import { toHast } from "mdast-util-to-hast";
import { documentOf, type Section, SIGNS, UNLIMITED } from "./document";
import { escapeXml } from "./inert";
import type { Report } from "./report";
import { renderSvg } from "./svg";

/** The page may use its own style, and nothing else at all. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --edge: #d0d7de; --shade: #f6f8fa;
  --pass: #1a7f37; --pass-paper: #dafbe1; --warnings: #9a6700; --warnings-paper: #fff8c5; --approval: #8250df; --approval-paper: #fbefff;
  --refused: #cf222e; --refused-paper: #ffebe9; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --edge: #3d444d; --shade: #151b23;
  --pass: #3fb950; --pass-paper: #12261e; --warnings: #d29922; --warnings-paper: #272115; --approval: #ab7df8; --approval-paper: #211830;
  --refused: #f85149; --refused-paper: #25171c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink); line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; font-size: 15px; overflow-wrap: anywhere; }
header { padding: 1rem 1.25rem; border: 1px solid; border-left-width: 6px; border-radius: 8px; }
h1 { margin: 0; font-size: 1.35rem; } header p { margin: .35rem 0 0; color: var(--ink); }
.pass { color: var(--pass); background: var(--pass-paper); } .warnings { color: var(--warnings); background: var(--warnings-paper); }
.approval { color: var(--approval); background: var(--approval-paper); } .refused { color: var(--refused); background: var(--refused-paper); }
h2 { margin: 2rem 0 .6rem; font-size: 1.05rem; } summary { margin-top: 2rem; font-size: 1.05rem; font-weight: 600; cursor: pointer; }
section.context { color: var(--soft); }
table { width: 100%; border-collapse: collapse; } th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .85rem; } ul { margin: 0; padding-left: 1.2rem; } li { margin: .3rem 0; } p { margin: .5rem 0; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .88em; background: var(--shade); padding: .1em .35em; border-radius: 4px; }
pre { overflow-x: auto; padding: .8rem 1rem; background: var(--shade); border: 1px solid var(--edge); border-radius: 8px; } pre code { padding: 0; background: none; }
figure { margin: 0; overflow-x: auto; } figure svg { display: block; max-width: 100%; height: auto; min-width: 36rem; }
@media print { body { max-width: none; padding: 0; font-size: 11pt; } section, tr, figure { break-inside: avoid; } h2, summary { break-after: avoid; }
  figure svg { min-width: 0; } header { print-color-adjust: exact; } }
`.trim();

/** A report as one HTML document. Nothing is left out of it. */
export function renderHtml(report: Report): string {
  const { outcome, word, summary } = report.verdict;
  const title = report.stack === undefined ? word : `${report.stack}: ${word}`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escapeXml(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    "</head>",
    "<body>",
    `<header class="${outcome}"><h1>${SIGNS[outcome]} ${escapeXml(word)}</h1><p>${escapeXml(summary)}</p></header>`,
    ...documentOf(report, UNLIMITED).sections.map((section) => sectionAsHtml(section, report)),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function sectionAsHtml({ title, folded, timeline, content }: Section, report: Report): string {
  const inner = timeline ? `<figure>${renderSvg(report.timeline)}</figure>` : asHtml(content);
  if (title === undefined) return `<section class="context">${inner}</section>`;
  // Open, because paper cannot be unfolded.
  if (folded) return `<details open><summary>${escapeXml(title)}</summary>${inner}</details>`;
  return `<section><h2>${escapeXml(title)}</h2>${inner}</section>`;
}

function asHtml(content: RootContent[]): string {
  return toHtml(toHast({ type: "root", children: content }));
}
