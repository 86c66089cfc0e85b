/**
 * The guards of a leave and of a machine that is switched off, each with the guard and without: with it the harm is averted, and without it the
 * very same story ends in the harm. Without it means: a clone of the project in which that one line is changed.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshClone } from "../e2e/clone";
import { approve, ResizedCluster } from "../e2e/resized";
import { runScript } from "../e2e/scripts";
import { REPOSITORY, type Run, World } from "../e2e/world";

const MEMBERSHIP = "provider/resources/membership";

const UP = ["up", "--yes", "--skip-preview"];

/** Lines of the product that guard something, and what stands in their place in a mutant. */
const GUARDS = {
  "the quorum is counted right before a vote is taken out": {
    file: `${MEMBERSHIP}/leave/take-out.ts`,
    line: "return interruptionOf(asked.nodes, seen.node.name).refusal;",
    mutant: "return undefined;",
  },
  "the quorum is counted right before a member is switched off": {
    file: `${MEMBERSHIP}/in-place/power.ts`,
    line: "return interruptionOf(nodes, node.name).refusal;",
    mutant: "return undefined;",
  },
  "a machine stays off after a power loss": {
    file: `${MEMBERSHIP}/leave/decide.ts`,
    line: 'if (!fenced) return { act: "fence" };',
    mutant: "",
  },
};

describe("the guards of whatever interrupts a member", function () {
  this.timeout(480_000);

  describe("in a cluster of three voters", () => {
    let world: World;
    let cluster: ResizedCluster;
    before(async () => {
      world = await World.start({ nodes: 4, speed: 60 });
      world.withoutObjects();
      world.edit((config) => {
        delete config.cluster.nodes.n4.role;
      });
      await world.must(...UP);
      cluster = await ResizedCluster.of(world);
    });
    after(() => world?.stop());

    it("while a voter is dead no other is switched off, whatever is overridden; without the count right before, etcd loses its quorum", () =>
      switchedOff(world, cluster));

    it("a voter that dies while another leaves stops the leave; without the count right before, etcd loses its quorum", () =>
      voterTooMany(world, cluster));
  });

  it("a dead node that was taken out does not come back with the mains; unfenced it joins again by itself", () =>
    inWorld({ nodes: 3, speed: 60 }, comesBack));
});

function assertRefused({ code, output }: Run, says: RegExp): void {
  assert.notEqual(code, 0, output);
  assert.match(output, says);
}

async function switchedOff(world: World, cluster: ResizedCluster): Promise<void> {
  world.edit((config) => {
    config.cluster.leave = { timeout: "20s" };
    config.cluster.nodes.n2.maintenance = true;
  });
  await world.must(...UP);
  await world.lab.machine("m3").cutPower();
  await cluster.notReady("n3");
  world.edit((config) => {
    config.cluster.nodes.n2.power = "off";
  });
  const judged = await world.pulumi(UP);
  assertRefused(
    judged,
    /quorum hangs on n2, in maintenance while n3 does not answer[^\n]*\(rule quorum-lost\)/,
  );

  const before = world.bmcWrites().length;
  world.edit((config) => {
    config.cluster.overrides = [{ rule: "quorum-lost", reason: "the new memory has to go in today" }];
  });
  const guarded = await world.pulumi(UP);
  assertRefused(guarded, /gave up waiting: without n2, 1 of 3 etcd voters would answer and 2 are needed/);
  assert.equal(world.bmcWrites().length, before);
  await cluster.write("with n2 on");

  const project = mutant(world, "the quorum is counted right before a member is switched off");
  const unguarded = world.spawn(UP, { project });
  await cluster.until("n2 to be off", async () => world.lab.machine("m2").state.power === "Off");
  await assert.rejects(cluster.write("with n2 off"));
  await unguarded.kill();

  for (const name of ["m2", "m3"]) await world.lab.machine(name).reset("On");
  await cluster.until("etcd to have its quorum again", () =>
    cluster.write("with all three").then(() => true),
  );
  world.edit(({ cluster: described }) => {
    for (const name of ["maintenance", "power"]) delete described.nodes.n2[name];
    for (const name of ["leave", "overrides"]) delete described[name];
  });
  await world.must("cancel", "--yes");
  await world.must(...UP);
}

async function voterTooMany(world: World, cluster: ResizedCluster): Promise<void> {
  world.edit((config) => {
    config.cluster.leave = { timeout: "45s" };
    delete config.cluster.nodes.n2;
  });
  const guarded = world.spawn(UP);
  await cluster.until("n2 to be emptied", async () => (await cluster.leaving("n2")) !== undefined);
  await world.lab.machine("m3").cutPower();
  assertRefused(await guarded.done, /without n2, 1 of 3 etcd voters would answer and 2 are needed/);
  assert.deepEqual(world.happened("rke2-uninstalled"), []);
  await cluster.write("with two of three");

  const project = mutant(world, "the quorum is counted right before a vote is taken out");
  const unguarded = world.spawn(UP, { project });
  await cluster.until("n2 to be uninstalled", async () => world.happened("rke2-uninstalled").length > 0);
  await assert.rejects(cluster.write("with one of three"));
  await unguarded.kill();
}

async function comesBack(world: World): Promise<void> {
  world.edit(({ cluster }) => {
    cluster.nodes.n2.role = "worker";
    cluster.nodes.n3.role = "worker";
  });
  await world.must(...UP);
  const cluster = await ResizedCluster.of(world);
  for (const number of [2, 3]) world.lab.machine(`m${number}`).configure({ powerRestorePolicy: "AlwaysOn" });
  const dies = async (number: number, project: string) => {
    await world.lab.machine(`m${number}`).cutPower();
    await cluster.notReady(`n${number}`);
    world.edit((config) => {
      delete config.cluster.nodes[`n${number}`];
    });
    await approve(world);
    const { code, output } = await world.pulumi(UP, { project });
    assert.equal(code, 0, output);
    await world.lab.mains(false, `m${number}`);
    await world.lab.mains(true, `m${number}`);
  };

  await dies(2, REPOSITORY);
  assert.equal(world.lab.machine("m2").state.power, "Off");

  await dies(3, mutant(world, "a machine stays off after a power loss"));
  await cluster.until("n3 to be back", async () => (await cluster.nodes()).length === 2);

  // The watch is what is left then.
  const { code, stdout, stderr } = await runScript(world, "guard", ["--stack", "lab"]);
  assert.equal(code, 1, stderr);
  assert.match(stdout, /the machine of n3 .* Done: it was switched off, and its node removed/i);
  assert.equal(world.lab.machine("m3").state.power, "Off");
  assert.equal((await cluster.nodes()).length, 1);
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
