/**
 * The crash matrix: in each scene, whoever carries it is killed at every side effect, and the next run has to end it as if nothing had happened
 * (P8). One cluster goes through the scenes again and again, a kill further each time.
 */
import assert from "node:assert/strict";
import { freshClone } from "../e2e/clone";
import { familyOf, processes } from "../e2e/processes";
import { mustSucceed, REPOSITORY, type Run, type RunOptions } from "../e2e/world";
import { onEffect } from "./effects";
import { VICTIMS } from "./places";
import { type SceneName, Stage } from "./scenes";

/** Who can be killed: the whole tree is engine, language host, program, provider and boot server at once. */
export const MATRIX_VICTIMS = [...(Object.keys(VICTIMS) as (keyof typeof VICTIMS)[]), "whole tree"] as const;

export type MatrixVictim = (typeof MATRIX_VICTIMS)[number];

/** One kill. */
export interface Kill {
  scene: SceneName;
  /** The side effect at which it hits. */
  effect: string;
  victim: MatrixVictim;
  resume: "in place" | "fresh clone";
}

/** What became of it. */
export type Fate =
  /** It was killed there, and the next run ended the scene. */
  | "resumed"
  /** It was killed there, and the same run ended the scene: the provider starts a boot server anew. */
  | "went on"
  /** This time the effect did not come, or the victim was not there. */
  | "not reached";

/** Something that a scene does. */
export interface SideEffect {
  name: string;
  /** Who runs at that moment. */
  present: MatrixVictim[];
}

/** A matrix under way. */
export class Matrix {
  readonly #stage: Stage;
  #elsewhere: RunOptions | undefined;

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async begin(): Promise<Matrix> {
    return new Matrix(await Stage.set());
  }

  end(): Promise<void> {
    return this.#stage.world.stop();
  }

  /** Plays one scene through, and returns its side effects in order. */
  async play(scene: SceneName): Promise<SideEffect[]> {
    await this.#lead(scene);
    const effects: SideEffect[] = [];
    const run = await this.#perform((name, engine) => {
      const present = MATRIX_VICTIMS.filter((victim) => pidsOf(victim, engine).length > 0);
      effects.push({ name, present });
    });
    mustSucceed([scene], run);
    await this.#stage.assertEnded();
    return effects;
  }

  /** Plays one scene with a kill in it, resumes, and holds it to the end that it should have. */
  async kill({ scene, effect, victim, resume }: Kill): Promise<Fate> {
    await this.#lead(scene);
    const met = { killed: false };
    const { code, output } = await this.#perform((happened, engine) => {
      if (happened !== effect || met.killed) return;
      const pids = pidsOf(victim, engine);
      met.killed = pids.length > 0;
      for (const pid of pids) process.kill(pid, "SIGKILL");
    });
    const resumed = met.killed && code !== 0;
    if (resumed) await this.#resume(resume === "fresh clone" ? this.#fromElsewhere() : {}, victim);
    else assert.equal(code, 0, output);
    await this.#stage.assertEnded();
    this.#assertNothingLeftBehind();
    if (!met.killed) return "not reached";
    return resumed ? "resumed" : "went on";
  }

  /** Plays what has to come before the scene, and describes the scene. */
  async #lead(scene: SceneName): Promise<void> {
    for (let first = this.#stage.before(scene); first !== undefined; first = this.#stage.before(scene))
      await this.play(first);
    await this.#stage.enter(scene);
  }

  #run(): string[] {
    return [this.#stage.verb, "--yes", "--skip-preview"];
  }

  async #perform(happened: (effect: string, engine: number) => void): Promise<Run> {
    const { world } = this.#stage;
    const run = world.spawn(this.#run());
    const stop = onEffect(
      world,
      (machine) => this.#stage.roleOf(machine),
      (effect) => happened(effect, run.pid),
    );
    return run.done.finally(stop);
  }

  /** The documented way: README, "When a run was killed". */
  async #resume(options: RunOptions, victim: MatrixVictim): Promise<void> {
    const { world } = this.#stage;
    const step = async (...args: string[]) => mustSucceed(args, await world.pulumi(args, options));
    if (victim === "engine" || victim === "whole tree") {
      await step("cancel", "--yes");
      if (this.#stage.verb === "up")
        await step("refresh", "--clear-pending-creates", "--yes", "--skip-preview");
    }
    await step(...this.#run());
  }

  /** Another machine: a clone and an engine that share nothing with this one but the backend, the stack file and the secrets. */
  #fromElsewhere(): RunOptions {
    const { world } = this.#stage;
    this.#elsewhere ??= {
      project: freshClone(REPOSITORY, world.dir),
      env: { PULUMI_HOME: world.freshHome() },
    };
    return this.#elsewhere;
  }

  #assertNothingLeftBehind(): void {
    const { dir } = this.#stage.world;
    const left = processes().filter(({ environment }) => environment.includes(dir));
    assert.deepEqual(
      left.map(({ pid, command }) => `${pid} ${command}`),
      [],
    );
  }
}

function pidsOf(victim: MatrixVictim, engine: number): number[] {
  if (victim === "whole tree") return familyOf(engine).map(({ pid }) => pid);
  const pid = VICTIMS[victim](engine);
  return pid === undefined ? [] : [pid];
}
