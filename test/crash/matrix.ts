/**
 * The crash matrix: in each scene, whoever carries it is killed at every side effect, and the next run has to end it as if nothing had happened
 * (P8). One cluster goes around the circle of scenes again and again, a kill further each time.
 */
import assert from "node:assert/strict";
import { freshClone } from "../e2e/clone";
import { familyOf, processes } from "../e2e/processes";
import { mustSucceed, REPOSITORY, type RunOptions } from "../e2e/world";
import { onEffect } from "./effects";
import { VICTIMS } from "./places";
import { type SceneName, Stage } from "./scenes";

/** Who can be killed: the whole tree is engine, language host, program, provider and boot server at once. */
export const MATRIX_VICTIMS = [...(Object.keys(VICTIMS) as (keyof typeof VICTIMS)[]), "whole tree"] as const;

export type MatrixVictim = (typeof MATRIX_VICTIMS)[number];

/** One kill. */
export interface Kill {
  scene: SceneName;
  /** The side effect at which it hits; undefined lets the scene run through. */
  effect: string | undefined;
  victim: MatrixVictim;
  resume: "in place" | "fresh clone";
}

/** What became of it. */
export type Fate =
  /** It was killed there, and the next run ended the scene. */
  | "resumed"
  /** The victim was not there at that effect, so that nothing was interrupted. */
  | "no such process"
  /** This time the effect did not come. */
  | "not reached";

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
  async play(scene: SceneName): Promise<string[]> {
    await this.#stage.enter(scene);
    const effects: string[] = [];
    const stop = onEffect(this.#stage.world, (effect) => effects.push(effect));
    try {
      await this.#stage.world.must("up", "--yes", "--skip-preview");
    } finally {
      stop();
    }
    await this.#stage.assertEnded();
    return effects;
  }

  /** Plays one scene with a kill in it, resumes, and holds it to the end that it should have. */
  async kill({ scene, effect, victim, resume }: Kill): Promise<Fate> {
    const { world } = this.#stage;
    await this.#stage.enter(scene);
    const up = world.spawn(["up", "--yes", "--skip-preview"]);
    const met: { fate: Fate } = { fate: "not reached" };
    const stop = onEffect(world, (happened) => {
      if (happened !== effect || met.fate !== "not reached") return;
      const pids = this.#victims(victim, up.pid);
      met.fate = pids.length === 0 ? "no such process" : "resumed";
      for (const pid of pids) process.kill(pid, "SIGKILL");
    });
    const { code, output } = await up.done.finally(stop);
    const { fate } = met;
    const options = resume === "fresh clone" ? this.#fromElsewhere() : {};
    if (fate !== "resumed") assert.equal(code, 0, output);
    else if (code !== 0) await this.#resume(options, victim);
    await this.#stage.assertEnded();
    this.#assertNothingLeftBehind();
    return fate;
  }

  #victims(victim: MatrixVictim, engine: number): number[] {
    if (victim === "whole tree") return familyOf(engine).map(({ pid }) => pid);
    const pid = VICTIMS[victim](engine);
    return pid === undefined ? [] : [pid];
  }

  /** The documented way: README, "When a run was killed". */
  async #resume(options: RunOptions, victim: MatrixVictim): Promise<void> {
    const { world } = this.#stage;
    const step = async (...args: string[]) => mustSucceed(args, await world.pulumi(args, options));
    if (victim === "engine" || victim === "whole tree") {
      await step("cancel", "--yes");
      await step("refresh", "--clear-pending-creates", "--yes", "--skip-preview");
    }
    await step("up", "--yes", "--skip-preview");
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
