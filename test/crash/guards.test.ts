/**
 * The guards of an installation, each with the guard and without: with it the harm is averted, and without it the very same story ends in the
 * harm, so that no guard is here for nothing. Without it means: a clone of the project in which that one line is changed.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshClone } from "../e2e/clone";
import { ask } from "../e2e/http";
import { type Loose, REPOSITORY, type Running, type RunOptions, World } from "../e2e/world";
import { PLACES } from "./places";

const TIME = {
  speed: 20,
  delays: { post: 10, kernel: 5, installer: 5, diskWrite: 20, reboot: 1, osBoot: 1 },
};

const MACHINE = "provider/resources/machine";

/** Lines of the product that guard something, and what stands in their place in a mutant. */
const GUARDS = {
  "an installer that is left over is not served": {
    file: `${MACHINE}/installation.ts`,
    line: 'if (this.#phase === "armed" && !this.#expected) return undefined;',
    mutant: "",
  },
  "after its configuration a machine boots from disk": {
    file: `${MACHINE}/installation.ts`,
    line: 'if (this.#phase !== "armed" || !this.#expected) return diskBootScript();',
    mutant: "",
  },
  "the configuration is burned at STARTED": {
    file: `${MACHINE}/installation.ts`,
    line: 'if (this.#phase !== "armed" && this.#phase !== "served") {',
    mutant: "if (Math.random() > 1) {",
  },
  "a change that the model refuses is not carried out": {
    file: "provider/resources/plan/index.ts",
    line: "const refused = errorsOf(transition.findings);",
    mutant: "const refused: Finding[] = [];",
  },
  "who may have created the cluster never creates another": {
    file: `${MACHINE}/decide.ts`,
    line: 'if ((former === "done" || former === "member") && seen.cluster !== "ours") {',
    mutant: 'if (former === "armed" && seen.cluster !== "ours") {',
  },
  "a cluster is powered down only where the whole stack is destroyed": {
    file: "provider/resources/membership/index.ts",
    line: "refuseUnlessWhole(whyNotWhole(engineCommand(), process.env));",
    mutant: "",
  },
};

describe("the guards of an installation", function () {
  this.timeout(180_000);

  it("an installer left over from a killed run gets no configuration while the machine is about to be restarted", () =>
    inWorld(async (world) => assert.equal(await leftOverInstaller(world, {}), 410)));

  it("without that guard it gets one, and would be cut off while it writes the disk", () =>
    inWorld(async (world) => {
      const project = mutant(world, "an installer that is left over is not served");
      assert.equal(await leftOverInstaller(world, { project }), 200, "the guard guards against nothing");
    }));

  it("a BMC that keeps its one-time boot override makes the machine netboot again: it boots from disk", () =>
    inWorld(stuckOverride));

  it("without the guards at script and configuration, the disk is wiped a second time", () =>
    inWorld(stuckOverrideUnguarded));

  it("a creator that is to be reinstalled while the VIP is silent is refused by the plan, and by the machine; without either it creates a second cluster", () =>
    inWorld(secondCreation));

  it("the destruction of one machine and of what depends on it powers nothing down; without that guard, it does", () =>
    inWorld(namedDestruction));
});

/** Kills the engine while the installer's kernel runs, and plays that installer at the instant when the next run is at its machine. */
async function leftOverInstaller(world: World, options: RunOptions): Promise<number> {
  const killed = world.spawn(["up", "--yes", "--skip-preview"]);
  PLACES["the installer's kernel runs"](world, () => process.kill(killed.pid, "SIGKILL"));
  await killed.done;
  const [{ httpBootUri }] = world.happened("boot-override");
  await world.must("cancel", "--yes");
  await world.must("refresh", "--clear-pending-creates", "--yes", "--skip-preview");
  const answered = new Promise<number>((resolve, reject) => {
    // The run has opened its boot server, and the machine still runs what it ran before.
    const stop = world.onLedger(({ event }) => {
      if (event !== "boot-override") return;
      stop();
      ask(new URL("config.yaml", httpBootUri).href).then(({ status }) => resolve(status), reject);
    });
  });
  const up = world.spawn(["up", "--yes", "--skip-preview"], options);
  const status = await Promise.race([answered, endedEarly(up)]);
  await up.kill();
  return status;
}

