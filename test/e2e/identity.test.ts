/**
 * A delete is never proof of intent (P11): whatever is done to names, parents and the state, a machine is neither switched nor installed again,
 * and the cluster lives on. And a cluster goes down only where an earlier `up` allowed it.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshClone } from "./clone";
import { kubeGet, listens } from "./http";
import { type Loose, mustSucceed, REPOSITORY, type Run, type Snapshot, World } from "./world";

describe("no edit of names or state touches machine or cluster", function () {
  this.timeout(120_000);
  let world: World;
  let kubeconfig: string;
  let living: Lives;
  let untouched: Snapshot;
  let backup: string;

  before(async () => {
    world = await World.start({ speed: 40 });
    // What an operator would do with a cluster that matters: the lab's own stack file allows its destruction.
    world.edit(({ cluster }) => {
      delete cluster.allowDestroy;
    });
    world.withoutObjects();
    await world.must("up", "--yes", "--skip-preview");
    kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
    living = await livesOf(kubeconfig);
    untouched = world.snapshot();
    backup = join(world.dir, "backup.json");
    await world.must("stack", "export", "--file", backup);
  });
  after(() => world?.stop());

  afterEach("nothing was touched", async () => {
    assert.deepEqual(world.snapshot(), untouched);
    assert.equal(world.machine.state.power, "On");
    assert.deepEqual(await livesOf(kubeconfig), living);
  });

  /** Puts the state back as it was after the installation. */
  const restore = () => world.must("stack", "import", "--file", backup);

  /** A clone whose program is changed. */
  const changed = (change: (program: string) => string): string => {
    const project = freshClone(REPOSITORY, world.dir);
    const file = join(project, "stacks", "index.ts");
    const program = readFileSync(file, "utf8");
    const text = change(program);
    assert.notEqual(text, program, "the program was not changed; this test no longer tests anything");
    writeFileSync(file, text);
    return project;
  };

  describe("the component is renamed", () => {
    after(restore);

    it("up keeps every resource below it", async () => {
      const project = changed((program) =>
        program.replace('new HarvesterCluster("harvester"', 'new HarvesterCluster("datacentre"'),
      );
      const run = mustSucceed(["up"], await world.pulumi(["up", "--yes", "--skip-preview"], { project }));
      assert.match(run.stdout, /HarvesterCluster datacentre creat/);
      assert.doesNotMatch(run.stdout, /metal:index:\w+ \S+ (creat|delet|updat|replac)/);
    });
  });

  describe("the component gets another parent", () => {
    const moved = (options: string) => (program: string) =>
      program.replace(
        'new HarvesterCluster("harvester", description)',
        `new HarvesterCluster("harvester", description, { parent: new pulumi.ComponentResource("site:index:Site", "site")${options} })`,
      );

    for (const flags of [[], ["--skip-preview"]]) {
      it(`up ${flags.join(" ")} is refused, and says to give an alias`, async () => {
        const run = await world.pulumi(["up", "--yes", ...flags], { project: changed(moved("")) });
        assertRefused(run, /cluster\.vip\.address/, /alias/, /no-unknown-cluster/);
        await restore();
      });
    }

    it("with the alias, nothing below it changes", async () => {
      const project = changed(moved(", aliases: [{ parent: pulumi.rootStackResource }]"));
      const run = await world.pulumi(["preview"], { project });
      assert.equal(run.code, 0, run.output);
      assert.doesNotMatch(run.stdout, /metal:index:\w+ \S+ (create|delete|update|replace)/);
    });
  });

  describe("the stack is renamed", () => {
    it("and nothing changes", async () => {
      const project = freshClone(REPOSITORY, world.dir);
      mustSucceed(["stack", "rename"], await world.pulumi(["stack", "rename", "production"], { project }));
      const run = await world.pulumi(["preview", "--expect-no-changes"], { project, stack: "production" });
      assert.equal(run.code, 0, run.output);
      const back = await world.pulumi(["stack", "rename", "lab"], { project, stack: "production" });
      mustSucceed(["stack", "rename"], back);
    });
  });

  describe("resources are deleted from the state", () => {
    afterEach(restore);

    it("the Machine: the next up adopts it", async () => {
      await forget("Machine");
      const run = await world.must("up", "--yes", "--skip-preview");
      assert.match(run.stdout, /Machine n1 created/);
      await world.must("preview", "--expect-no-changes");
    });

    it("the Plan: the next up is refused, and says to restore the state", async () => {
      await forget("Plan");
      assertRefused(await world.pulumi(["up", "--yes", "--skip-preview"]), /no-unknown-cluster/, /restore/);
    });

    it("the Cluster: the next up is refused, and says to restore the state", async () => {
      await forget("Cluster");
      const run = await world.pulumi(["up", "--yes", "--skip-preview"]);
      assertRefused(run, /cluster\.vip\.address/, /restore it/);
    });

    const forget = async (type: string) => {
      const { deployment } = await world.state();
      const found = deployment.resources.find((one: Loose) => one.type === `metal:index:${type}`);
      await world.must("state", "delete", found.urn, "--target-dependents", "--yes", "--force");
    };
  });

  describe("the description is edited", () => {
    afterEach(restore);

    it("the node is removed: refused", async () => {
      await world.edited(
        ({ cluster }) => {
          cluster.nodes = {};
        },
        async () => {
          assertRefused(await world.pulumi(["up", "--yes", "--skip-preview"]), /cluster\.nodes/);
        },
      );
    });

    it("another disk, with --skip-preview: refused, it would be a reinstallation", async () => {
      await world.edited(
        ({ cluster }) => {
          const { install, data } = cluster.nodes.n1.disks;
          cluster.nodes.n1.disks = { install: data, data: install };
        },
        async () => {
          assertRefused(await world.pulumi(["up", "--yes", "--skip-preview"]), /disks/, /reinstall/);
        },
      );
    });

    it("another disk, with --target on the machine alone: refused by the machine itself", async () => {
      const { deployment } = await world.state();
      const { urn } = deployment.resources.find((one: Loose) => one.type === "metal:index:Machine");
      await world.edited(
        ({ cluster }) => {
          const { install, data } = cluster.nodes.n1.disks;
          cluster.nodes.n1.disks = { install: data, data: install };
        },
        async () => {
          const run = await world.pulumi(["up", "--yes", "--skip-preview", "--target", urn]);
          assertRefused(run, /disks/, /reinstall/);
        },
      );
    });

    it("reinstall is raised: refused, a living member is not installed again", async () => {
      await world.edited(
        ({ cluster }) => {
          cluster.nodes.n1.reinstall = 1;
        },
        async () => {
          assertRefused(await world.pulumi(["up", "--yes", "--skip-preview"]), /while n1 is installed anew/);
        },
      );
    });
  });
});

