/**
 * `npm run bench`: how much longer a preview of four nodes takes with the policy pack, and how much of that any pack costs, also one without a
 * rule. The three kinds of preview take turns, so that a machine that slows down slows all of them down.
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { REPOSITORY, World } from "../test/e2e/world";
import { installToolchain } from "../toolchain/toolchain";

const ROUNDS = Number(process.argv[2] ?? 7);

const PACKS = {
  "without a pack": [],
  "with an empty pack": ["--policy-pack", join(REPOSITORY, "bench", "empty-pack")],
  "with policies/": ["--policy-pack", join(REPOSITORY, "policies")],
} as const;

type Kind = keyof typeof PACKS;
const KINDS = Object.keys(PACKS) as Kind[];

async function bench(): Promise<void> {
  await installToolchain(REPOSITORY);
  const world = await World.start({ nodes: 4 });
  try {
    world.withoutObjects();
    process.stderr.write("Provisioning four nodes\n");
    await world.must("up", "--yes", "--skip-preview");
    const rounds: Record<Kind, number>[] = [];
    // The first round fills caches, and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      process.stderr.write(`Round ${round} of ${ROUNDS}\n`);
      const seconds = await roundOf(world);
      if (round > 0) rounds.push(seconds);
    }
    print(rounds);
  } finally {
    await world.stop();
  }
}

async function roundOf(world: World): Promise<Record<Kind, number>> {
  const seconds: Partial<Record<Kind, number>> = {};
  for (const kind of KINDS) {
    const begin = process.hrtime.bigint();
    await world.must("preview", "--expect-no-changes", ...PACKS[kind]);
    seconds[kind] = Number(process.hrtime.bigint() - begin) / 1e9;
  }
  return seconds as Record<Kind, number>;
}

function print(rounds: readonly Record<Kind, number>[]): void {
  console.log(`preview of four nodes, ${rounds.length} rounds, ${cpus().length} cores (${cpus()[0]?.model})`);
  console.log(row("seconds", "min", "median", "max"));
  for (const kind of KINDS)
    console.log(
      figures(
        kind,
        rounds.map((round) => round[kind]),
      ),
    );
  const more = (kind: Kind, than: Kind) => rounds.map((round) => round[kind] - round[than]);
  console.log(figures("any pack adds", more("with an empty pack", "without a pack")));
  console.log(figures("our rules add to that", more("with policies/", "with an empty pack")));
  console.log(figures("the pack adds in all", more("with policies/", "without a pack")));
}

function figures(name: string, seconds: readonly number[]): string {
  const sorted = [...seconds].sort((left, right) => left - right);
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)]!.toFixed(2);
  return row(name, at(0), at(0.5), at(1));
}

function row(name: string, ...cells: string[]): string {
  return [name.padEnd(24), ...cells.map((cell) => cell.padStart(8))].join("");
}

void bench();
