/**
 * A program that stands still for a part of every second, as one does whose disk does not keep up: whatever it was to answer comes late.
 */
import type { LabChild } from "../types";

const PERIOD_MS = 1000;
const DEFAULT_MS = 700;

/** Lets a program stand still while `args` says so, by the number of milliseconds in it. Returns how to end that; the program runs then. */
export function stutter(child: LabChild, args: () => string[] | undefined): () => void {
  let stopped = false;
  let resume: NodeJS.Timeout | undefined;
  const go = () => {
    clearTimeout(resume);
    if (stopped && child.exit === undefined) process.kill(child.pid, "SIGCONT");
    stopped = false;
  };
  const timer = setInterval(() => {
    const active = args();
    if (active === undefined || child.exit !== undefined) return go();
    if (!stopped) process.kill(child.pid, "SIGSTOP");
    stopped = true;
    const still = Number(active[0] ?? DEFAULT_MS);
    clearTimeout(resume);
    if (still < PERIOD_MS) resume = setTimeout(go, still);
  }, PERIOD_MS);
  const end = () => {
    clearInterval(timer);
    go();
  };
  void child.exited.then(end);
  return end;
}
