/** Waiting: back-off with jitter, polling with a deadline. All of it ends at once when the signal says so. */

/** Waits, unless aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Delay before the given retry (0 is the first): doubling up to a limit, half of it random so that many do not come back together. */
export function backOff(retry: number, firstMs: number, mostMs: number): number {
  const full = Math.min(mostMs, firstMs * 2 ** retry);
  return full / 2 + (Math.random() * full) / 2;
}

/** How `poll` goes about it. */
export interface PollOptions {
  everyMs: number;
  deadlineMs: number;
  signal?: AbortSignal;
}

/** Asks until there is an answer other than `undefined`. Returns `undefined` at the deadline. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  { everyMs, deadlineMs, signal }: PollOptions,
): Promise<T | undefined> {
  for (const end = Date.now() + deadlineMs; ; ) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() + everyMs > end) return undefined;
    await pause(everyMs, signal);
  }
}
