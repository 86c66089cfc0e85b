/** What changes about nodes that stay: a node is kept out of use and taken back, and another gets a role and labels. */
import assert from "node:assert/strict";
import { nodesOf, provision, type ResizedCluster } from "./resized";
import type { World } from "./world";

describe("nodes that change in place", function () {
  this.timeout(240_000);
  let world: World;
  let cluster: ResizedCluster;

  provision(
    { nodes: 4, speed: 60 },
    () => undefined,
    (made) => {
      ({ world, cluster } = made);
    },
  );

  it("a member is drained and kept out of use", async () => {
    world.edit((config) => {
      config.cluster.nodes.n2.maintenance = true;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /n2 will be drained and kept out of use/);
    await world.must("up", "--yes", "--skip-preview");
    const { metadata, spec } = await cluster.get("/api/v1/nodes/n2");
    assert.equal(metadata.annotations["harvesterhci.io/maintain-status"], "completed");
    assert.equal(spec.unschedulable, true);
    await world.must("preview", "--expect-no-changes");
  });

  it("its machine is switched off, and that is how it is to be", async () => {
    await world.edited(
      (config) => {
        delete config.cluster.nodes.n2.maintenance;
        config.cluster.nodes.n2.power = "off";
      },
      async () => {
        const refused = await world.pulumi(["preview"]);
        assert.match(refused.output, /nodes\.n2\.power: is "off" for a node that is in use/);
      },
    );
    world.edit((config) => {
      config.cluster.nodes.n2.power = "off";
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /n2 will be switched off, and kept off/);
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(world.lab.machine("m2").state.power, "Off");
    assert.deepEqual(await cluster.lastSteps(), ["switch-off n2"]);
    const { stdout } = await world.must("preview", "--expect-no-changes");
    assert.doesNotMatch(stdout, /warning/i);
  });

  it("while it is, no other member may be", async () => {
    await world.edited(
      (config) => {
        config.cluster.nodes.n3.maintenance = true;
      },
      async () => {
        const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
        assert.notEqual(refused.code, 0);
        assert.match(refused.output, /rule maintenance-of-member/);
      },
    );
  });

  it("it is switched on and taken back into use in one change", async () => {
    world.edit((config) => {
      delete config.cluster.nodes.n2.maintenance;
      delete config.cluster.nodes.n2.power;
    });
    const preview = await world.must("preview");
    assert.match(preview.output, /n2 will be switched on[\s\S]*n2 will be taken back into use/);
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(world.lab.machine("m2").state.power, "On");
    assert.deepEqual(await cluster.lastSteps(), ["switch-on n2", "resume n2"]);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] });
    const { metadata } = await cluster.get("/api/v1/nodes/n2");
    assert.equal(metadata.annotations["harvesterhci.io/maintain-status"], undefined);
  });

  it("a worker becomes a node that stands by, with labels of its own, and no machine is touched", async () => {
    world.edit((config) => {
      config.cluster.nodes.n4.role = "default";
      config.cluster.nodes.n4.labels = { rack: "r4" };
    });
    const { bmcWrites } = world.snapshot();
    const up = await world.must("up", "--yes", "--skip-preview");
    assert.doesNotMatch(up.stdout, /metal:index:Machine n4 updat/);
    const { metadata } = await cluster.get("/api/v1/nodes/n4");
    assert.equal(metadata.labels["node-role.harvesterhci.io/worker"], undefined);
    assert.equal(metadata.labels.rack, "r4");
    assert.equal(world.snapshot().bmcWrites, bmcWrites);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] });
  });

  it("a leave that had begun when its run was killed is taken back with the description", async () => {
    const described = nodesOf(world);
    world.edit((config) => {
      delete config.cluster.nodes.n4;
    });
    const killed = world.spawn(["up", "--yes", "--skip-preview"]);
    await cluster.until("n4 to begin to leave", async () => (await cluster.leaving("n4")) !== undefined);
    await killed.kill();
    await world.must("cancel", "--yes");
    world.edit((config) => {
      config.cluster.nodes = described;
    });
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(await cluster.leaving("n4"), undefined);
    const storage = await cluster.get("/apis/longhorn.io/v1beta2/namespaces/longhorn-system/nodes/n4");
    assert.deepEqual([storage.spec.allowScheduling, storage.spec.evictionRequested], [true, false]);
    assert.deepEqual(world.happened("rke2-uninstalled"), []);
    await cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] });
  });
});
