/** The project's own commands, run on a world as a person would run them. */
import { execFile } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY, type Run, type World } from "./world";

/** Real time that one command gets. */
const DEADLINE_MS = 90_000;

/** How one run of a command differs from the others. */
export interface ScriptOptions {
  /** Project folder. @default this clone */
  project?: string;
  /** Changes of the environment. */
  env?: Record<string, string>;
  /** Is given what it writes to standard error, as soon as it does. */
  heard?: (text: string) => void;
}

/** Runs a file of `cli/`, such as `status`, to its end. */
export function runScript(
  world: World,
  name: string,
  args: readonly string[],
  { project = REPOSITORY, env = {}, heard }: ScriptOptions = {},
): Promise<Run> {
  // A clone is without the toolchain, which the tests need not install once more.
  const toolchain = join(project, ".toolchain");
  if (!existsSync(toolchain)) symlinkSync(join(REPOSITORY, ".toolchain"), toolchain);
  const options = {
    cwd: project,
    env: { ...world.environment(), ...env },
    timeout: DEADLINE_MS,
    maxBuffer: 2 ** 24,
  };
  const command = ["--require", "tsx/cjs", join("cli", `${name}.ts`), ...args];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr, output: stdout + stderr });
    });
    if (heard !== undefined) child.stderr!.on("data", heard);
  });
}
