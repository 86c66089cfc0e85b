/** The crash matrix as a page. */
import { MATRIX_VICTIMS, type SideEffect } from "./matrix";
import type { SceneName } from "./scenes";
import type { Told } from "./tour";

/** When and where it was played. */
export interface Played {
  command: string;
  at: Date;
  minutes: number;
  /** What it ran on. */
  machine: string;
}

const SAID: Record<Told["fate"], (told: Told) => string> = {
  resumed: ({ resume }) => resume,
  "went on": () => "went on",
  "not reached": () => "not reached",
  failed: () => "**failed**",
};

/** A page with a table for each scene: a row for each side effect, a column for each victim, and how it was resumed. */
export function tableOf(
  stories: readonly Told[],
  effects: ReadonlyMap<SceneName, readonly SideEffect[]>,
  { command, at, minutes, machine }: Played,
): string {
  const count = (fate: Told["fate"]) => stories.filter((told) => told.fate === fate).length;
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const cell = (scene: SceneName, effect: string, victim: string) => {
    const told = stories.find((one) => one.scene === scene && one.effect === effect && one.victim === victim);
    return told === undefined ? "-" : SAID[told.fate](told);
  };
  return [
    "# Crash matrix",
    "",
    `Played on ${at.toISOString().slice(0, 10)} by \`${command}\`, in ${Math.round(minutes)} minutes, on ${machine}.`,
    "",
    `${stories.length} kills: ${count("resumed")} ended by the next run as if nothing had happened, ${count("went on")} by the very same run, ${count("failed")} failed; ` +
      `${count("not reached")} times the side effect did not come again. A dash: there was no such process at that moment, or another victim had the turn.`,
    "",
    "A row is a side effect of the change: a write to a BMC, a write to the cluster's API, a configuration that was served, a command over SSH. Right when it",
    "happens, the victim is killed with SIGKILL. Where that ends the run, the change is run again as the README says, in place or from a fresh clone that shares only the",
    "backend, the stack file and the secrets; a boot server is started anew by its provider, and the run goes on. It counts as ended where the cluster then rests as",
    "described, the lab's ledger shows each installation, removal and disk write once, a preview proposes nothing, and no process was left behind.",
    ...[...effects].flatMap(([scene, names]) => [
      "",
      `## ${scene}`,
      "",
      row(["side effect", ...MATRIX_VICTIMS]),
      row(["---", ...MATRIX_VICTIMS.map(() => "---")]),
      ...names.map(({ name }) => row([name, ...MATRIX_VICTIMS.map((victim) => cell(scene, name, victim))])),
    ]),
    "",
  ].join("\n");
}
