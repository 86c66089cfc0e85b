/** Looks for a pinned tool on PATH. */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Pin } from "./pins";
import { run } from "./run";

/** What PATH offers of a tool. */
export type Found =
  | { readonly kind: "found"; readonly binaries: Readonly<Record<string, string>> }
  | { readonly kind: "absent" }
  /** There, but not usable; the reason is for the person to see. */
  | { readonly kind: "unfit"; readonly reason: string };

const VERSION_TIMEOUT_MS = 20_000;

/** The first executable of that name on a search path. Folders to pass over, such as our own, are named. */
export function onPath(binary: string, path: string, passOver: readonly string[] = []): string | undefined {
  for (const folder of path.split(delimiter)) {
    if (!folder || passOver.includes(folder)) continue;
    const candidate = join(folder, binary);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}

/** The version a command of the tool prints, without a leading v. */
export async function versionOf(
  pin: Pin,
  binary: string,
  path: string,
  signal?: AbortSignal,
): Promise<string> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { stdout } = await run(path, pin.versionArgs[binary] ?? ["--version"], {
    env,
    timeoutMs: VERSION_TIMEOUT_MS,
    signal,
  });
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (!version) throw new Error(`${path} prints no version: ${JSON.stringify(stdout.slice(0, 80))}`);
  return version;
}

/** Looks for a tool on PATH and holds its version against the pin. */
export async function findOnPath(
  pin: Pin,
  path: string,
  options: { passOver?: readonly string[]; signal?: AbortSignal } = {},
): Promise<Found> {
  const binaries: Record<string, string> = {};
  for (const binary of pin.binaries) {
    const found = onPath(binary, path, options.passOver);
    if (!found) return { kind: "absent" };
    binaries[binary] = found;
  }
  for (const [binary, found] of Object.entries(binaries)) {
    const version = await versionOf(pin, binary, found, options.signal).catch((error: Error) => error);
    if (version instanceof Error)
      return { kind: "unfit", reason: `${found} does not run: ${version.message}` };
    if (version !== pin.version) {
      return { kind: "unfit", reason: `${found} is version ${version}, this project needs ${pin.version}` };
    }
  }
  if (pin.name === "pulumi") {
    // The engine looks for its language host beside its real executable; one without cannot run a program.
    const folder = dirname(realpathSync(binaries.pulumi ?? ""));
    if (!onPath("pulumi-language-nodejs", folder)) {
      return { kind: "unfit", reason: `${folder} has a pulumi without its pulumi-language-nodejs` };
    }
  }
  return { kind: "found", binaries };
}
