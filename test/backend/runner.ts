/** A runner of a workflow: a clone of its own, in which it runs the lines that stand in the workflows. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { freshClone } from "../e2e/clone";
import { REPOSITORY, type Run, type World } from "../e2e/world";

/** Real time that one line gets. */
const DEADLINE_MS = 120_000;

/** A runner, with the stack file of a world as `stacks/Pulumi.lab.yaml`. */
export class Runner {
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();

  constructor(
    readonly world: World,
    readonly env: Record<string, string>,
  ) {
    this.folder = freshClone(REPOSITORY, world.dir);
    symlinkSync(join(REPOSITORY, ".toolchain"), join(this.folder, ".toolchain"));
    copyFileSync(world.configFile, this.stackFile);
  }

  get stackFile(): string {
    return join(this.folder, "stacks", "Pulumi.lab.yaml");
  }

  /** Runs npm to its end. */
  async npm(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
    const child = spawn("npm", args, {
      cwd: this.folder,
      env: { ...this.world.environment(), ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: DEADLINE_MS,
    });
    this.#running.add(child);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    this.#running.delete(child);
    return { code: code ?? -1, stdout, stderr, output: stdout + stderr };
  }

  /** Ends whatever still runs. */
  stop(): void {
    for (const child of this.#running) child.kill("SIGTERM");
  }
}
