/** Every small cluster, every single edit, one failure at every act: the promises hold, or the change was refused. */
import { planTransition } from "../../../model/transition";
import { explore, type Space } from "./explore";

/** `EXHAUSTIVE=all` takes every age for one of its own, also where it decides nothing, and takes minutes. */
const ageless = (from: number) => (process.env.EXHAUSTIVE === "all" ? 6 : from);

describe("every change of a small cluster", function everyChange() {
  // Both together take a minute and a half of one processor; other suites may run beside them.
  this.timeout(process.env.EXHAUSTIVE === "all" ? 0 : 600_000);
  const spaces: [what: string, space: Space][] = [
    ["up to five nodes without zones", { nodes: 5, zones: 0, failures: true, agelessFrom: ageless(4) }],
    ["up to four nodes in three zones", { nodes: 4, zones: 3, failures: true, agelessFrom: ageless(3) }],
  ];
  for (const [what, space] of spaces) {
    it(`of ${what} keeps the promises, or is refused`, () => {
      const counts = explore(planTransition, space);
      const told = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
      console.log(`      ${what}: ${told.join(", ")}`);
    });
  }
});
