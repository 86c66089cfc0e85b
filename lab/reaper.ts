/**
 * Started by the watchdog shell of lab/children.ts when the lab daemon is gone without a farewell: kills what the daemon left running.
 * Usage: reaper.ts <folder of process records>
 */
import { reap } from "./processes";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: reaper.ts <folder of process records>");
reap(folder);
