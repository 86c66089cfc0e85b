/**
 * How long things took in the lab, and how long they had to take: from the ledger, as a pure function.
 */
import { PROMOTION_SECONDS } from "./cluster/promotion-controller";
import type { LedgerRecord } from "./ledger";
import { DEFAULT_DELAYS, DEFAULT_SPEED, type Delays, installationSeconds } from "./machine/delays";

/** Something that took time; all times in lab seconds. */
export interface TimedTask {
  kind: "installation" | "promotion";
  machine: string;
  start: number;
  end: number;
  /** What of it the lab simulates: it cannot be shorter. The rest is real programs at work and somebody waiting for somebody. */
  simulated: number;
}

/** What a person compares. Lab seconds, but for `speed`. */
export interface Timings {
  /** Lab seconds in a real one. */
  speed: number;
  tasks: TimedTask[];
  /** From the first power-on to the last installed node being Ready. */
  toReady: Measure | undefined;
  /** From the first power-on to the end of the last promotion. */
  toRest: Measure | undefined;
}

/** A measured span beside the shortest one possible. */
export interface Measure {
  measured: number;
  /** The longest chain of simulated delays in which one thing began after the other had ended. */
  criticalPath: number;
}

/** Reads the records since the lab was last started. */
export function timings(ledger: readonly LedgerRecord[]): Timings {
  const start = ledger.map(({ event }) => event).lastIndexOf("lab-started");
  const records = ledger.slice(Math.max(0, start));
  const lab = records[0] as (LedgerRecord & { delays?: string }) | undefined;
  const delays = lab?.delays ? (JSON.parse(lab.delays) as Delays) : DEFAULT_DELAYS;
  const tasks = [...installations(records, installationSeconds(delays)), ...promotions(records)];
  tasks.sort((a, b) => a.start - b.start);
  const installed = tasks.filter(({ kind }) => kind === "installation");
  return {
    speed: Number(lab?.speed ?? DEFAULT_SPEED),
    tasks,
    toReady: measure(tasks, installed),
    toRest: measure(tasks, tasks),
  };
}

/** The latest installation of each machine that came to a Ready node. */
function installations(records: readonly LedgerRecord[], simulated: number): TimedTask[] {
  const machines = new Set(
    records.filter(({ event }) => event === "installed").map(({ machine }) => machine),
  );
  return [...machines].flatMap((machine) => {
    const own = records.filter((record) => record.machine === machine);
    const installed = own.map(({ event }) => event).lastIndexOf("installed");
    const on = own.slice(0, installed).findLast(({ event }) => event === "power-on");
    const ready = own.slice(installed).find(({ event }) => event === "node-ready");
    if (on === undefined || ready === undefined) return [];
    return [{ kind: "installation" as const, machine, start: on.lab, end: ready.lab, simulated }];
  });
}

function promotions(records: readonly LedgerRecord[]): TimedTask[] {
  return records.flatMap((record, index) => {
    if (record.event !== "promotion-complete") return [];
    const { machine, lab: end } = record;
    const started = records
      .slice(0, index)
      .findLast((r) => r.event === "promotion-started" && r.machine === machine);
    if (started === undefined) return [];
    return [{ kind: "promotion" as const, machine, start: started.lab, end, simulated: PROMOTION_SECONDS }];
  });
}

function measure(all: readonly TimedTask[], until: readonly TimedTask[]): Measure | undefined {
  const last = [...until].sort((a, b) => b.end - a.end)[0];
  const first = all[0];
  if (last === undefined || first === undefined) return undefined;
  const chain = (task: TimedTask): number => {
    const before = all.filter((other) => other !== task && other.end <= task.start);
    return task.simulated + Math.max(0, ...before.map(chain));
  };
  return { measured: last.end - first.start, criticalPath: Math.max(...until.map(chain)) };
}
