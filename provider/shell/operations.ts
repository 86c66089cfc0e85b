/** The operations in flight: their contexts, deadlines, and how all of them are stopped together. */
import type { EngineLog } from "./engine-log";
import { DeadlinePassed, UserError } from "./errors";
import type { OperationContext } from "./resource";
import { RunFacts } from "./run";

/** What an operation is called with. */
export interface OperationRequest {
  /** For messages: `create`, `read` ... */
  verb: string;
  urn: string;
  preview: boolean;
  /** Seconds; from `customTimeouts` where the program gives them. */
  timeoutSeconds: number;
}

/** Runs operations. */
export class Operations {
  readonly facts = new RunFacts();
  readonly #running = new Set<AbortController>();
  readonly #idle = new Set<() => void>();
  #stopped: Error | undefined;

  constructor(private readonly log: EngineLog) {}

  /** Runs one operation with a context of its own. What it throws when it was aborted is the reason of the abort. */
  async run<T>(request: OperationRequest, work: (ctx: OperationContext) => Promise<T>): Promise<T> {
    if (this.#stopped) throw this.#stopped;
    const controller = new AbortController();
    const timeoutMs = request.timeoutSeconds * 1000;
    let doing = "";
    const timer = setTimeout(
      () => controller.abort(new DeadlinePassed(tooLong(request, doing))),
      Math.min(timeoutMs, 2 ** 31 - 1),
    );
    this.#running.add(controller);
    try {
      return await work({
        urn: request.urn,
        preview: request.preview,
        signal: controller.signal,
        deadline: new Date(Date.now() + timeoutMs),
        facts: this.facts,
        status: (message) => {
          doing = message;
          this.log.send("status", request.urn, message);
        },
        info: (message) => this.log.send("info", request.urn, message),
        warn: (message) => this.log.send("warning", request.urn, message),
      });
    } catch (error) {
      const aborted = controller.signal.aborted && error instanceof Error && error.name === "AbortError";
      throw aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
      if (this.#running.size === 0) for (const wake of this.#idle) wake();
      await this.log.flush();
    }
  }

  /** Aborts all operations and refuses further ones. */
  stop(reason: string): void {
    this.#stopped ??= new UserError(reason);
    for (const controller of this.#running) controller.abort(this.#stopped);
  }

  /** Waits until nothing runs any more, or for so long. */
  async idle(deadlineMs: number): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      this.#idle.add(done);
    });
  }
}

function tooLong({ verb, timeoutSeconds }: OperationRequest, doing: string): string {
  const time = timeoutSeconds % 60 === 0 ? `${timeoutSeconds / 60} min` : `${timeoutSeconds} s`;
  const last = doing === "" ? "" : `; the last thing that it did: ${doing}`;
  return `The ${verb} did not end within its ${time}${last}. If it only needs longer, give it more in the resource's customTimeouts.`;
}
