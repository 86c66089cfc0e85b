/** Node.js processes started on behalf of the engine: what they may see, how they are stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { MARKER } from "./marker";

/** Variables that carry configuration in clear and therefore never enter a real environment. */
const HIDDEN = ["PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS"];
const HIDDEN_DESCRIPTOR = 3;

/** A process is interrupted, and killed if it has not ended after this; WaitDelay in the official execRuntime. */
const KILL_AFTER_MS = 5_000;

/** A process with its output. */
export interface Child {
  readonly process: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Fulfilled when the process has ended and all its output was read. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts Node.js with the given arguments; of `env`, what is secret is handed over by a pipe. */
export function startNode(
  nodeargs: readonly string[],
  args: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined> },
): Child {
  const env: Record<string, string | undefined> = { ...options.env, [MARKER]: String(HIDDEN_DESCRIPTOR) };
  const hidden: Record<string, string> = {};
  for (const name of HIDDEN) {
    const value = env[name];
    if (value !== undefined) hidden[name] = value;
    delete env[name];
  }
  const preload = join(__dirname, "hidden-environment.js");
  // Pipes throughout: Node.js makes inherited descriptors non-blocking, which then hits everybody who shares them (runWithOutput
  // in the official main.go). Standard input is a pipe that closes with this host, so that a child can notice its end.
  const child = spawn(process.execPath, ["--require", preload, ...nodeargs, ...args], {
    cwd: options.cwd,
    env,
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const secrets = child.stdio[HIDDEN_DESCRIPTOR] as NodeJS.WritableStream;
  // A child that ends before it has read them is reported by its exit, not by this pipe.
  secrets.on("error", () => undefined);
  secrets.end(JSON.stringify(hidden));
  child.stdin?.on("error", () => undefined);
  return { process: child, stdout: child.stdout as Readable, stderr: child.stderr as Readable, ended };
}

/** Interrupts a process, kills it if it does not end in time, and is fulfilled when it has ended. */
export async function stopChild(child: Child): Promise<void> {
  child.process.kill("SIGINT");
  const timer = setTimeout(() => child.process.kill("SIGKILL"), KILL_AFTER_MS);
  // How it ended is the business of whoever runs it.
  await child.ended.catch(() => undefined);
  clearTimeout(timer);
}

/**
 * The file of an SDK entry point as the program in that folder would load it.
 * Copies locateModule (pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go), its advice included.
 */
export function locateModule(module: string, folder: string, installCommand: string): string {
  try {
    return createRequire(join(folder, "_")).resolve(module);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new Error(`It looks like the Pulumi SDK has not been installed. Have you run ${installCommand}?`);
  }
}
