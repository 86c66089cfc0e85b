/** Runs a helper program to its end: output collected, a deadline, an abort signal, no shell. */
import { spawn } from "node:child_process";

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** After this many milliseconds the program is killed and the run fails. */
  readonly timeoutMs: number;
  /** Called with each whole line of standard error as it comes. */
  readonly onErrorLine?: (line: string) => void;
}

/** What a program that ended well said. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines of standard error quoted when a program fails. */
const QUOTED_LINES = 20;

/** Runs a program; fails, quoting the end of its standard error, unless it exits with 0. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
      killSignal: "SIGKILL",
    });
    let stdout = "";
    let stderr = "";
    let line = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const whole of lines) options.onErrorLine?.(whole);
    });
    child.once("error", (error) => {
      const why = timeout.aborted ? `no end after ${options.timeoutMs / 1000} s` : error.message;
      reject(new Error(`${command} ${args[0] ?? ""}: ${why}`, { cause: error }));
    });
    child.once("close", (code, signal) => {
      if (code === 0) return resolve({ stdout, stderr });
      const end = stderr.trimEnd().split("\n").slice(-QUOTED_LINES).join("\n");
      reject(new Error(`${command} ${args.join(" ")}: ended with ${signal ?? code}\n${end}`));
    });
  });
}
