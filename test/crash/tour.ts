/** The order of kills: around the circle of scenes, a side effect further each time, for every victim. */
import { type Fate, type Kill, MATRIX_VICTIMS, Matrix, type MatrixVictim } from "./matrix";
import { CIRCLE, CLOSING, type SceneName } from "./scenes";

/** What is to be killed where. */
export interface Tour {
  /** Scenes with kills in them. Others are played through, if they are needed to come around. */
  scenes: readonly SceneName[];
  victims: readonly MatrixVictim[];
}

/** One kill, as it went. */
export interface Told extends Kill {
  fate: Fate | "failed";
  seconds: number;
  /** Why it failed. */
  error?: string;
}

/** Goes around until every kill was made. A scene that fails is told, and another cluster is set up for the rest. */
export async function tour(
  { scenes, victims }: Tour,
  tell: (told: Told, left: number) => void,
): Promise<void> {
  let matrix = await Matrix.begin();
  try {
    const circle = CIRCLE.filter((scene) => scenes.includes(scene) || CLOSING.includes(scene));
    const effects: Partial<Record<SceneName, string[]>> = {};
    for (const scene of circle) effects[scene] = await matrix.play(scene);
    const open = Object.fromEntries(
      circle.map((scene) => [scene, scenes.includes(scene) ? killsOf(scene, effects[scene]!, victims) : []]),
    ) as Record<SceneName, Kill[]>;
    const left = () => Object.values(open).reduce((sum, kills) => sum + kills.length, 0);
    while (left() > 0) {
      for (const scene of circle) {
        const kill = open[scene].shift();
        const begin = Date.now();
        const told = (fate: Told["fate"], error?: string) =>
          kill &&
          tell({ ...kill, fate, seconds: (Date.now() - begin) / 1000, ...(error && { error }) }, left());
        try {
          if (kill === undefined) await matrix.play(scene);
          else told(await matrix.kill(kill));
        } catch (error) {
          if (kill === undefined) throw error;
          told("failed", error instanceof Error ? error.message : String(error));
          await matrix.end();
          matrix = await Matrix.begin();
          break;
        }
      }
    }
  } finally {
    await matrix.end();
  }
}

function killsOf(scene: SceneName, effects: readonly string[], victims: readonly MatrixVictim[]): Kill[] {
  const resumes = ["in place", "fresh clone"] as const;
  return effects.flatMap((effect, at) =>
    victims.map((victim) => ({
      scene,
      effect,
      victim,
      resume: resumes[(at + MATRIX_VICTIMS.indexOf(victim)) % 2]!,
    })),
  );
}
