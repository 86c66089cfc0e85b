/**
 * `npm run -s ci:stacks`: the stacks that a workflow is about, as the step's output `stacks`, a JSON list. They are those named by STACKS
 * (separated by blanks or commas) and, where BASE names a commit, those whose file differs from it. The lab's stacks are left out:
 * their machines are on somebody's own computer.
 */
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../toolchain/run";
import { STACKS_IN_THE_LAB } from "../environment";
import { main } from "../process";
import { repository } from "../root";
import { isStackName } from "./job";

const GIT_TIMEOUT_MS = 60_000;

/** What git gives as the predecessor of a branch's first commit. */
const NO_COMMIT = /^0+$/;

const STACK_FILE = /^stacks\/Pulumi\.(.+)\.yaml$/;

/** The stacks among named ones and changed files. */
export function chosenStacks(named: string, changed: readonly string[]): string[] {
  const names = [
    ...named.split(/[\s,]+/).filter(Boolean),
    ...changed.flatMap((path) => STACK_FILE.exec(path)?.[1] ?? []),
  ];
  const unfit = names.find((name) => !isStackName(name));
  if (unfit !== undefined) throw new Error(`${JSON.stringify(unfit)} is no name of a stack.`);
  return [...new Set(names)].filter((name) => !STACKS_IN_THE_LAB.includes(name)).sort();
}

/** Files that differ from where this branch left the base, those that were removed left out. */
export async function changedFiles(base: string, folder: string): Promise<string[]> {
  if (base === "" || NO_COMMIT.test(base)) return [];
  const args = [
    "diff",
    "--name-only",
    "-z",
    "--diff-filter=d",
    "--end-of-options",
    `${base}...HEAD`,
    "--",
    "stacks",
  ];
  const { stdout } = await run("git", args, { cwd: folder, timeoutMs: GIT_TIMEOUT_MS });
  return stdout.split("\0").filter(Boolean);
}

async function stacks(): Promise<number> {
  const { STACKS = "", BASE = "", GITHUB_OUTPUT } = process.env;
  const chosen = chosenStacks(STACKS, await changedFiles(BASE, repository));
  for (const name of chosen) {
    if (existsSync(join(repository, "stacks", `Pulumi.${name}.yaml`))) continue;
    throw new Error(`There is no stacks/Pulumi.${name}.yaml, but stack ${name} was asked for by name.`);
  }
  const line = `stacks=${JSON.stringify(chosen)}\n`;
  process.stdout.write(line);
  if (GITHUB_OUTPUT) appendFileSync(GITHUB_OUTPUT, line);
  return 0;
}

if (require.main === module) main(stacks);
