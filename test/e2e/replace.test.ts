/** Each member of a control plane is replaced by another machine in turn, the one that created the cluster first. */
import assert from "node:assert/strict";
import { quorumOf } from "../../model/quorum";
import { assertLetGo, describedMachine, provision, type ResizedCluster } from "./resized";
import type { Loose, World } from "./world";

describe("the members of a control plane are replaced, one after another", function () {
  this.timeout(480_000);
  let world: World;
  let cluster: ResizedCluster;

  provision(
    { nodes: 4, speed: 60 },
    (config) => {
      delete config.cluster.nodes.n4;
    },
    (made) => {
      ({ world, cluster } = made);
    },
  );

  // A machine that was let go of is described again, under a key of its own.
  const turns = [
    { out: "n1", off: "m1", into: "n4", on: "m4", rest: ["n2", "n3", "n4"] },
    { out: "n2", off: "m2", into: "n5", on: "m1", rest: ["n3", "n4", "n5"] },
    { out: "n3", off: "m3", into: "n6", on: "m2", rest: ["n4", "n5", "n6"] },
  ];
  for (const { out, off, into, on, rest } of turns) {
    it(`${into} on ${on} takes the place of ${out}`, async () => {
      world.edit((config) => {
        const { nodes } = config.cluster;
        nodes[into] = describedMachine(world, on, nodes[out]);
        delete nodes[out];
      });
      const preview = await world.must("preview");
      assert.match(preview.output, /This change: replace\./);
      await world.must("up", "--yes", "--skip-preview");
      await cluster.restsAt({ nodes: rest, voters: rest });
      assertLetGo(world, off);
      const { members, left } = await cluster.roster();
      assert.deepEqual(members.map(({ key }: Loose) => key).sort(), rest);
      assert.equal(left.at(-1).key, out);
      assert.deepEqual(await cluster.lastSteps(), [`join ${into}`, `leave ${out}`, `promote ${into}`]);
      const { steps } = await cluster.lastChange();
      const counted = steps.flatMap(({ before, during, after }) => [before, during, after]);
      assert.ok(counted.every((quorum) => quorum === undefined || quorum.reached));
      assert.deepEqual([steps[0]?.before, steps.at(-1)?.after], [quorumOf(3), quorumOf(3)]);
    });
  }

  it("the record of the last change stays where nothing more is changed", async () => {
    const recorded = await cluster.lastChange();
    await world.must("refresh", "--yes", "--skip-preview");
    await world.must("up", "--yes", "--skip-preview", "--expect-no-changes");
    assert.deepEqual(await cluster.lastChange(), recorded);
  });

  it("a machine that is used again starts with the mains as it did before it left", () => {
    const policyOf = (machine: string) => world.lab.machine(machine).state.powerRestorePolicy;
    assert.deepEqual([policyOf("m1"), policyOf("m2")], [policyOf("m4"), policyOf("m4")]);
    assert.notEqual(policyOf("m4"), "AlwaysOff");
  });

  it("one machine has created the cluster, ever", () => {
    assert.equal(world.happened("cluster-created").length, 1);
  });
});
