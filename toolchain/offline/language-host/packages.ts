/** Which provider plugins a program needs, told by the packages below its node_modules. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { PackageDependency, PackageParameterization } from "@pulumi/pulumi/proto/plugin_pb";

/** What matters of a package.json; packageJSON in the official main.go. */
interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
    readonly parameterization?: {
      readonly name: string;
      readonly version: string;
      readonly value: string;
    };
  };
}

/** Files that mark a policy pack; workspace.DetectPolicyPackPathAt. */
const POLICY_PACK_FILES = ["PulumiPolicy.yaml", "PulumiPolicy.yml", "PulumiPolicy.json"];

/**
 * Every package with a plugin below a folder. Links are followed, no folder is visited twice, policy packs are passed over: their
 * plugins are not the program's. What cannot be read is passed over too, as the official host only logs it.
 * Copies getPackagesFromDir of the official main.go.
 */
export function packagesBelow(folder: string): PackageDependency[] {
  const found: PackageDependency[] = [];
  visit(resolve(folder), false, new Set(), found);
  return found;
}

function visit(
  folder: string,
  inNodeModules: boolean,
  visited: Set<string>,
  found: PackageDependency[],
): void {
  if (visited.has(folder)) return;
  visited.add(folder);
  // In the order of os.ReadDir: a linked package counts as one of node_modules only if that is where it is met first.
  const entries = attempt(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const link = entry.isSymbolicLink();
    const path = link ? attempt(() => realpathSync(join(folder, entry.name))) : join(folder, entry.name);
    if (path === undefined) continue;
    if (link ? attempt(() => statSync(path).isDirectory()) : entry.isDirectory()) {
      if (POLICY_PACK_FILES.some((file) => existsSync(join(path, file)))) continue;
      visit(path, inNodeModules || basename(folder) === "node_modules", visited, found);
    } else if (inNodeModules && entry.name === "package.json") {
      const dependency = attempt(() => dependencyOf(JSON.parse(readFileSync(path, "utf8"))));
      if (dependency) found.push(dependency);
    }
  }
}

/** The plugin of a package, if it has one. Copies getPackageInfo, getPluginName and getPluginVersion of the official main.go. */
function dependencyOf(json: PackageJson): PackageDependency | undefined {
  const pulumi = json.pulumi;
  if (!pulumi?.resource) return undefined;
  const scope = "@pulumi/";
  const name = pulumi.name || (json.name?.startsWith(scope) ? json.name.slice(scope.length) : undefined);
  const version = pulumi.version || json.version;
  if (!name || !version) return undefined;
  const dependency = new PackageDependency()
    .setName(name)
    .setKind("resource")
    .setVersion(version.startsWith("v") ? version : `v${version}`)
    .setServer(pulumi.server ?? "");
  if (pulumi.parameterization) {
    dependency.setParameterization(
      new PackageParameterization()
        .setName(pulumi.parameterization.name)
        .setVersion(pulumi.parameterization.version)
        .setValue(pulumi.parameterization.value),
    );
  }
  return dependency;
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
