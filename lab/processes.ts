import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./files";

/** A process as it is recorded on disk: a pid alone could mean a stranger after a restart of the computer. */
export interface ProcessRecord {
  pid: number;
  /** When the process began, as the operating system tells it; opaque. */
  started: string;
  name: string;
}

/** When a process began, or undefined when there is none (or only its zombie). Together with the pid it identifies a process. */
export function processStart(pid: number): string | undefined {
  if (existsSync("/proc/self/stat")) {
    try {
      // Fields after the command's name, which may itself contain spaces and brackets: state is the 3rd field, start time the 22nd.
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Whether the recorded process still runs. */
export function isAlive(record: ProcessRecord): boolean {
  return processStart(record.pid) === record.started;
}

/** Kills every process recorded in a folder and removes the records; returns the names of those that were still alive. */
export function reap(folder: string): string[] {
  const killed: string[] = [];
  if (!existsSync(folder)) return killed;
  for (const entry of readdirSync(folder)) {
    if (!entry.endsWith(".json")) continue;
    const file = join(folder, entry);
    const record = readJson<ProcessRecord>(file);
    if (record !== undefined && isAlive(record)) {
      process.kill(record.pid, "SIGKILL");
      killed.push(record.name);
    }
    rmSync(file, { force: true });
  }
  return killed;
}
