/** Obtains one pinned tool: from PATH, from the cache, from its official place, or from Go modules - in this order. */
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, modules } from "./build";
import type { Cache } from "./cache";
import { download, reachable } from "./download";
import { findOnPath, onPath, versionOf } from "./find";
import { type Archive, type Pin, platform } from "./pins";
import type { Progress, Step } from "./progress";
import { run } from "./run";

/** Where a tool was taken from. */
export type Origin = "PATH" | "official download" | "Go modules";

/** A tool that is there. */
export interface Obtained {
  readonly pin: Pin;
  readonly origin: Origin;
  /** Path of each of the pin's binaries. */
  readonly binaries: Readonly<Record<string, string>>;
}

/** Settings of obtaining tools. */
export interface ObtainOptions {
  readonly cache: Cache;
  readonly progress: Progress;
  /** The search path, and folders on it that are this project's own. */
  readonly path: string;
  readonly passOver: readonly string[];
  readonly signal?: AbortSignal;
}

/** In a cache entry: how it was made. */
const ORIGIN_FILE = "origin";
const UNPACK_TIMEOUT_MS = 10 * 60_000;

/** A cache key that changes with everything that makes a tool what it is. */
export function cacheKey(pin: Pin): string {
  const hash = createHash("sha256").update(JSON.stringify(pin));
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(modules, pin.source.module, file)));
  return `${pin.name}-v${pin.version}-${platform()}-${hash.digest("hex").slice(0, 12)}`;
}

/** Obtains a tool. */
export async function obtain(pin: Pin, options: ObtainOptions): Promise<Obtained> {
  const { cache, progress, signal } = options;
  const found = await findOnPath(pin, options.path, { passOver: options.passOver, signal });
  if (found.kind === "found") return { pin, origin: "PATH", binaries: found.binaries };
  if (found.kind === "unfit") progress.say(`${pin.name}: not the one on PATH: ${found.reason}`);
  const key = cacheKey(pin);
  const entry =
    cache.find(key) ??
    (await cache.get(key, (staging) => fill(pin, staging, options), {
      signal,
      waiting: () =>
        progress.say(`${pin.name} v${pin.version}: waiting for another process that is installing it`),
    }));
  const bin = join(entry, "bin");
  return {
    pin,
    origin: readFileSync(join(entry, ORIGIN_FILE), "utf8").trim() as Origin,
    binaries: Object.fromEntries(pin.binaries.map((binary) => [binary, join(bin, binary)])),
  };
}

async function fill(pin: Pin, staging: string, options: ObtainOptions): Promise<void> {
  const { progress, signal } = options;
  const bin = join(staging, "bin");
  const origin = (await fromOfficialPlace(pin, bin, options)) ? "official download" : "Go modules";
  if (origin === "Go modules") {
    if (!onPath("go", options.path)) {
      throw new Error(
        `Go is missing: ${pin.name} ${pin.version} is neither on PATH nor downloadable here, so it has to be built from Go modules. ` +
          "Install Go (https://go.dev/dl) or your distribution's golang package.",
      );
    }
    await step(progress, `${pin.name} v${pin.version}: building from Go modules`, "built", (now) =>
      build(pin, bin, now, signal),
    );
  }
  for (const binary of pin.binaries) {
    const version = await versionOf(pin, binary, join(bin, binary), signal);
    if (version !== pin.version) {
      throw new Error(`${binary} from ${origin} says it is version ${version}, not ${pin.version}`);
    }
  }
  await writeFile(join(staging, ORIGIN_FILE), `${origin}\n`);
}

/** Downloads and unpacks the official release; false, said in one line, where it cannot be reached. */
async function fromOfficialPlace(pin: Pin, bin: string, options: ObtainOptions): Promise<boolean> {
  const { progress, signal } = options;
  const what = `${pin.name} v${pin.version}`;
  const archive = pin.archives[platform()];
  if (!archive) {
    progress.say(`${what}: no official download is pinned for ${platform()}`);
    return false;
  }
  const answer = await reachable(archive.url, { signal });
  if (!answer.ok) {
    progress.say(`${what}: no official download here (${new URL(archive.url).host}: ${answer.reason})`);
    return false;
  }
  const folder = join(options.cache.root, "downloads");
  await step(progress, `${what}: official download`, "downloaded and checked", async (now) => {
    const file = await download(archive, folder, now, { signal });
    now.update("unpacking");
    await unpack(file, archive, bin, signal);
    await rm(file, { force: true });
  });
  return true;
}

/** Unpacks the wanted members of an archive into a bin folder. */
export async function unpack(
  file: string,
  archive: Archive,
  bin: string,
  signal?: AbortSignal,
): Promise<void> {
  const whole = `${bin}.unpacked`;
  await mkdir(whole, { recursive: true });
  await mkdir(bin, { recursive: true });
  await run("tar", ["-xzf", file, "-C", whole, ...archive.members], { timeoutMs: UNPACK_TIMEOUT_MS, signal });
  for (const member of archive.members) {
    const path = join(whole, member);
    const names = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    for (const name of names) {
      const target = join(bin, basename(name));
      await rename(name, target);
      chmodSync(target, 0o755);
    }
  }
  await rm(whole, { recursive: true, force: true });
}

async function step(
  progress: Progress,
  what: string,
  result: string,
  action: (step: Step) => Promise<void>,
): Promise<void> {
  const now = progress.step(what);
  try {
    await action(now);
    now.done(result);
  } catch (error) {
    now.fail();
    throw error;
  }
}
