/**
 * The guards of a leave, each with the guard and without: with it the harm is averted, and without it the very same story ends in the harm.
 * Without it means: a clone of the project in which that one line is changed.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshClone } from "../e2e/clone";
import { approve, ResizedCluster } from "../e2e/resized";
import { REPOSITORY, World } from "../e2e/world";

const LEAVE = "provider/resources/membership/leave";

/** Lines of the product that guard something, and what stands in their place in a mutant. */
const GUARDS = {
  "the quorum is counted right before a vote is taken out": {
    file: `${LEAVE}/take-out.ts`,
    line: "return interruptionOf(asked.nodes, seen.node.name).refusal;",
    mutant: "return undefined;",
  },
  "a machine stays off after a power loss": {
    file: `${LEAVE}/decide.ts`,
    line: 'if (!fenced) return { act: "fence" };',
    mutant: "",
  },
};

describe("the guards of a leave", function () {
  this.timeout(480_000);

  it("a voter that dies while another leaves stops the leave; without the count right before, etcd loses its quorum", () =>
    inWorld({ nodes: 4, speed: 60 }, voterTooMany));

  it("a dead node that was taken out does not come back with the mains; unfenced it joins again by itself", () =>
    inWorld({ nodes: 3, speed: 60 }, comesBack));
});

async function voterTooMany(world: World): Promise<void> {
  world.edit(({ cluster }) => {
    delete cluster.nodes.n4.role;
    cluster.leave = { timeout: "45s" };
  });
  await world.must("up", "--yes", "--skip-preview");
  const cluster = await ResizedCluster.of(world);
  world.edit((config) => {
    delete config.cluster.nodes.n2;
  });
  const guarded = world.spawn(["up", "--yes", "--skip-preview"]);
  await cluster.until("n2 to be emptied", async () => (await cluster.leaving("n2")) !== undefined);
  await world.lab.machine("m3").cutPower();
  const { code, output } = await guarded.done;
  assert.notEqual(code, 0, output);
  assert.match(output, /without n2, 1 of 3 etcd voters would answer and 2 are needed/);
  assert.deepEqual(world.happened("rke2-uninstalled"), []);
  await cluster.write("with two of three");

  const project = mutant(world, "the quorum is counted right before a vote is taken out");
  const unguarded = world.spawn(["up", "--yes", "--skip-preview"], { project });
  await cluster.until("n2 to be uninstalled", async () => world.happened("rke2-uninstalled").length > 0);
  await assert.rejects(cluster.write("with one of three"));
  await unguarded.kill();
}

async function comesBack(world: World): Promise<void> {
  world.edit(({ cluster }) => {
    cluster.nodes.n2.role = "worker";
    cluster.nodes.n3.role = "worker";
  });
  await world.must("up", "--yes", "--skip-preview");
  const cluster = await ResizedCluster.of(world);
  for (const number of [2, 3]) world.lab.machine(`m${number}`).configure({ powerRestorePolicy: "AlwaysOn" });
  const dies = async (number: number, project: string) => {
    await world.lab.machine(`m${number}`).cutPower();
    await cluster.notReady(`n${number}`);
    world.edit((config) => {
      delete config.cluster.nodes[`n${number}`];
    });
    await approve(world);
    const args = ["up", "--yes", "--skip-preview"];
    const { code, output } = await world.pulumi(args, { project });
    assert.equal(code, 0, output);
    await world.lab.mains(false, `m${number}`);
    await world.lab.mains(true, `m${number}`);
  };

  await dies(2, REPOSITORY);
  assert.equal(world.lab.machine("m2").state.power, "Off");

  await dies(3, mutant(world, "a machine stays off after a power loss"));
  await cluster.until("n3 to be back", async () => (await cluster.nodes()).length === 2);
}

/** A clone of the project in which a guard is taken out. */
function mutant(world: World, guard: keyof typeof GUARDS): string {
  const project = freshClone(REPOSITORY, world.dir);
  const { file, line, mutant: replacement } = GUARDS[guard];
  const path = join(project, file);
  const text = readFileSync(path, "utf8");
  assert.equal(text.split(line).length, 2, `${file} has not exactly one line "${line}"`);
  writeFileSync(path, text.replace(line, replacement));
  return project;
}

async function inWorld(
  options: Parameters<typeof World.start>[0],
  story: (world: World) => Promise<void>,
): Promise<void> {
  const world = await World.start(options);
  try {
    world.withoutObjects();
    await story(world);
  } finally {
    await world.stop();
  }
}
