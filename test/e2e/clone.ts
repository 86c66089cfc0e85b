/** A fresh clone of the project: what git would bring along, and nothing of what a run leaves behind. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Clones the work tree as it stands, with what is not committed yet, so that a change under test is what is tested. The installed
 * dependencies are linked: another `npm ci` would bring the same.
 */
export function freshClone(repository: string, parent: string): string {
  const folder = mkdtempSync(join(parent, "clone-"));
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", list, { cwd: repository, encoding: "utf8", maxBuffer: 2 ** 26 });
  for (const file of files.split("\0")) {
    // Listed, and removed from the work tree.
    if (file === "" || !existsSync(join(repository, file))) continue;
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(repository, file), join(folder, file));
  }
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}
