/** What the person who runs `pulumi` gets to read when something fails. */

/**
 * An error written for the person who runs `pulumi`: what is wrong, where, why it matters, what to do. Shown as it is,
 * as one paragraph without a stack.
 */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
  }
}

/** Why an operation was aborted at its deadline. Whoever waits for something at that moment says what it was, in place of this. */
export class DeadlinePassed extends UserError {
  override readonly name = "DeadlinePassed";
}

/**
 * The text for an error: its message, and those of its causes where they add something. Only a mistake in this
 * program (a TypeError and its like) is shown with its stack, and as what it is.
 */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isProgrammingError(error)) {
    return `This is a bug in the metal provider, please report it: ${error.stack ?? String(error)}`;
  }
  const messages: string[] = [];
  for (let e: unknown = error; e instanceof Error && messages.length < 5; e = e.cause) {
    const message = e.message || (e as NodeJS.ErrnoException).code || e.name;
    if (!messages.some((m) => m.includes(message))) messages.push(message);
    if (e instanceof UserError) break;
  }
  return messages.join(": ");
}

function isProgrammingError(error: Error): boolean {
  // undici and node:net report network failures as TypeErrors with a cause; those are no mistakes of this program.
  if (error.cause !== undefined) return false;
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError ||
    error instanceof SyntaxError ||
    (error as NodeJS.ErrnoException).code === "ERR_ASSERTION"
  );
}
