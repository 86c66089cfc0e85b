/**
 * Kills what carries an installation, at every place of it, and resumes as documented (P8). Everything is real: the engine, the provider, the
 * boot server, and a machine of the lab that goes on whoever was killed. A kill hits at the very instant the place is reached.
 *
 * Every victim is killed at every place, resumed in place and from a fresh clone by turns; CRASH=all resumes each of them in both ways. Each
 * victim has a file of its own, so that mocha tells their stories side by side.
 */
import assert from "node:assert/strict";
import { freshClone } from "../e2e/clone";
import { processes } from "../e2e/processes";
import { mustSucceed, REPOSITORY, type Run, type RunOptions, World } from "../e2e/world";
import { PLACES, type Place, VICTIMS, type Victim } from "./places";

/** Real milliseconds for one combination: two runs of pulumi, a preview, and the rest of an installation. */
const CASE_DEADLINE_MS = 180_000;

/**
 * Lab time for the crash tests. The firmware's self-test outlasts the restart of a boot server, as it does on every real
 * machine; the rest is as short as it can be.
 */
const TIME = {
  speed: 20,
  delays: { post: 30, kernel: 5, installer: 5, diskWrite: 20, reboot: 1, osBoot: 1 },
};

const RESUMES = ["in place", "from a fresh clone"] as const;

interface Case {
  place: keyof typeof PLACES;
  victim: keyof typeof VICTIMS;
  resume: (typeof RESUMES)[number];
}

/** Tells what happens when this victim is killed, wherever that is. */
export function killedAnywhere(victim: Case["victim"]): void {
  describe(`${victim} killed at any instant, the next \`pulumi up\` converges`, function () {
    this.timeout(CASE_DEADLINE_MS);
    const turn = Object.keys(VICTIMS).indexOf(victim);
    for (const [at, place] of (Object.keys(PLACES) as Case["place"][]).entries()) {
      const resumes = process.env.CRASH === "all" ? RESUMES : [RESUMES[(turn + at) % RESUMES.length]!];
      for (const resume of resumes) {
        it(`killed when ${place}, resumed ${resume}`, () => crash({ place, victim, resume }));
      }
    }
  });
}

async function crash({ place, victim, resume }: Case): Promise<void> {
  const world = await World.start(TIME);
  try {
    world.withoutObjects();
    const interrupted = await interrupt(world, PLACES[place], VICTIMS[victim]);
    const options = resume === "in place" ? {} : elsewhere(world);
    if (victim === "boot server") {
      mustSucceed(["up"], interrupted);
    } else {
      assert.notEqual(interrupted.code, 0, `up went on without its ${victim}:\n${interrupted.output}`);
      await resumeIn(world, options, victim);
    }
    assertInstalledOnce(world);
    const quiet = await world.pulumi(["preview", "--expect-no-changes"], options);
    assert.equal(quiet.code, 0, quiet.output);
    assert.doesNotMatch(quiet.output, /warn/i);
    assertNothingLeftBehind(world);
  } finally {
    await world.stop();
  }
}

/** Another machine: a clone of its own and an engine that has never run; only backend, stack file and secrets are the same. */
function elsewhere(world: World): RunOptions {
  const project = freshClone(REPOSITORY, world.dir);
  return { project, env: { PULUMI_HOME: world.freshHome() } };
}

async function interrupt(world: World, place: Place, victim: Victim): Promise<Run> {
  const up = world.spawn(["up", "--yes", "--skip-preview"]);
  let killed: number | undefined;
  place(world, () => {
    killed = victim(up.pid);
    if (killed !== undefined) process.kill(killed, "SIGKILL");
  });
  const run = await up.done;
  assert.notEqual(
    killed,
    undefined,
    `there was nothing to kill, or the place was not reached:\n${run.output}`,
  );
  return run;
}

/** The documented way: README, "When something was killed". */
async function resumeIn(world: World, options: RunOptions, victim: string): Promise<void> {
  const step = async (...args: string[]) => mustSucceed(args, await world.pulumi(args, options));
  if (victim === "engine") {
    await step("cancel", "--yes");
    await step("refresh", "--clear-pending-creates", "--yes", "--skip-preview");
  }
  await step("up", "--yes", "--skip-preview");
}

function assertInstalledOnce(world: World): void {
  const count = (event: string) => world.happened(event).length;
  const trail = () =>
    world.lab.ledger
      .read()
      .map((record) => JSON.stringify(record))
      .join("\n");
  assert.equal(count("cluster-created"), 1, `clusters created\n${trail()}`);
  assert.equal(count("installed"), 1, `installations\n${trail()}`);
  assert.equal(count("password-changed"), 1, `first logins\n${trail()}`);
  assert.match(`${world.happened("asset-tag").at(-1)?.assetTag}`, /:done$/, "the last mark");
  const writes = world.happened("disk-wiped").map(({ serial, how }) => `${serial} ${how}`);
  assert.deepEqual(writes, [...new Set(writes)], `a disk was written twice\n${trail()}`);
  assert.equal(writes.filter((write) => write.endsWith("install-device")).length, 1, trail());
}

/** Whatever was killed, nothing of ours may live on without it. */
function assertNothingLeftBehind(world: World): void {
  const left = processes().filter(({ environment }) => environment.includes(world.dir));
  assert.deepEqual(
    left.map(({ pid, command }) => `${pid} ${command}`),
    [],
  );
}
