import type { LabClock } from "./types";

interface Sleeper {
  due: number;
  timer: NodeJS.Timeout | undefined;
  wake: () => void;
}

/** Longest delay a Node.js timer takes; longer sleeps are re-armed. */
const LONGEST_TIMER_MS = 2_000_000_000;

/**
 * The lab's clock: lab time runs `speed` times as fast as real time, and `advance` pushes it forward.
 *
 * Every delay of a machine (POST, disk write, retries of the installer) is given in lab seconds, so one number decides between a
 * demonstration, a fast test (a speed of thousands) and a test that drives time by itself (speed 0: time only moves by `advance`).
 */
export class ScaledClock implements LabClock {
  readonly #origin = performance.now();
  readonly #sleepers = new Set<Sleeper>();
  #pushed = 0;

  constructor(readonly speed: number) {
    if (!(speed >= 0) || !Number.isFinite(speed)) {
      throw new Error(`lab clock: speed must be a number of 0 or more, not ${speed}`);
    }
  }

  now(): number {
    return this.#pushed + ((performance.now() - this.#origin) / 1000) * this.speed;
  }

  sleep(seconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        this.#forget(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        due: this.now() + seconds,
        timer: undefined,
        wake: () => {
          this.#forget(sleeper);
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#sleepers.add(sleeper);
      this.#arm(sleeper);
    });
  }

  advance(seconds: number): void {
    this.#pushed += seconds;
    for (const sleeper of [...this.#sleepers]) {
      clearTimeout(sleeper.timer);
      this.#arm(sleeper);
    }
  }

  #arm(sleeper: Sleeper): void {
    const left = sleeper.due - this.now();
    if (left <= 0) {
      sleeper.wake();
      return;
    }
    if (this.speed === 0) return;
    const delay = Math.min(Math.ceil((left / this.speed) * 1000), LONGEST_TIMER_MS);
    sleeper.timer = setTimeout(() => this.#arm(sleeper), delay);
  }

  #forget(sleeper: Sleeper): void {
    clearTimeout(sleeper.timer);
    this.#sleepers.delete(sleeper);
  }
}
