/**
 * Waiting with a deadline, in real time: the programs of the lab (etcd, kube-apiserver) do not run faster than real.
 */
import { setTimeout as delay } from "node:timers/promises";

/** What a wait is for and how long it may take. */
export interface WaitOptions {
  /** Completes the sentence "Waited ... for". */
  what: string;
  timeoutMs: number;
  intervalMs?: number;
  signal?: AbortSignal;
  /** Errors for which waiting on makes no sense: they are thrown at once. */
  fatal?: (error: unknown) => boolean;
}

/**
 * Calls `probe` until it returns something else than undefined. An error of the probe counts as "not yet" and is the cause of the final
 * error.
 */
export async function waitFor<T>(probe: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadline = Date.now() + options.timeoutMs;
  let last: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const value = await probe();
      if (value !== undefined) return value;
      last = undefined;
    } catch (error) {
      if (options.fatal?.(error)) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      const why = last instanceof Error ? ` Last error: ${last.message}` : "";
      throw new Error(`Waited ${Math.round(options.timeoutMs / 1000)} s for ${options.what}.${why}`, {
        cause: last,
      });
    }
    await delay(options.intervalMs ?? 100, undefined, { signal: options.signal });
  }
}

/** Does `work` again and again, every `intervalMs`, until the signal is aborted; errors go to `onError` and do not end it. */
export async function repeat(
  work: () => Promise<void>,
  intervalMs: number,
  signal: AbortSignal,
  onError: (error: Error) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) onError(error instanceof Error ? error : new Error(String(error)));
    }
    await delay(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
