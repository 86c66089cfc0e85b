import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** File that pins every Python package of the BMC. */
export const REQUIREMENTS = join(__dirname, "requirements.txt");

/** Real time until a download that does not move is given up. */
const INSTALL_DEADLINE_MS = 600_000;

/** Where the Python environment of these requirements lives, shared by all labs of this user. */
export function venvFolder(cache = join(homedir(), ".cache", "harvester-stack")): string {
  const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  return join(cache, `python-${hash}`);
}

/**
 * Returns the Python interpreter that has the BMC's packages, building its environment when there is none yet.
 *
 * Several labs may do this at once: each builds in a folder of its own and the first to finish gives it its name.
 */
export async function ensureVenv(
  progress: (line: string) => void,
  cache?: string,
  signal?: AbortSignal,
): Promise<string> {
  const folder = venvFolder(cache);
  const interpreter = join(folder, "bin", "python");
  if (existsSync(interpreter)) return interpreter;
  mkdirSync(join(folder, ".."), { recursive: true });
  const building = `${folder}.${randomBytes(4).toString("hex")}`;
  try {
    progress("Python environment of the BMC: creating (once, about 10 s)");
    await run(
      "python3",
      ["-m", "venv", building],
      "the lab's BMC needs Python 3 with its venv module",
      signal,
    );
    progress("Python environment of the BMC: installing sushy-tools and what it needs");
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-input",
      "-r",
      REQUIREMENTS,
    ];
    await run(
      join(building, "bin", "python"),
      pip,
      "the lab's BMC needs the packages in lab/bmc/requirements.txt",
      signal,
    );
    renameIfFirst(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  progress("Python environment of the BMC: ready");
  return interpreter;
}

function renameIfFirst(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another lab was faster; its environment is the same.
    if (!existsSync(to)) throw error;
  }
}

async function run(command: string, args: string[], why: string, signal?: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(INSTALL_DEADLINE_MS);
  const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  await new Promise<void>((resolve, reject) => {
    let output = "";
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], signal: stop });
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => reject(new Error(`lab: cannot run ${command}: ${error.message}; ${why}`)));
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`lab: "${command} ${args.join(" ")}" ended with ${code}; ${why}:\n${output.trim()}`),
        );
    });
  });
}