describe("a cluster is destroyed", function () {
  this.timeout(180_000);
  let world: World;

  before(async () => {
    world = await World.start({ speed: 40 });
    world.edit(({ cluster }) => {
      delete cluster.allowDestroy;
    });
    await world.must("up", "--yes", "--skip-preview");
  });
  after(() => world?.stop());

  const allow = () =>
    world.edit(({ cluster }) => {
      cluster.allowDestroy = true;
    });

  it("not without the permission of an earlier up: the machine stays on and in the state", async () => {
    const written = world.bmcWrites().length;
    // What the stack file says now is no permission: only what an up has stored.
    allow();
    assertRefused(
      await world.pulumi(["destroy", "--yes", "--skip-preview"]),
      /allowDestroy: true/,
      /pulumi up/,
    );
    assert.equal(world.bmcWrites().length, written);
    assert.equal(world.machine.state.power, "On");
    const { deployment } = await world.state();
    assert(deployment.resources.some((one: Loose) => one.type === "metal:index:Machine"));
  });

  it("an up makes whole again what the refused destroy had let go of, and stores the permission", async () => {
    const written = world.bmcWrites().length;
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(world.bmcWrites().length, written);
    const quiet = await world.pulumi(["preview", "--expect-no-changes"]);
    assert.equal(quiet.code, 0, quiet.output);
  });

  it("then it goes down in order, and its hardware is free again", async () => {
    await world.must("destroy", "--yes", "--skip-preview");
    assert.equal(world.machine.state.power, "Off");
    assert.equal(world.machine.state.assetTag, "");
    assert.equal(world.machine.state.boot.enabled, "Disabled");
    const resets = world.happened("reset").map(({ type }) => type);
    assert.deepEqual(resets, ["On", "GracefulShutdown"]);
    const { deployment } = await world.state();
    assert.equal(deployment.resources?.length ?? 0, 0);
  });

  it("the next up installs a new incarnation", async () => {
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(world.happened("cluster-created").length, 2);
    assert.equal(world.happened("installed").length, 2);
    const tags = world.happened("asset-tag").map(({ assetTag }) => assetTag.split(":")[1]);
    assert.equal(new Set(tags.filter(Boolean)).size, 2, "both installations under one intent");
    const quiet = await world.pulumi(["preview", "--expect-no-changes"]);
    assert.equal(quiet.code, 0, quiet.output);
    assert.equal(await listens(world.bootServer), false);
  });
});

/** What tells one life of a cluster from another. */
interface Lives {
  cluster: string;
  nodes: string[];
}

async function livesOf(kubeconfig: string): Promise<Lives> {
  const { metadata } = await kubeGet(kubeconfig, "/api/v1/namespaces/kube-system");
  const { items } = await kubeGet(kubeconfig, "/api/v1/nodes");
  return { cluster: metadata.uid, nodes: items.map((node: Loose) => node.metadata.uid) };
}

function assertRefused(run: Run, ...says: RegExp[]): void {
  assert.notEqual(run.code, 0, `it was not refused:\n${run.output}`);
  for (const pattern of says) assert.match(run.output, pattern);
}
