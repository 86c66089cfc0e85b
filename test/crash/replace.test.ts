/** One scene of the crash matrix, whole: a kill at each of its side effects. `npm run crash` plays every scene, with every victim at each. */
import assert from "node:assert/strict";
import { type Told, tour } from "./tour";

describe("a node is replaced, and whoever carries that is killed", function () {
  this.timeout(1_500_000);

  it("at any side effect: the next run ends it, and repeats nothing that cannot be undone", async () => {
    const stories: Told[] = [];
    const effects = await tour({ scenes: ["replace"], victims: "in turn", clusters: 2 }, (told, left) => {
      stories.push(told);
      const { effect, victim, resume, fate, seconds } = told;
      process.stderr.write(
        `  ${victim} killed at ${effect}, ${resume}: ${fate} (${Math.round(seconds)} s, ${left} to go)\n`,
      );
    });
    assert.deepEqual(
      stories.filter(({ fate }) => fate === "failed").map(({ effect, error }) => [effect, error]),
      [],
    );
    assert.equal(stories.length, effects.get("replace")?.length);
    // Whether the provider or Rancher removes the Node object is a matter of who is first.
    const missed = stories.filter(({ fate }) => fate === "not reached").map(({ effect }) => effect);
    assert.deepEqual(
      missed,
      missed.filter((effect) => effect.startsWith("API delete nodes")),
    );
  });
});
