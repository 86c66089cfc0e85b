/** Two management nodes, a witness and a default node: by one `up` the control plane is the previewed one, whoever is ready first. */
import assert from "node:assert/strict";
import { runScript } from "./scripts";
import { type Loose, World } from "./world";

describe("two management nodes, a witness and a default node", function () {
  this.timeout(240_000);
  let world: World;

  before(async () => {
    world = await World.start({ nodes: 4, speed: 100 });
    world.withoutObjects();
    world.edit(({ cluster }) => {
      // The default node stands before the others: by the order of the description alone it would take a seat.
      const { n1, n2, n3, n4 } = cluster.nodes;
      cluster.nodes = { n1, n4, n2, n3 };
      n3.role = "witness";
      delete n4.role;
    });
  });
  after(() => world?.stop());

  it("end in the previewed control plane, and the default node is not promoted", async () => {
    await world.must("up", "--yes", "--skip-preview");
    const promoted = world.happened("promotion-complete").map(({ machine }) => machine);
    assert.deepEqual(promoted.sort(), ["m2", "m3"]);
    const run = await runScript(world, "status", ["--stack", "lab", "--json"]);
    const { quorum, nodes } = JSON.parse(run.stdout) as Loose;
    assert.deepEqual(quorum, { members: 3, healthy: 3, tolerance: 1 });
    const having = (what: string) =>
      nodes
        .filter((node: Loose) => node[what])
        .map(({ name }: Loose) => name)
        .sort();
    assert.deepEqual(having("ready"), ["n1", "n2", "n3", "n4"]);
    assert.deepEqual(having("etcdVoter"), ["n1", "n2", "n3"]);
    assert.deepEqual(having("controlPlane"), ["n1", "n2"]);
    await world.must("preview", "--expect-no-changes");
  });
});
