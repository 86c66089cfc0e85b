import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeJson } from "./files";
import { processStart, reap } from "./processes";
import type { ChildExit, ChildProcesses, ChildSpec, LabChild } from "./types";

/** Real time a program gets to end by itself before it is killed. */
const DEFAULT_GRACE_MS = 5000;

class Child implements LabChild {
  exit: ChildExit | undefined;
  readonly exited: Promise<ChildExit>;

  constructor(
    readonly name: string,
    readonly pid: number,
    private readonly child: ChildProcess,
  ) {
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  async kill(): Promise<void> {
    if (this.exit === undefined) this.child.kill("SIGKILL");
    await this.exited;
  }

  async stop(graceMs = DEFAULT_GRACE_MS): Promise<void> {
    if (this.exit !== undefined) return;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), graceMs);
    await this.exited;
    clearTimeout(timer);
  }
}

/**
 * Child processes that cannot outlive the lab for long.
 *
 * Each is recorded by pid and start time. A watchdog shell waits on a pipe that only this process holds: when it closes without the word
 * "done" (this process was killed), the shell starts lab/reaper.ts, which kills what is recorded. It needs no privilege and no feature
 * of one operating system. Whatever should slip through is reaped by the next start on the same folder.
 */
export class ChildTable implements ChildProcesses {
  readonly #children = new Set<Child>();
  readonly #watchdog: ChildProcess;
  readonly #folder: string;

  constructor(siteDir: string) {
    this.#folder = join(siteDir, "processes");
    mkdirSync(this.#folder, { recursive: true });
    reap(this.#folder);
    const reaper = [
      process.execPath,
      "--require",
      require.resolve("tsx/cjs"),
      join(__dirname, "reaper.ts"),
      this.#folder,
    ];
    this.#watchdog = spawn(
      "/bin/sh",
      ["-c", 'read -r word; [ "$word" = done ] || exec "$@"', "lab-watchdog", ...reaper],
      {
        stdio: ["pipe", "ignore", "ignore"],
        detached: true,
        env: baseEnvironment(),
      },
    );
    this.#watchdog.stdin?.on("error", () => {});
    this.#watchdog.unref();
  }

  async spawn(spec: ChildSpec): Promise<LabChild> {
    mkdirSync(dirname(spec.logFile), { recursive: true });
    const log = openSync(spec.logFile, "a", 0o600);
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: { ...baseEnvironment(), ...spec.env },
        stdio: ["ignore", log, log],
        // A session of its own: Ctrl-C in the terminal of a test is for the lab, which then stops its machines in order.
        detached: true,
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) =>
          reject(new Error(`lab: cannot start ${spec.name} (${spec.command}): ${error.message}`)),
        );
      });
      const pid = child.pid as number;
      const record = join(this.#folder, `${pid}.json`);
      const entry = new Child(spec.name, pid, child);
      const started = processStart(pid);
      if (started !== undefined) writeJson(record, { pid, started, name: spec.name });
      this.#children.add(entry);
      void entry.exited.then(() => {
        this.#children.delete(entry);
        rmSync(record, { force: true });
      });
      return entry;
    } finally {
      closeSync(log);
    }
  }

  /** Kills what is left and dismisses the watchdog. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.kill()));
    await new Promise<void>((resolve) => {
      if (this.#watchdog.exitCode !== null || this.#watchdog.signalCode !== null) return resolve();
      this.#watchdog.once("exit", () => resolve());
      this.#watchdog.ref();
      this.#watchdog.stdin?.end("done\n");
    });
  }
}

/** What programs of the lab inherit: nothing of the operator's environment but where programs are. */
function baseEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "TMPDIR"]) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
