/** `npm run report -- [file] [--markdown|--html|--svg|--json] [--out file]`: a preview, for people who are to approve it. */
import { readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { renderHtml } from "../report/html";
import { renderMarkdown } from "../report/markdown";
import { NotAPreview, readPreview } from "../report/preview";
import { type Report, reportOf } from "../report/report";
import { renderSvg } from "../report/svg";
import { main } from "./process";

/** Exit code for an input that is no preview. A report of a refused change is a report: it ends with 0. */
const NOT_A_PREVIEW = 2;

/** What a report can be written as. */
const FORMATS = {
  markdown: (report: Report) => renderMarkdown(report),
  html: renderHtml,
  svg: (report: Report) => renderSvg(report.timeline),
  json: (report: Report) => JSON.stringify(report, null, 2),
};

async function report(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      markdown: { type: "boolean", default: false },
      html: { type: "boolean", default: false },
      svg: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      out: { type: "string", short: "o" },
    },
  });
  const formats = (["markdown", "html", "svg", "json"] as const).filter((format) => values[format]);
  if (formats.length > 1 || positionals.length > 1) {
    throw new Error(
      "A report is made of one preview, in one format: npm run -s report -- [file] [--markdown|--html|--svg|--json] [--out file]",
    );
  }
  try {
    const written = FORMATS[formats[0] ?? "markdown"](reportOf(readPreview(await read(positionals[0]))));
    if (values.out === undefined) process.stdout.write(`${written.trimEnd()}\n`);
    else writeFileSync(values.out, `${written.trimEnd()}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof NotAPreview)) throw error;
    process.stderr.write(`${error.message}\n`);
    return NOT_A_PREVIEW;
  }
}

/** The preview: a file, or standard input. */
async function read(file: string | undefined): Promise<string> {
  if (file === undefined && process.stdin.isTTY) {
    throw new NotAPreview(
      "There is no preview: give a file, or pipe one: npm run -s pulumi -- preview --json | npm run -s report",
    );
  }
  try {
    return file === undefined ? await text(process.stdin) : readFileSync(file, "utf8");
  } catch (error) {
    throw new NotAPreview(`${file ?? "Standard input"} cannot be read: ${(error as Error).message}.`);
  }
}

main(() => report(process.argv.slice(2)));
