/**
 * The toolchain of one clone: a folder `.toolchain` with every command in `bin`, the plugin cache in `pulumi-home`, and a record of
 * where all of it came from. Large things stay in the cache that all clones share.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Cache, cacheRoot } from "./cache";
import { onPath } from "./find";
import { installLanguageHost } from "./language-host";
import { cacheKey, type Obtained, type Origin, obtain } from "./obtain";
import { pins, pulumi } from "./pins";
import { installPlugins, type PluginSource, pluginManifests } from "./plugins";
import { type Progress, progressOn } from "./progress";
import { clearLeftovers, placeFile, placeSymlink, placeText } from "./staging";

/** What a clone's toolchain consists of; kept in `.toolchain/installed.json`. */
export interface Toolchain {
  /** Changes with every input of the installation. */
  readonly key: string;
  readonly tools: Readonly<Record<string, { readonly version: string; readonly origin: Origin }>>;
  readonly languageHost: "official" | "stand-in";
  readonly plugins: Readonly<Record<string, PluginSource>>;
}

/** Folders of a clone's toolchain. */
export interface ToolchainPaths {
  readonly root: string;
  /** Every command: pulumi, pulumi-language-nodejs, etcd, etcdctl, kube-apiserver. First on PATH. */
  readonly bin: string;
  /** PULUMI_HOME. */
  readonly home: string;
}

/** Every command that comes from a pin. */
const commands: readonly string[] = pins.flatMap((pin) => pin.binaries);

/** Where the toolchain of the clone in a folder is. */
export function toolchainPaths(repository: string): ToolchainPaths {
  const root = join(repository, ".toolchain");
  return { root, bin: join(root, "bin"), home: join(root, "pulumi-home") };
}

/** What was installed in a clone, or undefined. */
export function installedToolchain(repository: string): Toolchain | undefined {
  const path = join(toolchainPaths(repository).root, "installed.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Whether any part stands in for an official one, which then must not be looked for on the network either. */
export function hasStandIns(toolchain: Toolchain): boolean {
  return toolchain.languageHost === "stand-in" || Object.values(toolchain.plugins).includes("stand-in");
}

/**
 * Refuses an engine and an SDK of different versions: they are released together, and a mixture fails in ways that nobody can
 * read from the error.
 */
export function checkSdkVersion(repository: string): void {
  const path = join(repository, "node_modules", "@pulumi", "pulumi", "package.json");
  if (!existsSync(path)) throw new Error(`${path} is missing. Run npm ci in ${repository}.`);
  const { version } = JSON.parse(readFileSync(path, "utf8"));
  if (version !== pulumi.version) {
    throw new Error(
      `@pulumi/pulumi in node_modules is ${version}, the engine is pinned to ${pulumi.version} (toolchain/pins.ts), and the two must agree. ` +
        "Run npm ci; to move to another version, change package.json, toolchain/pins.ts and toolchain/go/pulumi/go.mod together.",
    );
  }
}

/** Settings of an installation. */
export interface InstallOptions {
  readonly progress?: Progress;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Installs what is missing of a clone's toolchain. With everything there it returns in milliseconds, without a word. */
export async function installToolchain(repository: string, options: InstallOptions = {}): Promise<Toolchain> {
  checkSdkVersion(repository);
  const paths = toolchainPaths(repository);
  const before = installedToolchain(repository);
  const key = installationKey();
  if (before?.key === key && isWhole(paths)) return before;

  const progress = options.progress ?? progressOn();
  const env = options.env ?? process.env;
  const { signal } = options;
  await mkdir(paths.bin, { recursive: true });
  await mkdir(paths.home, { recursive: true });
  await clearLeftovers([
    ...["pulumi-language-nodejs", ...commands].map((command) => join(paths.bin, command)),
    ...["lib", "installed.json"].map((name) => join(paths.root, name)),
  ]);
  const cache = new Cache(join(cacheRoot(env), "toolchain"));
  const obtained: Obtained[] = [];
  for (const pin of pins) {
    obtained.push(
      await obtain(pin, { cache, progress, path: env.PATH ?? "", passOver: [paths.bin], signal }),
    );
  }
  const languageHost = await installEngine(obtained, paths);
  for (const tool of obtained) {
    if (tool.pin === pulumi) continue;
    for (const [binary, path] of Object.entries(tool.binaries))
      await placeSymlink(path, join(paths.bin, binary));
  }
  const plugins = await installPlugins({
    home: paths.home,
    pulumi: join(paths.bin, "pulumi"),
    progress,
    signal,
  });
  const toolchain: Toolchain = {
    key,
    tools: Object.fromEntries(
      obtained.map(({ pin, origin }) => [pin.name, { version: pin.version, origin }]),
    ),
    languageHost,
    plugins,
  };
  await placeText(`${JSON.stringify(toolchain, undefined, 2)}\n`, join(paths.root, "installed.json"));
  report(toolchain, progress);
  return toolchain;
}

/**
 * Puts the engine into `bin`. It looks for its language host beside its real file, so an engine that came with one is linked
 * symbolically, and one that was built gets a name of its own (a hard link, or a copy across file systems) beside the stand-in.
 */
async function installEngine(
  obtained: readonly Obtained[],
  paths: ToolchainPaths,
): Promise<Toolchain["languageHost"]> {
  const engine = obtained.find(({ pin }) => pin === pulumi)?.binaries.pulumi ?? "";
  const target = join(paths.bin, "pulumi");
  if (onPath("pulumi-language-nodejs", join(realpathSync(engine), ".."))) {
    await rm(join(paths.bin, "pulumi-language-nodejs"), { force: true });
    await placeSymlink(engine, target);
    return "official";
  }
  await placeFile(engine, target);
  await installLanguageHost(paths.bin, join(paths.root, "lib"));
  return "stand-in";
}

/** Says once what stands in for what. */
function report(toolchain: Toolchain, progress: Progress): void {
  const tools = Object.entries(toolchain.tools).map(
    ([name, { version, origin }]) => `${name} ${version} (${origin})`,
  );
  progress.say(`Toolchain: ${tools.join(", ")}`);
  if (!hasStandIns(toolchain)) return;
  const parts = [
    ...(toolchain.languageHost === "stand-in" ? ["the Node.js language host"] : []),
    ...Object.keys(toolchain.plugins)
      .filter((name) => toolchain.plugins[name] === "stand-in")
      .map((name) => `the ${name} plugin`),
  ];
  progress.say(
    `The official downloads cannot be reached from here, so this project's own stand-ins (toolchain/offline) serve as ${parts.join(", ")}. ` +
      "Where the downloads can be reached, remove .toolchain to use the official ones.",
  );
}

function isWhole(paths: ToolchainPaths): boolean {
  return commands.every((command) => existsSync(join(paths.bin, command)));
}

/** Hash over the pins, the Go modules, and the sources of the stand-ins that are compiled. */
function installationKey(): string {
  const hash = createHash("sha256").update(JSON.stringify([pins.map(cacheKey), pluginManifests()]));
  const sources = join(__dirname, "offline", "language-host");
  for (const name of readdirSync(sources).sort()) {
    const path = join(sources, name);
    if (statSync(path).isFile()) hash.update(name).update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 16);
}
