import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { LabClock, Ledger, LedgerEntry } from "./types";

/** A line of the ledger as it is on disk. */
export interface LedgerRecord extends LedgerEntry {
  /** Real time, ISO 8601. */
  time: string;
  /** Lab seconds since the lab was started. */
  lab: number;
}

/**
 * The append-only record of what happened in the lab. Each line is written before the act's effect can be seen from outside, so a
 * test that counts lines counts acts.
 */
export class LedgerFile implements Ledger {
  constructor(
    readonly file: string,
    private readonly clock: LabClock,
  ) {}

  append(entry: LedgerEntry): void {
    const { machine, event, ...details } = entry;
    const record = {
      time: new Date().toISOString(),
      lab: Math.round(this.clock.now() * 10) / 10,
      machine,
      event,
      ...details,
    };
    appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }

  read(): LedgerRecord[] {
    return readLedger(this.file);
  }
}

/** All records of a ledger file; none when there is no file yet. */
export function readLedger(file: string): LedgerRecord[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LedgerRecord);
}
