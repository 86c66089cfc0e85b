/**
 * `npm run crash -- [scene ...]`: the whole crash matrix, or some scenes of it. One line a kill; exit code 1 if one of them was not mended by
 * the next run.
 */
import { cpus } from "node:os";
import { installToolchain } from "../../toolchain/toolchain";
import { REPOSITORY } from "../e2e/world";
import { MATRIX_VICTIMS } from "./matrix";
import { CIRCLE, type SceneName } from "./scenes";
import { type Told, tour } from "./tour";

async function all(names: readonly string[]): Promise<number> {
  const strange = names.filter((name) => !(CIRCLE as string[]).includes(name));
  if (strange.length > 0) {
    process.stderr.write(`There is no scene ${strange.join(", ")}. Name some of: ${CIRCLE.join(", ")}.\n`);
    return 2;
  }
  await installToolchain(REPOSITORY);
  const stories: Told[] = [];
  const scenes = names.length > 0 ? (names as SceneName[]) : CIRCLE;
  await tour({ scenes, victims: MATRIX_VICTIMS }, (told, left) => {
    stories.push(told);
    const { scene, victim, effect, resume, fate, seconds, error } = told;
    console.log(
      `${scene}: ${victim} killed at ${effect}, ${resume}: ${fate} (${seconds.toFixed(0)} s, ${left} to go)`,
    );
    if (error !== undefined) console.log(error.replace(/^/gm, "    "));
  });
  console.log(summaryOf(stories, scenes));
  return stories.some(({ fate }) => fate === "failed") ? 1 : 0;
}

function summaryOf(stories: readonly Told[], scenes: readonly SceneName[]): string {
  const count = (scene: SceneName, fate: Told["fate"]) =>
    stories.filter((told) => told.scene === scene && told.fate === fate).length;
  const fates = ["resumed", "no such process", "not reached", "failed"] as const;
  const rows = scenes.map(
    (scene) => `| ${[scene, ...fates.map((fate) => count(scene, fate))].join(" | ")} |`,
  );
  return [
    "",
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model})`,
    "",
    `| scene | ${fates.join(" | ")} |`,
    `| --- |${fates.map(() => " --- |").join("")}`,
    ...rows,
  ].join("\n");
}

all(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
