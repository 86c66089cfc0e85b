/** The provider plugins: the official ones where they can be had, else the stand-ins of toolchain/offline/plugins. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { reachable } from "./download";
import type { Progress } from "./progress";
import { run } from "./run";

const STAND_INS = join(__dirname, "offline", "plugins");
/** Tells a stand-in from an official plugin in the plugin cache. */
const STAND_IN_MARK = "stand-in";
const INSTALL_TIMEOUT_MS = 10 * 60_000;

/** One provider plugin that has a stand-in; plugin.json of its folder. */
export interface PluginManifest {
  readonly name: string;
  /** Without a leading v; the version of the official plugin it stands in for. */
  readonly version: string;
}

/** How a plugin came to be there. */
export type PluginSource = "official" | "stand-in";

/** Every plugin that has a stand-in. */
export function pluginManifests(folder: string = STAND_INS): PluginManifest[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "plugin.json")))
    .sort()
    .map((name) => {
      const manifest = JSON.parse(readFileSync(join(folder, name, "plugin.json"), "utf8"));
      return { name: manifest.name, version: String(manifest.version).replace(/^v/, "") };
    });
}

/** Where a plugin belongs in the plugin cache (workspace.GetPluginPath of the engine). */
function pluginFolder(home: string, { name, version }: PluginManifest): string {
  return join(home, "plugins", `resource-${name}-v${version}`);
}

/** Settings of an installation of plugins. */
export interface PluginOptions {
  /** PULUMI_HOME. */
  readonly home: string;
  /** The engine, which downloads official plugins. */
  readonly pulumi: string;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** Puts every plugin into the plugin cache and says where each came from. */
export async function installPlugins(options: PluginOptions): Promise<Record<string, PluginSource>> {
  const sources: Record<string, PluginSource> = {};
  const missing = pluginManifests().filter((manifest) => {
    const folder = pluginFolder(options.home, manifest);
    const official = existsSync(folder) && !existsSync(join(folder, STAND_IN_MARK));
    if (official) sources[manifest.name] = "official";
    return !official;
  });
  const first = missing[0];
  if (!first) return sources;
  const os = process.platform;
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const probe = `https://github.com/pulumi/pulumi-${first.name}/releases/download/v${first.version}/pulumi-resource-${first.name}-v${first.version}-${os}-${arch}.tar.gz`;
  const answer = await reachable(probe, { signal: options.signal });
  if (!answer.ok) {
    for (const manifest of missing) {
      await installStandIn(manifest, options.home);
      sources[manifest.name] = "stand-in";
    }
    return sources;
  }
  for (const manifest of missing) sources[manifest.name] = await installOfficial(manifest, options);
  return sources;
}

async function installOfficial(manifest: PluginManifest, options: PluginOptions): Promise<PluginSource> {
  const { name, version } = manifest;
  const step = options.progress.step(`plugin ${name} v${version}: official download`);
  await rm(pluginFolder(options.home, manifest), { recursive: true, force: true });
  try {
    await run(options.pulumi, ["plugin", "install", "resource", name, `v${version}`], {
      env: { ...process.env, PULUMI_HOME: options.home, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeoutMs: INSTALL_TIMEOUT_MS,
      signal: options.signal,
      onErrorLine: (line) => step.update(line.trim()),
    });
    step.done("installed");
    return "official";
  } catch (error) {
    options.signal?.throwIfAborted();
    step.done(`not to be had (${(error as Error).message.split("\n").at(-1)}), the stand-in is used`);
    await installStandIn(manifest, options.home);
    return "stand-in";
  }
}

/** Links a stand-in into the plugin cache; it stays in the repository and so is always the current one. */
async function installStandIn(manifest: PluginManifest, home: string): Promise<void> {
  const folder = pluginFolder(home, manifest);
  const executable = `pulumi-resource-${manifest.name}`;
  const staging = `${folder}.${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  await symlink(join(STAND_INS, manifest.name, executable), join(staging, executable));
  await writeFile(join(staging, STAND_IN_MARK), `stands in for the official plugin; see ${STAND_INS}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(staging, folder).catch((error: NodeJS.ErrnoException) => {
    // Another process of this clone was faster and has put the same there.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    return rm(staging, { recursive: true, force: true });
  });
}
