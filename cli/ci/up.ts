/**
 * `npm run -s ci:up`: carries out the description of the stack STACK, judged by the policy pack once more, and tells how the cluster is
 * then, as the job's summary (else on standard output). Approvals stand in the description itself, so nothing else is passed. Ends as the
 * `up` did.
 */
import { execFile } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { prepareEngine } from "../engine";
import { clearPendingCreates } from "../pending";
import { main, takeOver } from "../process";
import { repository } from "../root";
import { stackOfJob } from "./job";

const STATUS_TIMEOUT_MS = 120_000;

async function up(): Promise<number> {
  const stack = stackOfJob(process.env);
  const engine = await prepareEngine(stack);
  await clearPendingCreates(engine);
  // Never with --skip-preview: policies over the whole stack would then speak after the fact.
  const args = ["up", "--yes", "--non-interactive", "--stack", stack, "--policy-pack", "policies"];
  const code = await takeOver(engine.path, args, engine);
  const ended = code === 0 ? "" : `**The \`up\` ended with ${code}; the log says why.** `;
  const summary = `### Stack \`${stack}\` after the \`up\`\n\n${ended}${await statusOf(stack)}\n`;
  if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, summary);
  else process.stdout.write(summary);
  return code;
}

/** What `npm run status` says, which after an `up` that failed may be that there is nothing to say. */
function statusOf(stack: string): Promise<string> {
  const command = [...process.execArgv, join(__dirname, "..", "status.ts"), "--stack", stack, "--markdown"];
  return new Promise((resolve) => {
    const options = { cwd: repository, timeout: STATUS_TIMEOUT_MS };
    execFile(process.execPath, command, options, (_error, stdout, stderr) => {
      resolve(stdout.trim() || stderr.trim() || "Its status is not known.");
    });
  });
}

main(up);
