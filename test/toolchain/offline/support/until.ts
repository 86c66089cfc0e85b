import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again until the answer is true; what is thrown counts as no, and is shown when time is up. */
export async function until(
  what: string,
  timeoutMs: number,
  test: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      if (await test()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
    await sleep(50);
  }
}
