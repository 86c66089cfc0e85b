/**
 * Where test files run side by side, mocha says nothing of a file before its end, which may be minutes away. So that nobody wonders whether
 * anything still happens, long tests are named here as they end.
 */
import type { Context, RootHookObject } from "mocha";

/** Whole seconds from which a test is long. */
const LONG_S = 10;

/** Hooks of every test. */
export const mochaHooks: RootHookObject = {
  afterEach(this: Context) {
    // Set in mocha's workers alone.
    if (process.env.MOCHA_WORKER_ID === undefined) return;
    const test = this.currentTest!;
    const { duration = 0, state } = test;
    const seconds = Math.round(duration / 1000);
    if (seconds < LONG_S && state !== "failed") return;
    process.stderr.write(`  ${state} after ${seconds} s: ${test.fullTitle()}\n`);
  },
};
