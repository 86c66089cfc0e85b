/** Harvester's releases: how their names compare, and what each of them carries. */

/** A parsed version name. */
export interface ParsedVersion {
  major: number;
  minor: number;
  patch: number;
  /** `rc6` of `v1.9.0-rc6`; undefined for a release. */
  prerelease?: string;
}

/** What a release of Harvester is made of. */
export interface Release {
  /** With its `v`. */
  version: string;
  /** Day of the release, ISO. */
  date: string;
  /** Kubernetes version, which is RKE2's without its suffix. */
  kubernetes: string;
  /** Lowest version that can be upgraded to this one. */
  minimumUpgradable: string;
}

/** The oldest version this program installs: its installer is the first that knows `install.role`. */
export const OLDEST_SUPPORTED_VERSION = "v1.3.0";

/**
 * Releases from v1.3 on, oldest first by number.
 * Sources: harvester-installer `scripts/version-rke2` at each tag; harvester `package/upgrade-matrix.yaml`.
 */
export const RELEASES: readonly Release[] = [
  { version: "v1.3.0", date: "2024-03-13", kubernetes: "v1.27.10", minimumUpgradable: "v1.2.2" },
  { version: "v1.3.1", date: "2024-06-13", kubernetes: "v1.27.13", minimumUpgradable: "v1.2.2" },
  { version: "v1.3.2", date: "2024-09-05", kubernetes: "v1.28.12", minimumUpgradable: "v1.3.1" },
  { version: "v1.4.0", date: "2024-11-26", kubernetes: "v1.29.9", minimumUpgradable: "v1.3.2" },
  { version: "v1.4.1", date: "2024-12-27", kubernetes: "v1.30.7", minimumUpgradable: "v1.4.0" },
  { version: "v1.4.2", date: "2025-03-11", kubernetes: "v1.31.4", minimumUpgradable: "v1.4.1" },
  { version: "v1.4.3", date: "2025-05-23", kubernetes: "v1.31.7", minimumUpgradable: "v1.4.1" },
  { version: "v1.5.0", date: "2025-04-24", kubernetes: "v1.32.3", minimumUpgradable: "v1.4.2" },
  { version: "v1.5.1", date: "2025-06-26", kubernetes: "v1.32.4", minimumUpgradable: "v1.4.2" },
  { version: "v1.5.2", date: "2025-09-17", kubernetes: "v1.32.7", minimumUpgradable: "v1.4.2" },
  { version: "v1.6.0", date: "2025-08-26", kubernetes: "v1.33.3", minimumUpgradable: "v1.5.0" },
  { version: "v1.6.1", date: "2025-10-15", kubernetes: "v1.33.5", minimumUpgradable: "v1.5.0" },
  { version: "v1.7.0", date: "2025-12-22", kubernetes: "v1.34.2", minimumUpgradable: "v1.6.0" },
  { version: "v1.7.1", date: "2026-02-09", kubernetes: "v1.34.3", minimumUpgradable: "v1.6.0" },
  { version: "v1.7.2", date: "2026-07-08", kubernetes: "v1.34.9", minimumUpgradable: "v1.6.0" },
  { version: "v1.7.3", date: "2026-08-07", kubernetes: "v1.34.10", minimumUpgradable: "v1.6.0" },
  { version: "v1.8.0", date: "2026-04-24", kubernetes: "v1.35.2", minimumUpgradable: "v1.7.0" },
  { version: "v1.8.1", date: "2026-06-29", kubernetes: "v1.35.6", minimumUpgradable: "v1.7.0" },
  // The patch level of v1.8.2's RKE2 could not be confirmed; its minor is certain.
  { version: "v1.8.2", date: "2026-08-06", kubernetes: "v1.35", minimumUpgradable: "v1.7.0" },
];

/** The newest release this program knows, by number. */
export const NEWEST_KNOWN_VERSION = RELEASES[RELEASES.length - 1]!.version;

/** Parses `v1.6.1` or `v1.9.0-rc6`; undefined when it is no version name. */
export function parseVersion(version: string): ParsedVersion | undefined {
  const match = /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?$/.exec(version);
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    ...(prerelease === undefined ? {} : { prerelease }),
  };
}

/** Negative when `left` is older, 0 when both are the same, positive when it is newer. Throws on a malformed name. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [mustParse(left), mustParse(right)];
  const numbers = a.major - b.major || a.minor - b.minor || a.patch - b.patch;
  if (numbers !== 0) return numbers;
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === undefined) return 1;
  if (b.prerelease === undefined) return -1;
  return a.prerelease.localeCompare(b.prerelease, "en", { numeric: true });
}

/**
 * Whether `version` is `since` ("1.5" or "1.3.2") or a later one. Release candidates count as the release they are for: their
 * installers already have its keys.
 */
export function isAtLeast(version: string, since: string): boolean {
  const { major, minor, patch } = mustParse(version);
  const [sinceMajor = 0, sinceMinor = 0, sincePatch = 0] = since.split(".").map(Number);
  return (major - sinceMajor || minor - sinceMinor || patch - sincePatch) >= 0;
}

/** What is known about a version; undefined for one this program has never heard of. */
export function releaseOf(version: string): Release | undefined {
  return RELEASES.find((release) => release.version === version);
}

function mustParse(version: string): ParsedVersion {
  const parsed = parseVersion(version);
  if (parsed === undefined) {
    throw new Error(
      `"${version}" is not a Harvester version: write it as v<major>.<minor>.<patch>, e.g. v1.6.1`,
    );
  }
  return parsed;
}
