/**
 * What the installer's preflight and disk checks will say about a host, predicted from what its BMC reports.
 *
 * In an automatic installation one of their warnings ends it, without a report to anybody; also where only the threshold for
 * production is missed. Facts that are not known are not judged. Source: harvester-installer pkg/preflight/checks.go,
 * pkg/console/{install_panels,validator}.go, pkg/util/disk.go.
 */
import type { Role } from "./description";
import type { Problem } from "./problem";
import { isAtLeast } from "./versions";

/** What is known of a host. A field is missing where nobody says. */
export interface PreflightFacts {
  /** @default "default" */
  role?: Role;
  /** Hardware threads: what the installer counts (`nproc --all`) and calls cores. */
  threads?: number;
  /** Cores. Judged only where the threads are not known; with two threads a core they may pass for twice as many. */
  cores?: number;
  memoryGiB?: number;
  /** The network interfaces below the management bond. */
  nics?: readonly { name: string; mbps?: number }[];
  bootMode?: "uefi" | "legacy";
  /** Sizes in bytes. `data` is left out where the install disk is the only one. */
  disks?: { install?: number; data?: { bytes?: number } };
}

/** Least of something: below `test` the installer calls a host too small, below `production` too small for production. */
interface Minimum {
  test: number;
  production: number;
}

const THREADS: Minimum = { test: 8, production: 16 };
const MEMORY_GIB: Minimum = { test: 32, production: 64 };
const NIC_MBPS: Minimum = { test: 1_000, production: 10_000 };
/** Firmware keeps some memory for itself, so the installer allows for a twentieth less. */
const MEMORY_ALLOWANCE = 0.95;

const GIB = 2 ** 30;
/** Least sizes of disks, in GiB. */
const DISK_GIB = { single: 250, os: 180, data: 50, witness: 180 };

/** A decision of the person, in the way each problem names it. */
const SKIP = "`skipChecks: true` leaves this check out.";

/**
 * Predicts what will stop the installer of a version on a host. Properties are relative to the node (`disks.install`).
 * Errors stop it for certain; a warning says that it may.
 */
export function predictPreflight(facts: PreflightFacts, version: string, skipChecks = false): Problem[] {
  const problems = [...judgeBootMode(facts, version, skipChecks)];
  if (!skipChecks) problems.push(...judgeProcessors(facts), ...judgeMemory(facts), ...judgeNics(facts));
  // Until v1.8 skipchecks did not reach the sizes of disks.
  if (!skipChecks || !isAtLeast(version, "1.8")) problems.push(...judgeDisks(facts, version, skipChecks));
  return problems;
}

function* judgeProcessors({ threads, cores }: PreflightFacts): Iterable<Problem> {
  const count = threads ?? cores;
  const short = count === undefined ? undefined : shortOf(count, THREADS);
  if (short === undefined) return;
  // Two threads a core are the most there are.
  const certain = threads !== undefined || shortOf(cores! * 2, THREADS) !== undefined;
  yield problem(
    "hardware",
    "preflight-processors",
    `${count} ${threads === undefined ? "cores" : "hardware threads"}, and ${short}. ` +
      (certain ? SKIP : `It counts hardware threads, so this host may pass. ${SKIP}`),
    certain ? "error" : "warning",
  );
}

function* judgeMemory({ memoryGiB }: PreflightFacts): Iterable<Problem> {
  if (memoryGiB === undefined) return;
  const short = shortOf(memoryGiB, MEMORY_GIB, MEMORY_ALLOWANCE);
  if (short !== undefined)
    yield problem("hardware", "preflight-memory", `${memoryGiB} GiB of memory, and ${short}. ${SKIP}`);
}

function* judgeNics({ nics = [] }: PreflightFacts): Iterable<Problem> {
  for (const { name, mbps } of nics) {
    // A link that is down tells no speed.
    const short = mbps === undefined || mbps <= 0 ? undefined : shortOf(mbps, NIC_MBPS);
    if (short !== undefined)
      yield problem(
        "interfaces",
        "preflight-nic-speed",
        `${name} runs at ${mbps} Mbit/s, and ${short}. ${SKIP}`,
      );
  }
}

function* judgeBootMode(
  { bootMode }: PreflightFacts,
  version: string,
  skipChecks: boolean,
): Iterable<Problem> {
  if (bootMode !== "legacy") return;
  if (isAtLeast(version, "1.8")) {
    yield problem(
      "hardware",
      "preflight-boot-mode",
      `the host boots by legacy BIOS, which the installer of ${version} refuses, also with skipChecks. Switch its firmware to UEFI.`,
    );
  } else if (isAtLeast(version, "1.7") && !skipChecks) {
    yield problem(
      "hardware",
      "preflight-boot-mode",
      `the host boots by legacy BIOS; the installer of ${version} warns that it is deprecated, and stops there. Switch its firmware ` +
        `to UEFI. ${SKIP}`,
    );
  }
}

function* judgeDisks(
  { role, disks }: PreflightFacts,
  version: string,
  skipChecks: boolean,
): Iterable<Problem> {
  const witness = role === "witness" && isAtLeast(version, "1.6");
  const least = witness ? DISK_GIB.witness : disks?.data === undefined ? DISK_GIB.single : DISK_GIB.os;
  const sizes = [
    { property: "disks.install", bytes: disks?.install, least, what: "to be installed on" },
    ...(witness
      ? []
      : [{ property: "disks.data", bytes: disks?.data?.bytes, least: DISK_GIB.data, what: "for data" }]),
  ];
  for (const { property, bytes, least: wanted, what } of sizes) {
    if (bytes === undefined || bytes >= wanted * GIB) continue;
    const only =
      property === "disks.install" && !witness && disks?.data === undefined
        ? ` With a data disk of its own, ${DISK_GIB.os} GiB would do.`
        : "";
    const skipping = isAtLeast(version, "1.8")
      ? ` ${SKIP}`
      : skipChecks
        ? ` skipChecks does not help: before v1.8 it did not reach the sizes of disks.`
        : "";
    yield problem(
      property,
      "preflight-disk",
      `the disk has ${Math.floor(bytes / GIB)} GiB, and the installer of ${version} wants ${wanted} GiB ${what}.${only}${skipping}`,
    );
  }
}

/** What the installer says of too small a number; undefined where it is content. */
function shortOf(count: number, minimum: Minimum, allowance = 1): string | undefined {
  if (count < minimum.test * allowance)
    return `the installer wants ${minimum.test} at least, ${minimum.production} for production`;
  if (count < minimum.production * allowance)
    return `the installer also stops below ${minimum.production}, its minimum for production`;
  return undefined;
}

function problem(
  property: string,
  rule: string,
  message: string,
  severity: Problem["severity"] = "error",
): Problem {
  return { property, rule, severity, message };
}
