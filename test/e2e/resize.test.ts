/** A cluster that grows and shrinks by edits of its description, each carried out by one `up`. */
import assert from "node:assert/strict";
import { assertLetGo, assertNeverBelowQuorum, describedMachine, nodesOf, ResizedCluster } from "./resized";
import { type Loose, World } from "./world";

describe("a cluster grows and shrinks", function () {
  this.timeout(240_000);
  let world: World;
  let cluster: ResizedCluster;
  let began: Date;
  let described: Loose;

  before(async () => {
    world = await World.start({ nodes: 5, speed: 40 });
    world.withoutObjects();
    described = structuredClone(nodesOf(world));
    world.edit((config) => {
      config.cluster.nodes = { n1: described.n1 };
    });
    await world.must("up", "--yes", "--skip-preview");
    cluster = await ResizedCluster.of(world);
  });
  after(() => world?.stop());
  beforeEach(() => {
    began = new Date();
  });
  afterEach(() => assertNeverBelowQuorum(world, began));

  it("one node becomes four: two of those that join are promoted, and a worker is not", async () => {
    world.edit((config) => {
      config.cluster.nodes = described;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: grow\./);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] });
  });

  it("a fifth node joins, and stands by: the control plane stays as it was", async () => {
    world.edit((config) => {
      config.cluster.nodes.n5 = describedMachine(world, "m5", config.cluster.nodes.n4, { role: "default" });
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: grow\./);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({
      nodes: ["n1", "n2", "n3", "n4", "n5"],
      voters: ["n1", "n2", "n3"],
    });
  });

  it("a worker leaves alive: emptied, uninstalled, off, taken out, and let go of", async () => {
    world.edit((config) => {
      delete config.cluster.nodes.n4;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /This change: shrink\./);
    const before = world.lab.ledger.read().length;
    await world.must("up", "--yes", "--skip-preview");
    const since = world.lab.ledger.read().slice(before) as Loose[];
    const order = since
      .filter(
        ({ machine, event }) =>
          machine === "m4" && ["rke2-uninstalled", "power-off", "node-removed"].includes(event),
      )
      .map(({ event }) => event);
    assert.deepEqual(order, ["rke2-uninstalled", "power-off", "node-removed"]);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n5"], voters: ["n1", "n2", "n3"] });
    assertLetGo(world, "m4");
    const { left } = await cluster.roster();
    assert.deepEqual(
      left.map(({ key, serial, how }: Loose) => [key, serial, how]),
      [["n4", "HVL1004", "left"]],
    );
  });

  it("a member of the control plane leaves, and the node that stood by takes its seat", async () => {
    world.edit((config) => {
      delete config.cluster.nodes.n2;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /n5 will be promoted/);
    await world.must("up", "--yes", "--skip-preview");
    await cluster.restsAt({ nodes: ["n1", "n3", "n5"], voters: ["n1", "n3", "n5"] });
    assertLetGo(world, "m2");
  });
});
