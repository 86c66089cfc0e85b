/** The way from one release to another: which hops are allowed, and the shortest path of them. */
import { compareVersions, parseVersion, RELEASES, type Release } from "../versions";

/** Why one version cannot be upgraded to another directly. */
export type HopRefusal = "downgrade" | "unknown-release" | "minimum" | "kubernetes";

/**
 * Why a hop is not allowed; undefined where it is. It is where the target asks for no newer version than this one, and Kubernetes moves by
 * one minor at most: API servers of a cluster may be one minor apart while its nodes are upgraded one by one.
 * Sources: harvester package/upgrade-matrix.yaml; kubernetes.io version-skew-policy.
 */
export function refusalOfHop(
  from: string,
  to: string,
  releases: readonly Release[] = RELEASES,
): HopRefusal | undefined {
  const [source, target] = [from, to].map((name) => releases.find(({ version }) => version === name));
  if (parseVersion(from) === undefined || parseVersion(to) === undefined) return "unknown-release";
  if (compareVersions(to, from) < 0) return "downgrade";
  if (source === undefined || target === undefined) return "unknown-release";
  if (compareVersions(from, target.minimumUpgradable) < 0) return "minimum";
  return kubernetesMinor(target) - kubernetesMinor(source) > 1 ? "kubernetes" : undefined;
}

/**
 * The shortest path of allowed hops, both ends included; undefined where there is none. Of equally short ones that which goes back in time
 * least often (a patch of an old minor may be younger than the next minor), then that over the newest releases.
 */
export function upgradePath(
  from: string,
  to: string,
  releases: readonly Release[] = RELEASES,
): string[] | undefined {
  const start = releases.find(({ version }) => version === from);
  if (start === undefined) return undefined;
  let paths: Release[][] = [[start]];
  const visited = new Set([from]);
  while (paths.length > 0) {
    const arrived = paths.filter((path) => path.at(-1)!.version === to);
    if (arrived.length > 0) return preferred(arrived).map(({ version }) => version);
    const longer = paths.flatMap((path) =>
      releases
        .filter(({ version }) => !visited.has(version))
        .filter(({ version }) => version !== path.at(-1)!.version)
        .filter(({ version }) => refusalOfHop(path.at(-1)!.version, version, releases) === undefined)
        .map((next) => [...path, next]),
    );
    for (const path of longer) visited.add(path.at(-1)!.version);
    paths = longer;
  }
  return undefined;
}

/** Minor of a release's Kubernetes: 33 of v1.33.5. */
export function kubernetesMinor({ kubernetes }: Release): number {
  return Number(kubernetes.split(".")[1]);
}

function preferred(paths: readonly Release[][]): Release[] {
  const [best] = [...paths].sort(
    (left, right) =>
      backwards(left) - backwards(right) || newer(right) - newer(left) || compareLast(right, left),
  );
  return best!;
}

/** How many hops of a path lead to a release that is older by its date. */
function backwards(path: readonly Release[]): number {
  return path.filter((release, index) => index > 0 && release.date < path[index - 1]!.date).length;
}

/** Sum of the places in the list of all releases: higher means newer on the whole. */
function newer(path: readonly Release[]): number {
  return path.reduce((sum, release) => sum + RELEASES.indexOf(release), 0);
}

function compareLast(left: readonly Release[], right: readonly Release[]): number {
  return compareVersions(
    left.at(-2)?.version ?? left[0]!.version,
    right.at(-2)?.version ?? right[0]!.version,
  );
}
