/**
 * `npm run status [-- --stack s] [--json|--markdown]`: a cluster as it is right now; works on any stack, lab or real. The exit code is 0
 * where every node is Ready and described, 1 where something is wrong, and 2 where there is no cluster yet.
 */
import { parseArgs } from "node:util";
import { shutdown } from "../provider/shell/shutdown";
import { prepareEngine } from "./engine";
import { stackOf } from "./environment";
import { main } from "./process";
import { repository } from "./root";
import { collect } from "./status/collect";
import { NoCluster } from "./status/no-cluster";
import { renderMarkdown, renderText } from "./status/render";
import { readState } from "./status/state";
import { isWell } from "./status/status";

async function status(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      stack: { type: "string", short: "s" },
      json: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
    },
  });
  const engine = await prepareEngine(values.stack ?? stackOf([], repository));
  const state = await readState(engine).catch((error: unknown) => {
    if (error instanceof NoCluster) return error;
    throw error;
  });
  if (state instanceof NoCluster) {
    process.stderr.write(`${state.message}\n`);
    return 2;
  }
  const found = await collect(engine.stack, state);
  await shutdown(2000);
  const text = values.json
    ? JSON.stringify(found, null, 2)
    : values.markdown
      ? renderMarkdown(found)
      : renderText(found);
  process.stdout.write(`${text}\n`);
  return isWell(found) ? 0 : 1;
}

main(() => status(process.argv.slice(2)));
