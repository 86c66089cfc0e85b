/** Several long stories at a time, told by one test each. */

/** Starts all work at the first demand, so many at a time, and gives each one's end. */
export function inParallel(atATime: number, work: (() => Promise<void>)[]): () => Promise<void>[] {
  let started: Promise<void>[] | undefined;
  return () => {
    if (started !== undefined) return started;
    const waiting: (() => Promise<void>)[] = [];
    started = work.map(
      (one) =>
        new Promise((resolve, reject) => {
          waiting.push(() => one().then(resolve, reject));
        }),
    );
    // One that fails before its test waits for it is still that test's failure.
    for (const end of started) end.catch(() => undefined);
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
    };
    for (let count = 0; count < atATime; count++) void lane();
    return started;
  };
}
