import fc from "fast-check";

/** Seed of all random tests of this run; `FC_SEED=<number>` repeats one. */
const seed = Number(process.env.FC_SEED ?? Math.floor(Math.random() * 2 ** 31));

before(function printSeed() {
  console.log(`random tests: FC_SEED=${seed}`);
});

/** Checks a property with the run's seed, which a failure names too. */
export function holds<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, runs = 200): void {
  fc.assert(property, { seed, numRuns: runs });
}
