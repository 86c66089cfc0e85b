/**
 * `npm run crash -- [--in-turn] [scene ...]`: the crash matrix, or some scenes of it; with --in-turn one victim at each side effect, by turns,
 * in place of every one. One line a kill; exit code 1 if one of them was not mended by the next run. The matrix of all scenes is also written into
 * docs/crash-matrix.md.
 */
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { installToolchain } from "../../toolchain/toolchain";
import { REPOSITORY } from "../e2e/world";
import { SCENE_NAMES, type SceneName } from "./scenes";
import { tableOf } from "./table";
import { type Told, tour } from "./tour";

/** A kill mostly waits: for a machine to start, for the cluster to settle. */
const CLUSTERS_PER_CORE = 1.5;

const IN_TURN = "--in-turn";

async function all(words: readonly string[]): Promise<number> {
  const victims = words.includes(IN_TURN) ? "in turn" : "all";
  const names = words.filter((word) => word !== IN_TURN);
  const strange = names.filter((name) => !(SCENE_NAMES as string[]).includes(name));
  if (strange.length > 0) {
    process.stderr.write(
      `There is no scene ${strange.join(", ")}. Name some of: ${SCENE_NAMES.join(", ")}.\n`,
    );
    return 2;
  }
  await installToolchain(REPOSITORY);
  const begin = Date.now();
  const stories: Told[] = [];
  const scenes = names.length > 0 ? (names as SceneName[]) : SCENE_NAMES;
  const clusters = Math.round(cpus().length * CLUSTERS_PER_CORE);
  const effects = await tour({ scenes, victims, clusters }, (told, left) => {
    stories.push(told);
    const { scene, victim, effect, resume, fate, seconds, error } = told;
    console.log(
      `${scene}: ${victim} killed at ${effect}, ${resume}: ${fate} (${seconds.toFixed(0)} s, ${left} to go)`,
    );
    if (error !== undefined) console.log(error.replace(/^/gm, "    "));
  });
  const table = tableOf(stories, effects, {
    command: ["npm run crash", ...(victims === "in turn" ? ["--", IN_TURN] : [])].join(" "),
    at: new Date(begin),
    minutes: (Date.now() - begin) / 60_000,
    machine: `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node.js ${process.versions.node}`,
  });
  console.log(`\n${table}`);
  if (names.length === 0) writeFileSync(join(REPOSITORY, "docs", "crash-matrix.md"), table);
  return stories.some(({ fate }) => fate === "failed") ? 1 : 0;
}

all(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
