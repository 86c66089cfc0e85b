/** Which process holds a Lease, so that one that was killed on this very machine is not waited for. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Annotation of the Lease that names the process. */
export const HOLDER_PROCESS = "harvester-stack.io/holder-process";

/**
 * This process as the holder of that name, as no other ever: the host, the boot of its kernel, the namespaces in which ids and times count, the
 * id, and when it began. Undefined where the operating system does not tell (no Linux).
 */
export function holderProcess(holder: string): string | undefined {
  try {
    return JSON.stringify([...surroundings(), process.pid, beginOf(process.pid), holder]);
  } catch {
    return undefined;
  }
}

/**
 * Whether the process behind a Lease is known to be gone, by the Lease's holder and its annotation. False of one that runs elsewhere, of an annotation that
 * another holder has left there, and of what cannot be understood.
 */
export function hasDied(holder: string, annotation: string | undefined): boolean {
  try {
    const named = JSON.parse(annotation ?? "[]") as unknown[];
    const [pid, begin, name] = named.slice(-3);
    const here = JSON.stringify(surroundings()) === JSON.stringify(named.slice(0, -3));
    return here && name === holder && beginOf(Number(pid)) !== begin;
  } catch {
    return false;
  }
}

function surroundings(): string[] {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  // Start times are shown by the clock of the namespace of whoever reads them.
  return [hostname(), boot, readlinkSync("/proc/self/ns/pid"), readlinkSync("/proc/self/ns/time")];
}

/**
 * When a process began, in clock ticks since the boot; undefined where there is none, or only what is left of one [proc(5), /proc/pid/stat].
 * Throws where there is one that another user hides [mount option hidepid].
 */
function beginOf(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold anything, also spaces and parentheses.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? undefined : rest[18];
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
