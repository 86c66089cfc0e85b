/** What the engine asks about, or wants done to, a program's npm packages. */
import { spawn } from "node:child_process";

/** Installs a folder's dependencies, passing npm's words on. Copies InstallDependencies of the official main.go, for npm alone. */
export async function install(
  folder: string,
  stdout: (bytes: Buffer) => void,
  stderr: (bytes: Buffer) => void,
): Promise<void> {
  stdout(Buffer.from("Installing dependencies...\n\n"));
  const { code } = await npm(["install", "--loglevel=error"], folder, stdout, stderr);
  if (code !== 0) throw new Error(`npm install in ${folder} ended with ${code}`);
  stdout(Buffer.from("Finished installing dependencies\n\n"));
}

/** A package a program depends on. */
export interface Dependency {
  readonly name: string;
  readonly version: string;
}

/** The tree that `npm ls --json` prints. */
interface Tree {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Tree>>;
}

/** The installed dependencies of a folder. Copies GetProgramDependencies (ListPackages of the official npm package manager). */
export async function listDependencies(folder: string, transitive: boolean): Promise<Dependency[]> {
  const chunks: Buffer[] = [];
  const args = ["ls", "--json", ...(transitive ? ["--all"] : ["--depth=0"])];
  await npm(
    args,
    folder,
    (bytes) => chunks.push(bytes),
    () => undefined,
  );
  // npm ls ends with 1 for any missing or extraneous package and still prints the tree.
  const found = new Map<string, Dependency>();
  const collect = (tree: Tree) => {
    for (const [name, child] of Object.entries(tree.dependencies ?? {})) {
      if (child.version) found.set(`${name}@${child.version}`, { name, version: child.version });
      collect(child);
    }
  };
  collect(JSON.parse(Buffer.concat(chunks).toString("utf8")));
  return [...found.values()];
}

function npm(
  args: readonly string[],
  cwd: string,
  stdout: (bytes: Buffer) => void,
  stderr: (bytes: Buffer) => void,
): Promise<{ code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", stdout);
    child.stderr.on("data", stderr);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code }));
  });
}
