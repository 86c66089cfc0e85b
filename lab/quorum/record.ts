/**
 * What is kept of the etcd members of the lab's clusters: every change, how often was looked, and what follows from it for the quorum.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../files";

/** The members of one etcd cluster, from `time` until the next record of that cluster. */
export interface QuorumState {
  /** Real time, ISO 8601. */
  time: string;
  /** etcd's id of the cluster. */
  cluster: string;
  /** All that are listed, learners among them. */
  members: number;
  voters: number;
  /** Voters that answer. */
  healthy: number;
  /** Name of the leader; absent while there is none. */
  leader?: string;
}

/** How often was looked. */
export interface QuorumCount {
  samples: number;
  /** Longest time between two samples, in milliseconds of real time. */
  longestGapMs: number;
}

/** A time during which fewer voters answered than a majority. */
export interface QuorumLoss {
  cluster: string;
  from: string;
  /** Absent while it goes on. */
  until?: string;
  voters: number;
  /** The fewest that answered. */
  healthy: number;
}

/** What can be said of a time. */
export interface QuorumRecord extends QuorumCount {
  states: QuorumState[];
  /** The fewest voters of any cluster that answered; undefined when there was none to see. */
  lowestHealthy: number | undefined;
  /** The fewest voters that answered beyond the majority: 1 in a healthy cluster of three, 0 when no more may fail, less than 0 below quorum. */
  lowestReserve: number | undefined;
  belowQuorum: QuorumLoss[];
  /** Longest time that a cluster with a majority had no leader, as after the loss of one, in milliseconds. */
  longestLeaderlessMs: number;
}

/** A part of the record; all of it when nothing is given. */
export interface QuorumPeriod {
  from?: Date;
  until?: Date;
}

const STATES = "quorum.jsonl";
const COUNT = "quorum.json";

/** Files of the record in a lab folder. */
export function quorumFiles(siteDir: string): { states: string; count: string } {
  return { states: join(siteDir, STATES), count: join(siteDir, COUNT) };
}

/** Reads the record of a lab folder. The count is of the whole record, whatever the period. */
export function quorumRecord(siteDir: string, period: QuorumPeriod = {}): QuorumRecord {
  const files = quorumFiles(siteDir);
  const count = readJson<QuorumCount>(files.count) ?? { samples: 0, longestGapMs: 0 };
  const text = existsSync(files.states) ? readFileSync(files.states, "utf8") : "";
  const states = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as QuorumState);
  return { ...count, ...summary(states, period) };
}

/** Voters that make a majority. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** What follows from the states of a time, as a pure function. */
export function summary(
  all: readonly QuorumState[],
  period: QuorumPeriod,
): Omit<QuorumRecord, keyof QuorumCount> {
  const states = within(all, period);
  const clusters = [...new Set(states.map(({ cluster }) => cluster))];
  const histories = clusters.map((cluster) => states.filter((state) => state.cluster === cluster));
  const end = period.until ?? new Date();
  return {
    states,
    lowestHealthy: lowest(states.map(({ healthy }) => healthy)),
    lowestReserve: lowest(states.map(reserve)),
    belowQuorum: histories.flatMap(losses),
    longestLeaderlessMs: Math.max(0, ...histories.map((history) => leaderless(history, end))),
  };
}

/** The states of a period; what was already so when it began counts from its beginning. */
function within(all: readonly QuorumState[], { from, until }: QuorumPeriod): QuorumState[] {
  const before = new Map<string, QuorumState>();
  const inside: QuorumState[] = [];
  for (const state of all) {
    const at = Date.parse(state.time);
    if (until && at > until.getTime()) break;
    if (from && at < from.getTime()) before.set(state.cluster, { ...state, time: from.toISOString() });
    else inside.push(state);
  }
  return [...before.values(), ...inside];
}

function reserve({ voters, healthy }: QuorumState): number {
  return healthy - majority(voters);
}

function lowest(numbers: readonly number[]): number | undefined {
  return numbers.length === 0 ? undefined : Math.min(...numbers);
}

function losses(history: readonly QuorumState[]): QuorumLoss[] {
  const found: QuorumLoss[] = [];
  let open: QuorumLoss | undefined;
  for (const state of history) {
    if (reserve(state) >= 0) {
      if (open) open.until = state.time;
      open = undefined;
    } else if (open === undefined) {
      const { cluster, time: from, voters, healthy } = state;
      open = { cluster, from, voters, healthy };
      found.push(open);
    } else open.healthy = Math.min(open.healthy, state.healthy);
  }
  return found;
}

function leaderless(history: readonly QuorumState[], end: Date): number {
  let longest = 0;
  let since: number | undefined;
  for (const [index, state] of history.entries()) {
    const headless = state.leader === undefined && reserve(state) >= 0;
    since = headless ? (since ?? Date.parse(state.time)) : undefined;
    if (since === undefined) continue;
    const next = history[index + 1]?.time;
    longest = Math.max(longest, (next ? Date.parse(next) : end.getTime()) - since);
  }
  return longest;
}
