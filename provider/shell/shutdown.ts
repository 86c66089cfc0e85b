/**
 * What has to be closed before the process ends: BMC sessions (a BMC has only a handful), the boot server, connections.
 * Registered where it is opened, in the order of opening; closed in the reverse order.
 */

const closers = new Map<() => Promise<void>, string>();

/** Registers something to close. Returns a function that takes the registration back (after it was closed otherwise). */
export function atShutdown(what: string, close: () => Promise<void>): () => void {
  closers.set(close, what);
  return () => void closers.delete(close);
}

/**
 * Closes everything, all within the deadline. Returns what could not be closed, with the reason.
 * @param deadlineMs how long this may take in all
 */
export async function shutdown(deadlineMs: number): Promise<string[]> {
  const failures: string[] = [];
  const open = [...closers].reverse();
  closers.clear();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), deadlineMs);
  });
  await Promise.all(
    open.map(async ([close, what]) => {
      try {
        if ((await Promise.race([close(), deadline])) === "late") {
          failures.push(`${what}: not closed within ${deadlineMs / 1000} s`);
        }
      } catch (error) {
        failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  clearTimeout(timer);
  return failures;
}
