/**
 * `npm run guard [-- --stack s] [--json]`: one pass over the members of the control plane, for cron and its like: what has failed is assessed,
 * and repaired or evicted where the description allows it. Exit code 0: nothing to do; 1: it acted, or a person is needed; 2: it could not
 * judge. docs/recovery.md says more.
 */
import { parseArgs } from "node:util";
import { explain } from "../provider/shell/errors";
import { shutdown } from "../provider/shell/shutdown";
import { prepareEngine } from "./engine";
import { stackOf } from "./environment";
import { exitCodeOf, renderReport } from "./guard/report";
import { guardStack } from "./guard/stack";
import { main } from "./process";
import { repository } from "./root";

/** Nothing could be judged. */
const COULD_NOT_JUDGE = 2;

async function guard(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { stack: { type: "string", short: "s" }, json: { type: "boolean", default: false } },
  });
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupted.abort(new Error(`The guard was interrupted (${name}).`)));
  }
  try {
    const engine = await prepareEngine(values.stack ?? stackOf([], repository));
    const status = (message: string) => void process.stderr.write(`${message}\n`);
    const report = await guardStack(engine, interrupted.signal, status);
    process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : renderReport(report)}\n`);
    return exitCodeOf(report);
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    return COULD_NOT_JUDGE;
  } finally {
    await shutdown(2000);
  }
}

main(() => guard(process.argv.slice(2)));
