/** Which process holds a Lease, so that one that was killed on this very machine is not waited for. */
import { readFileSync, readlinkSync } from "node:fs";

/** Annotation of the Lease that names the process. */
export const HOLDER_PROCESS = "harvester-stack.io/holder-process";

/**
 * This process, as no other ever: the boot of the kernel, the namespace in which its id counts, the id, and when it began. Undefined where the
 * operating system does not tell (no Linux).
 */
export function thisProcess(): string | undefined {
  try {
    return [...surroundings(), process.pid, beginOf(process.pid)].join(" ");
  } catch {
    return undefined;
  }
}

/** Whether that process is known to be gone. False of one that runs elsewhere, and of what cannot be understood. */
export function hasDied(holder: string | undefined): boolean {
  const [boot, namespace, pid, begin] = holder?.split(" ") ?? [];
  try {
    const [here, ours] = surroundings();
    return boot === here && namespace === ours && beginOf(Number(pid)) !== begin;
  } catch {
    return false;
  }
}

function surroundings(): [boot: string, namespace: string] {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return [boot, readlinkSync("/proc/self/ns/pid")];
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
