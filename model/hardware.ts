import { createHash } from "node:crypto";
import type { NodeDescription } from "./description";
import { normaliseMac } from "./formats";

/**
 * Which physical host is this? The answer decides whether a disk may be wiped, so it must neither change with a BIOS
 * update nor fall for a look-alike.
 */

/** Identity of a host, as declared or as a BMC reports it. */
export interface HardwareIdentity {
  /** System UUID (SMBIOS). */
  uuid?: string;
  /** Serial number of the system. */
  serial?: string;
  /** MAC addresses of the network interfaces. */
  macs?: readonly string[];
}

/** One line of the comparison. */
export interface HardwareDifference {
  what: "uuid" | "serial" | "macs";
  declared: string;
  /** What the host reports; empty when it reports nothing. */
  observed: string;
  /** `agrees in part`: some of the declared MACs were found. BMCs seldom list the cards that were added later. */
  verdict: "agrees" | "agrees in part" | "differs" | "not reported";
}

/** The comparison of two identities. */
export interface HardwareComparison {
  /**
   * `same`: UUID and serial both agree, and one of the MACs at least, if any are reported. `different`: nothing agrees.
   * `partial`: some of it agrees, or too little is reported: a person must look.
   */
  verdict: "same" | "different" | "partial";
  /** What was compared, line by line. */
  table: HardwareDifference[];
}

/** The 32 hex digits of a UUID in lower case; undefined when it is none. */
export function uuidDigits(uuid: string): string | undefined {
  const digits = uuid.replace(/[-{}\s]/g, "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

/**
 * The UUID in a form that is the same for both byte orders and cases. SMBIOS 2.6 stores the first three fields little-endian,
 * and firmware versions differ in whether they swap them back, so one host shows up under two UUIDs.
 */
export function canonicalUuid(uuid: string): string | undefined {
  const digits = uuidDigits(uuid);
  if (digits === undefined) return undefined;
  const swapped =
    swapBytes(digits.slice(0, 8)) +
    swapBytes(digits.slice(8, 12)) +
    swapBytes(digits.slice(12, 16)) +
    digits.slice(16);
  return [digits, swapped].sort()[0];
}

/** Whether two UUIDs name one host. Malformed UUIDs are the same as nothing. */
export function sameUuid(left: string, right: string): boolean {
  const canonical = canonicalUuid(left);
  return canonical !== undefined && canonical === canonicalUuid(right);
}

/** The serial number in a form to compare: without surrounding blanks, case-blind. */
export function canonicalSerial(serial: string): string {
  return serial.trim().toUpperCase();
}

/** Compares a declared host with an observed one. Declared facts that are missing are not compared. */
export function compareHardware(declared: HardwareIdentity, observed: HardwareIdentity): HardwareComparison {
  const table: HardwareDifference[] = [];
  const compare = (
    what: HardwareDifference["what"],
    mine: string,
    theirs: string,
    agrees: boolean,
    partly = false,
  ) => {
    if (mine === "") return;
    const compared = agrees ? "agrees" : partly ? "agrees in part" : "differs";
    table.push({
      what,
      declared: mine,
      observed: theirs,
      verdict: theirs === "" ? "not reported" : compared,
    });
  };
  compare(
    "uuid",
    declared.uuid ?? "",
    observed.uuid ?? "",
    sameUuid(declared.uuid ?? "", observed.uuid ?? ""),
  );
  const [mySerial, theirSerial] = [declared.serial?.trim() ?? "", observed.serial?.trim() ?? ""];
  compare("serial", mySerial, theirSerial, canonicalSerial(mySerial) === canonicalSerial(theirSerial));
  const [myMacs, theirMacs] = [macsOf(declared), macsOf(observed)];
  compare(
    "macs",
    myMacs.join(", "),
    theirMacs.join(", "),
    myMacs.every((mac) => theirMacs.includes(mac)),
    myMacs.some((mac) => theirMacs.includes(mac)),
  );
  return { verdict: verdictOf(table, myMacs, theirMacs), table };
}

/** The host that a node declares: UUID, serial number, and the MACs of its interfaces as far as they are given. */
export function declaredHardware(
  node: Pick<NodeDescription, "hardware" | "interfaces">,
): Required<HardwareIdentity> {
  const { uuid, serial } = node.hardware;
  return { uuid, serial, macs: node.interfaces.flatMap(({ hwAddr }) => hwAddr ?? []) };
}

/** The comparison as lines of text: `serial: declared A1, found B2 (differs)`. */
export function describeComparison(comparison: HardwareComparison): string[] {
  return comparison.table.map(
    (line) =>
      `${line.what}: declared ${line.declared}, found ${line.observed || "nothing"} (${line.verdict})`,
  );
}

/** What an intent to install is made of. */
export interface InstallIntent {
  /** Id of the cluster's incarnation. */
  incarnation: string;
  hardware: { uuid: string; serial: string };
  /** `NodeDescription.reinstall`, 0 for the first installation. */
  reinstall: number;
}

/**
 * Id of the reviewed wish to install one machine once: 12 hex digits, the same after any crash and after any BIOS update, another
 * one for another machine, incarnation or `reinstall`.
 */
export function intentId(intent: InstallIntent): string {
  const uuid = canonicalUuid(intent.hardware.uuid);
  if (uuid === undefined)
    throw new Error(`"${intent.hardware.uuid}" is not a UUID, so the machine has no identity`);
  const parts = [intent.incarnation, uuid, canonicalSerial(intent.hardware.serial), intent.reinstall];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}

/**
 * How far an intent has come, as written into the machine's asset tag. `armed`: told to boot the installer once.
 * `served`: it fetched its configuration, the point of no return. `started`: its installer reported that it has begun, so the
 * configuration is never handed out again. `done`: it reported its installation as successful.
 */
export type IntentPhase = "armed" | "served" | "started" | "done";

const PHASES: readonly IntentPhase[] = ["armed", "served", "started", "done"];

/** The asset tag that marks a machine: `hvst:<intent>:<phase>`. BMCs allow 40 characters and more. */
export function assetTag(intent: string, phase: IntentPhase): string {
  return `hvst:${intent}:${phase}`;
}

/** Reads an asset tag; undefined when it is not one of ours. */
export function parseAssetTag(tag: string): { intent: string; phase: IntentPhase } | undefined {
  const match = /^hvst:([0-9a-f]{12}):([a-z]+)$/.exec(tag.trim());
  const phase = PHASES.find((candidate) => candidate === match?.[2]);
  return match === null || phase === undefined ? undefined : { intent: match[1]!, phase };
}

function verdictOf(
  table: readonly HardwareDifference[],
  myMacs: readonly string[],
  theirMacs: readonly string[],
): HardwareComparison["verdict"] {
  const agrees = (what: HardwareDifference["what"]) =>
    table.some((line) => line.what === what && line.verdict === "agrees");
  const compared = table.filter((line) => line.verdict !== "not reported");
  if (
    compared.length > 0 &&
    compared.every((line) => line.verdict !== "differs") &&
    agrees("uuid") &&
    agrees("serial")
  ) {
    return "same";
  }
  // One network card that moved over makes two hosts partly alike.
  const sharesMac = myMacs.some((mac) => theirMacs.includes(mac));
  const differs = compared.length > 0 && compared.every((line) => line.verdict === "differs");
  return differs && !sharesMac ? "different" : "partial";
}

function macsOf(identity: HardwareIdentity): string[] {
  return (identity.macs ?? []).map((mac) => normaliseMac(mac) ?? mac.toLowerCase()).sort();
}

function swapBytes(hex: string): string {
  return hex.match(/../g)!.reverse().join("");
}
