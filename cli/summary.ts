/** What `npm start` ends with: the cluster, the kubeconfig, and what to try next. */

import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { shutdown } from "../provider/shell/shutdown";
import type { Engine } from "./engine";
import { collect } from "./status/collect";
import { renderText } from "./status/render";
import { readState } from "./status/state";

/** Writes the kubeconfig where only its owner can read it, and prints the summary. */
export async function summarise(engine: Engine, folder: string): Promise<void> {
  const found = await collect(engine.stack, await readState(engine));
  await shutdown(2000);
  const kubeconfig = join(folder, "kubeconfig");
  await writeKubeconfig(engine, kubeconfig);
  process.stdout.write(`
${renderText(found)}

VIP:        ${found.vip.url}  (user admin, password in ${relative(engine.cwd, join(folder, "secrets", "admin-password"))})
kubeconfig: ${relative(engine.cwd, kubeconfig)}  (readable by you alone)

Try next:
  npm run status                         the cluster as it is right now
  npm run pulumi -- preview              what an edit of stacks/Pulumi.lab.yaml would do
  npm run lab -- status                  the machines under it; "npm run lab -- console m1" shows a screen
  npm run lab -- ledger                  what happened to the hardware
  npm stop                               the lab goes down, its state is kept
`);
}

async function writeKubeconfig(engine: Engine, file: string): Promise<void> {
  const args = ["stack", "output", "kubeconfig", "--show-secrets", "--stack", engine.stack];
  const { stdout } = await promisify(execFile)(engine.path, args, engine);
  writeFileSync(file, stdout, { mode: 0o600 });
  chmodSync(file, 0o600);
}
