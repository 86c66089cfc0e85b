/** What changes about nodes that stay: a BMC that moves, a whole firmware day, and a node that gets another role and labels. */
import assert from "node:assert/strict";
import { SECOND_BMC_PORT } from "./connections";
import { nodesOf, provision, type ResizedCluster } from "./resized";
import { secondAddress } from "./second-address";
import type { Loose, World } from "./world";

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

  it("a BMC moves to another address, and back from one that answers no more: nothing is written to it", async () => {
    const { hardware } = world.lab.machine("m4");
    const own = new URL(nodesOf(world).n4.bmc.endpoint);
    const second = await secondAddress(hardware.bmcAddress, Number(own.port), SECOND_BMC_PORT);
    const { bmcWrites } = world.snapshot();
    const moveTo = async (port: number | string) => {
      world.edit((config) => {
        config.cluster.nodes.n4.bmc.endpoint = `${own.protocol}//${own.hostname}:${port}`;
      });
      const up = await world.must("up", "--yes", "--skip-preview");
      assert.match(up.stdout, /metal:index:Machine n4 updated/);
    };
    try {
      await moveTo(SECOND_BMC_PORT);
    } finally {
      await second.close();
    }
    // Where it was until now, nobody listens any more.
    await moveTo(own.port);
    assert.equal(world.snapshot().bmcWrites, bmcWrites);
    const { stdout } = await world.must("preview", "--expect-no-changes");
    assert.doesNotMatch(stdout, /warning/i);
  });

  it("a machine is switched off only with its node out of use", async () => {
    await world.edited(
      (config) => {
        config.cluster.nodes.n4.power = "off";
      },
      async () => {
        const refused = await world.pulumi(["preview"]);
        assert.match(refused.output, /nodes\.n4\.power: is "off" for a node that is in use/);
      },
    );
  });

  // Firmware day, as its runbook has it: one edit and one `up` for each machine, and one for the end.
  for (const [back, off] of [
    [undefined, "n4"],
    ["n4", "n2"],
    ["n2", "n3"],
    ["n3", "n1"],
    ["n1", undefined],
  ] as const) {
    const turn = [back && `${back} comes back`, off && `${off} is drained and switched off`];
    it(`firmware day: ${turn.filter(Boolean).join(", and ")}`, async () => {
      world.edit(({ cluster: { nodes } }) => {
        if (back !== undefined) for (const line of ["maintenance", "power"]) delete nodes[back][line];
        if (off !== undefined) Object.assign(nodes[off], { maintenance: true, power: "off" });
      });
      const preview = await world.must("preview");
      const said = [
        "This change: maintenance\\.",
        back && `${back} will be switched on: ${votesWithout(back)}`,
        back && `${back} will be taken back into use: ${ALL_VOTES}`,
        off && `${off} will be drained and kept out of use: ${votesWithout(off)}`,
        off && `${off} will be switched off, and kept off: ${votesWithout(off)}`,
      ];
      assert.match(preview.output, new RegExp(said.filter(Boolean).join("[\\s\\S]*")));
      await world.must("up", "--yes", "--skip-preview");
      assert.deepEqual(await cluster.lastSteps(), [
        ...(back === undefined ? [] : [`switch-on ${back}`, `resume ${back}`]),
        ...(off === undefined ? [] : [`maintain ${off}`, `switch-off ${off}`]),
      ]);
      if (back !== undefined) await inUse(back);
      if (off !== undefined) await outOfUse(off);
    });
    if (off !== "n2") continue;
    it("firmware day: while a member is off, no other one may be", async () => {
      await world.edited(
        ({ cluster: { nodes } }) => {
          nodes.n3.maintenance = true;
        },
        async () => {
          const refused = await world.pulumi(["up", "--yes", "--skip-preview"]);
          assert.notEqual(refused.code, 0);
          assert.match(refused.output, /rule maintenance-of-member/);
        },
      );
    });
  }

  it("firmware day: in the evening everybody is Ready, and the control plane is the one of the morning", () =>
    cluster.restsAt({ nodes: ["n1", "n2", "n3", "n4"], voters: ["n1", "n2", "n3"] }));

  it("a node is drained and kept out of use, and its machine stays on", async () => {
    world.edit((config) => {
      config.cluster.nodes.n4.maintenance = true;
    });
    await world.must("up", "--yes", "--skip-preview");
    assert.deepEqual(await cluster.lastSteps(), ["maintain n4"]);
    assert.equal((await cluster.get("/api/v1/nodes/n4")).spec.unschedulable, true);
    assert.equal(world.lab.machine("m4").state.power, "On");
  });

  it("taken back, a worker becomes a node that stands by, with labels of its own, and no machine is touched", async () => {
    world.edit((config) => {
      delete config.cluster.nodes.n4.maintenance;
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

  /** Holds where a node is drained and its machine off, and that is how it is to be. */
  const outOfUse = async (name: string): Promise<void> => {
    const { metadata, spec } = await cluster.get(`/api/v1/nodes/${name}`);
    assert.equal(metadata.annotations["harvesterhci.io/maintain-status"], "completed");
    assert.equal(spec.unschedulable, true);
    assert.equal(world.lab.machine(machineOf(name)).state.power, "Off");
    const { stdout } = await world.must("preview", "--expect-no-changes");
    assert.doesNotMatch(stdout, /warning/i);
  };

  /** Holds where a node runs, Ready, and takes work again. */
  const inUse = async (name: string): Promise<void> => {
    const { metadata, spec, status } = await cluster.get(`/api/v1/nodes/${name}`);
    assert.equal(metadata.annotations["harvesterhci.io/maintain-status"], undefined);
    assert.notEqual(spec.unschedulable, true);
    assert.equal(status.conditions.find(({ type }: Loose) => type === "Ready").status, "True");
    assert.equal(world.lab.machine(machineOf(name)).state.power, "On");
  };
});

/** The machine of a node of this world. */
function machineOf(node: string): string {
  return node.replace("n", "m");
}

const ALL_VOTES = "3 etcd voters, 1 may fail";

/** What the preview says of etcd's votes while a node is off: n4 is a worker, the others are members. */
function votesWithout(node: string): string {
  return node === "n4" ? ALL_VOTES : "2 of 3 etcd voters, 0 may fail";
}
