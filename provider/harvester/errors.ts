/** What a cluster says instead of doing as it is asked. */
import type { HttpAnswer } from "../net/http";
import { UserError } from "../shell/errors";

/** Thrown where the cluster answers with an error. */
export class HarvesterError extends UserError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "HarvesterError";
  }
}

/** The answer, if it is a good one. `what` says what was being done. */
export function expectOk(answer: HttpAnswer, what: string): HttpAnswer {
  if (answer.status < 300) return answer;
  let message = answer.body.slice(0, 300);
  try {
    message = (JSON.parse(answer.body) as { message?: string }).message ?? message;
  } catch {
    // Then it is shown as it came.
  }
  throw new HarvesterError(answer.status, `The cluster refused ${what}: HTTP ${answer.status}: ${message}`);
}
