/**
 * Files and links appear whole or not at all: they are made under a temporary name, `<target>.<process id>`, and renamed. A process
 * that is killed in between leaves the temporary one behind, and whoever installs next clears it away.
 */
import { copyFile, link, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Makes a symbolic link, in the place of whatever is there. */
export async function placeSymlink(path: string, target: string): Promise<void> {
  await place(target, (staging) => symlink(path, staging));
}

/** Makes a second name for a file (a copy across file systems), in the place of whatever is there. */
export async function placeFile(path: string, target: string): Promise<void> {
  await place(target, (staging) => link(path, staging).catch(() => copyFile(path, staging)));
}

/** Writes a file, in the place of whatever is there. */
export async function placeText(text: string, target: string): Promise<void> {
  await place(target, (staging) => writeFile(staging, text));
}

/** Removes what processes that are dead by now left beside these files and folders when they were to make them. */
export async function clearLeftovers(targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    const prefix = `${basename(target)}.`;
    const beside = await readdir(dirname(target)).catch(() => []);
    for (const name of beside.filter((other) => other.startsWith(prefix))) {
      const pid = name.slice(prefix.length);
      if (!/^[1-9]\d*$/.test(pid) || isAlive(Number(pid))) continue;
      await rm(join(dirname(target), name), { recursive: true, force: true });
    }
  }
}

async function place(target: string, make: (staging: string) => Promise<void>): Promise<void> {
  const staging = `${target}.${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await make(staging);
  await rename(staging, target);
  // A rename between two names of one file does nothing (rename(2)), and leaves both.
  await rm(staging, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
