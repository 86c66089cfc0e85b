/**
 * `npm run -s ci:preview`: previews the stack STACK with the policy pack, and tells people: as a comment of the pull request PULL_REQUEST,
 * as the job's summary (else on standard output), and as files in dist/preview. Ends as the preview did; all of it is told either way.
 *
 * The preview itself is kept in memory only: in its debug entries secrets stand in clear, and the report takes none of them over.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { renderHtml } from "../../report/html";
import { LONGEST_COMMENT, renderMarkdown } from "../../report/markdown";
import { NotAPreview, readPreview } from "../../report/preview";
import { type Report, reportOf } from "../../report/report";
import { renderSvg } from "../../report/svg";
import { type Engine, prepareEngine } from "../engine";
import { main } from "../process";
import { repository } from "../root";
import { keepComment, markOf, pullRequestIn } from "./comment";
import { linkToRun, stackOfJob } from "./job";

async function preview(): Promise<number> {
  const { env } = process;
  const stack = stackOfJob(env);
  const { code, output } = await runPreview(await prepareEngine(stack));
  const report = readReport(output);
  const mark = markOf(stack);
  const link = linkToRun(env);
  const footer = link === undefined ? "" : `\n\n[The report as a page, and the log](${link})`;
  const room = LONGEST_COMMENT - mark.length - footer.length;
  const body = report === undefined ? noPreview(stack, code) : renderMarkdown(report, room).trimEnd();
  if (report !== undefined) writeFiles(stack, report, body);
  if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, `${body}\n`);
  else process.stdout.write(`${body}\n`);
  const pullRequest = pullRequestIn(env);
  if (pullRequest !== undefined) await keepComment(pullRequest, mark, `${body}${footer}`);
  return report === undefined ? code || 1 : code;
}

/** Runs the preview; what the engine says beside it goes to the log. */
async function runPreview(engine: Engine): Promise<{ code: number; output: string }> {
  const args = [
    "preview",
    "--json",
    "--non-interactive",
    "--stack",
    engine.stack,
    "--policy-pack",
    "policies",
  ];
  // Without this the engine does not tell what policies say.
  const env = { ...engine.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  const child = spawn(engine.path, args, { cwd: engine.cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => child.kill("SIGINT");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return { code: (code as number | null) ?? 1, output };
}

function readReport(output: string): Report | undefined {
  try {
    return reportOf(readPreview(output));
  } catch (error) {
    if (!(error instanceof NotAPreview)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

/** What the engine said is left to the log, where GitHub hides the secrets that it knows. */
function noPreview(stack: string, code: number): string {
  return `### ⛔ There is no preview of stack \`${stack}\`\n\nThe engine ended with ${code} before it had one; the log says why.`;
}

function writeFiles(stack: string, report: Report, markdown: string): void {
  const folder = join(repository, "dist", "preview");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${stack}.md`), `${markdown}\n`);
  writeFileSync(join(folder, `${stack}.html`), renderHtml(report));
  writeFileSync(join(folder, `${stack}.svg`), renderSvg(report.timeline));
}

main(preview);
