/**
 * The state of a cluster that is taken over, written by the engine itself: the stack's own program runs once against a provider that acts on
 * nothing, in a backend that is thrown away. So parents, names, dependencies and encryption are the engine's work and nobody's guess.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { version } from "../../package.json";
import { type Adoption, adoptingResources } from "../../provider/adoption/resources";
import { EngineLog } from "../../provider/shell/engine-log";
import { Operations } from "../../provider/shell/operations";
import { secrets } from "../../provider/shell/secrets";
import { listen } from "../../provider/shell/serve";
import { run } from "../../toolchain/run";
import type { Engine } from "../engine";

const RUN_MS = 180_000;

/** What a person puts in place. */
export interface AdoptedStack {
  /** Content of `stacks/Pulumi.<stack>.yaml`. */
  stackFile: string;
  /** Content of the file for `pulumi stack import`; its secrets are encrypted with the passphrase. */
  importFile: string;
}

/** Content of a stack file, without the salt that the engine adds to it. */
export function stackFileOf(cluster: object): string {
  return stringify({ config: { "harvester-stack:cluster": cluster } }, { lineWidth: 0 });
}

/** Writes the state. `cluster` is the description as it stands in the stack file. */
export async function writeState(engine: Engine, cluster: object, adoption: Adoption): Promise<AdoptedStack> {
  const folder = mkdtempSync(join(tmpdir(), "harvester-adopt-"));
  const log = new EngineLog();
  const operations = new Operations(log);
  const provider = await listen({ resources: adoptingResources(adoption), version, operations, log });
  try {
    const env = {
      ...engine.env,
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_DEBUG_PROVIDERS: `metal:${provider.port}`,
    };
    const pulumi = (args: readonly string[], cwd: string) =>
      run(engine.path, [...args, "--stack", engine.stack, "--non-interactive"], {
        cwd,
        env,
        timeoutMs: RUN_MS,
      });
    const project = join(folder, "project");
    for (const each of [project, join(folder, "backend")]) mkdirSync(each, { mode: 0o700 });
    writeFileSync(join(project, "Pulumi.yaml"), "name: harvester-stack\nruntime: nodejs\n");
    const file = join(project, `Pulumi.${engine.stack}.yaml`);
    await pulumi(["stack", "init", "--no-select", "--secrets-provider", "passphrase"], project);
    const salt = parse(readFileSync(file, "utf8")) as object;
    const stackFile = stackFileOf(cluster) + stringify(salt);
    writeFileSync(file, stackFile);
    await pulumi(["up", "--yes", "--skip-preview", "--config-file", file, "--color=never"], engine.cwd);
    const { stdout } = await pulumi(["stack", "export"], project);
    return { stackFile, importFile: stdout };
  } catch (error) {
    throw new Error(secrets.scrub(`The state could not be written: ${(error as Error).message}`));
  } finally {
    provider.close();
    log.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
