/** The order of kills: through the scenes, a side effect further each time, for every victim. */
import { type Fate, type Kill, Matrix, type MatrixVictim, type SideEffect } from "./matrix";
import { SCENE_NAMES, type SceneName } from "./scenes";

/** What is to be killed where. */
export interface Tour {
  /** Scenes with kills in them. Others are played through where they have to come between. */
  scenes: readonly SceneName[];
  /** Who is killed at a side effect: every victim that is there, each in a play of its own, or one of them, in turn. */
  victims: "all" | "in turn";
  /** Clusters that go side by side. @default 1 */
  clusters?: number;
}

/** One kill, as it went. */
export interface Told extends Kill {
  fate: Fate | "failed";
  seconds: number;
  /** Why it failed. */
  error?: string;
}

type Open = Record<SceneName, Kill[]>;

/** Makes every kill. One that fails is told, and another cluster is set up for the rest. Returns the side effects of each scene. */
export async function tour(
  { scenes, victims, clusters = 1 }: Tour,
  tell: (told: Told, left: number) => void,
): Promise<Map<SceneName, SideEffect[]>> {
  const wanted = SCENE_NAMES.filter((scene) => scenes.includes(scene));
  const first = await Matrix.begin();
  const effects = new Map<SceneName, SideEffect[]>();
  try {
    for (const scene of wanted) effects.set(scene, await first.play(scene));
  } catch (error) {
    await first.end();
    throw error;
  }
  const open = Object.fromEntries(
    wanted.map((scene) => [scene, killsOf(scene, effects.get(scene)!, victims)]),
  ) as Open;
  const others = Array.from({ length: clusters - 1 }, () =>
    Matrix.begin().then((matrix) => goOn(matrix, open, tell)),
  );
  await Promise.all([goOn(first, open, tell), ...others]);
  return effects;
}

/** One cluster goes through what is open until nothing is. */
async function goOn(begun: Matrix, open: Open, tell: (told: Told, left: number) => void): Promise<void> {
  let matrix = begun;
  const left = () => Object.values(open).reduce((sum, kills) => sum + kills.length, 0);
  try {
    while (left() > 0) {
      for (const scene of Object.keys(open) as SceneName[]) {
        const kill = open[scene].shift();
        if (kill === undefined) continue;
        const begin = Date.now();
        const told = (result: Pick<Told, "fate" | "error">) =>
          tell({ ...kill, ...result, seconds: (Date.now() - begin) / 1000 }, left());
        try {
          told({ fate: await matrix.kill(kill) });
        } catch (error) {
          told({ fate: "failed", error: error instanceof Error ? error.message : String(error) });
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

/** Both ways of resuming come about for every victim, and for every kind of side effect. */
function killsOf(scene: SceneName, effects: readonly SideEffect[], victims: Tour["victims"]): Kill[] {
  const resumes = ["in place", "fresh clone"] as const;
  return effects.flatMap(({ name, present }, at) => {
    const kill = (victim: MatrixVictim, turn: number): Kill => ({
      scene,
      effect: name,
      victim,
      resume: resumes[turn % resumes.length]!,
    });
    if (victims === "all") return present.map((victim, nth) => kill(victim, at + nth));
    const round = Math.floor(at / present.length);
    return [kill(present[at % present.length]!, at + round)];
  });
}