async function stuckOverride(world: World): Promise<void> {
  keepOverride(world);
  await world.must("up", "--yes", "--skip-preview");
  assert.equal(world.happened("netboot").length, 2, "the machine did not netboot again");
  assert.equal(world.happened("installed").length, 1);
  assert.equal(installDiskWrites(world), 1);
}

async function stuckOverrideUnguarded(world: World): Promise<void> {
  keepOverride(world);
  const project = mutant(
    world,
    "after its configuration a machine boots from disk",
    "the configuration is burned at STARTED",
  );
  const again = reached(world, () => installDiskWrites(world) === 2);
  const up = world.spawn(["up", "--yes", "--skip-preview"], { project });
  await Promise.race([again, endedEarly(up)]);
  await up.kill();
}

async function secondCreation(world: World): Promise<void> {
  await world.must("up", "--yes", "--skip-preview");
  await world.machine.cutPower();
  world.edit(({ cluster }) => {
    cluster.nodes.n1.reinstall = 1;
  });
  const written = world.bmcWrites().length;
  const unplanned = mutant(world, "a change that the model refuses is not carried out");
  for (const [project, reason] of [
    [REPOSITORY, /rule quorum-kept/],
    [unplanned, /may be a living member or have created the cluster/],
  ] as const) {
    const refused = await world.pulumi(["up", "--yes", "--skip-preview"], { project });
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(refused.output, reason);
    assert.equal(world.bmcWrites().length, written);
  }
  const project = mutant(
    world,
    "a change that the model refuses is not carried out",
    "who may have created the cluster never creates another",
  );
  const again = reached(world, () => world.happened("cluster-created").length === 2);
  const up = world.spawn(["up", "--yes", "--skip-preview"], { project });
  await Promise.race([again, endedEarly(up)]);
  await up.kill();
}

async function namedDestruction(world: World): Promise<void> {
  await world.must("up", "--yes", "--skip-preview");
  const ours = async (): Promise<Loose[]> =>
    (await world.state()).deployment.resources.filter(({ type }: Loose) => type.startsWith("metal:"));
  const resources = await ours();
  const { urn } = resources.find(({ type }) => type === "metal:index:Machine");
  const destroy = ["destroy", "--yes", "--skip-preview", "--target", urn, "--target-dependents"];
  const refused = await world.pulumi(destroy);
  assert.notEqual(refused.code, 0, refused.output);
  assert.match(refused.output, /not powered down.*--target picks single resources/);
  assert.equal(world.machine.state.power, "On");
  assert.equal((await ours()).length, resources.length);
  const project = mutant(world, "a cluster is powered down only where the whole stack is destroyed");
  await world.pulumi(destroy, { project });
  assert.equal(world.machine.state.power, "Off");
}

/** Some BMCs report and keep a one-time override as continuous: here it is back whenever the machine restarts by itself. */
function keepOverride(world: World): void {
  const stop = world.onLedger(({ event }) => {
    if (event !== "reboot") return;
    stop();
    const [{ httpBootUri }] = world.happened("boot-override");
    world.machine.setBoot({ enabled: "Once", target: "UefiHttp", httpBootUri });
  });
}

function installDiskWrites(world: World): number {
  return world.happened("disk-wiped").filter(({ how }: Loose) => how === "install-device").length;
}

/** Resolves at the instant something holds that a line of the ledger brings about. */
function reached(world: World, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = world.onLedger(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

async function endedEarly(up: Running): Promise<never> {
  throw new Error(`it ended before the harm was done:\n${(await up.done).output}`);
}

/** A clone of the project without some of its guards. */
function mutant(world: World, ...guards: (keyof typeof GUARDS)[]): string {
  const project = freshClone(REPOSITORY, world.dir);
  for (const name of guards) {
    const { file, line, mutant: replacement } = GUARDS[name];
    const source = readFileSync(join(project, file), "utf8");
    assert(source.includes(line), `${file} no longer holds the line that guards: ${name}`);
    writeFileSync(join(project, file), source.replace(line, replacement));
  }
  return project;
}

async function inWorld(story: (world: World) => Promise<void>): Promise<void> {
  const world = await World.start(TIME);
  try {
    world.withoutObjects();
    await story(world);
  } finally {
    await world.stop();
  }
}
