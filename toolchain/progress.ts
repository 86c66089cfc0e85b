/** Live progress of long work: what is being done, how far it is, how long it has taken. */

/** Where progress goes: one line at a time, or a line that is redrawn on a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** One piece of work under way. */
export interface Step {
  /** Says how far the work is, in a few words ("612/1627 packages, 37 %"). */
  update(far: string): void;
  /** Ends the step well; the words replace the last "how far". */
  done(result: string): void;
  /** Ends the step badly. The error itself is reported by whoever catches it. */
  fail(): void;
}

/** Tells a person what is happening. */
export interface Progress {
  step(what: string): Step;
  /** One line that stays. */
  say(line: string): void;
}

/** On a terminal the line is redrawn this often; elsewhere a new line is printed this often. */
const REDRAW_MS = 1_000;
const REPRINT_MS = 10_000;

/** "4 s", "3 min 07 s". */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Progress on a stream, by default standard error, so that standard output stays usable in a pipe. */
export function progressOn(output: Output = process.stderr): Progress {
  const clearLine = output.isTTY ? "\r\u001b[2K" : "";
  return {
    say: (line) => void output.write(`${clearLine}${line}\n`),
    step(what) {
      const started = Date.now();
      let far = "";
      const line = () => `${what}${far ? `: ${far}` : ""} (${duration(Date.now() - started)})`;
      const draw = () => {
        if (output.isTTY) output.write(`${clearLine}${line().slice(0, (output.columns ?? 80) - 1)}`);
        else output.write(`${line()}\n`);
      };
      draw();
      const timer = setInterval(draw, output.isTTY ? REDRAW_MS : REPRINT_MS);
      timer.unref();
      const end = (last: string) => {
        clearInterval(timer);
        output.write(`${clearLine}${last}\n`);
      };
      return {
        update: (now) => {
          far = now;
        },
        done: (result) => end(`${what}: ${result} (${duration(Date.now() - started)})`),
        fail: () => end(`${what}: failed after ${duration(Date.now() - started)}`),
      };
    },
  };
}

/** Progress that nobody sees. */
export const silent: Progress = {
  say: () => undefined,
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
};
