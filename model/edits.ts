/**
 * Which edits of a description may never be carried out as they are: the description judged last against the one that is wanted now. What
 * an edit means for the cluster as a whole is planned and judged in transition/.
 *
 * Values that are not known yet count as unchanged; the same judgement is passed again when they are.
 */
import { type ClusterDescription, hostnameOf, installedAs, type NodeDescription } from "./description";
import { canonicalSerial, sameUuid } from "./hardware";
import type { Problem } from "./problem";

/** A problem with an edit. */
export interface EditProblem extends Problem {
  /** The nearest way on: what to write instead. */
  next: string;
}

/** Facts of an installation that live on the machine's disk. They change by reinstalling, and never by themselves. */
const INSTALLED_FACTS = ["hostname", "role", "zone", "labels", "address", "interfaces", "disks"] as const;

/** The way out for whoever mistyped a first description. */
const NEVER_INSTALLED = "If no machine was installed yet, run pulumi destroy and begin anew.";

/** Facts of the whole cluster that its creation fixed for good. */
const CREATED_FACTS: readonly { path: string; otherwise?: string; why: string }[] = [
  { path: "vip.address", why: "Harvester has no procedure to change the VIP (harvester#2063)" },
  {
    path: "vip.mode",
    otherwise: "static",
    why: "Harvester has no procedure to change how the VIP is assigned (harvester#2063)",
  },
  {
    path: "managementNetwork.subnet",
    why: "node addresses cannot change after the installation (harvester#1228)",
  },
];

/**
 * Judges what changed about one node, and whether it was asked for as a reinstallation. `at` is the node's path.
 *
 * @param mayHaveMissed whether counts of `reinstall` may never have reached `before`: the plan stores each of them, a machine only those
 *   under which it could be looked at
 */
export function judgeNodeEdit(
  key: string,
  before: NodeDescription,
  after: NodeDescription,
  at: string,
  mayHaveMissed = false,
): EditProblem[] {
  const [was, wanted] = [before.reinstall ?? 0, after.reinstall ?? 0];
  const last = mayHaveMissed && wanted > was ? { ...before, reinstall: wanted - 1 } : before;
  return [
    ...judgeHardware(last, after, at),
    ...judgeInstallation(withDefaults(key, last), withDefaults(key, after), at),
  ];
}

/** A node with the defaults spelt out, so that writing one down is no edit. */
function withDefaults(key: string, node: NodeDescription): NodeDescription {
  return { ...node, hostname: hostnameOf(key, node), role: node.role ?? "default" };
}

/** Judges what the creation of the cluster fixed for good. Only changes are judged. */
export function judgeCreatedFacts(before: ClusterDescription, after: ClusterDescription): EditProblem[] {
  return CREATED_FACTS.filter(({ path, otherwise }) =>
    differs(valueAt(before, path) ?? otherwise, valueAt(after, path) ?? otherwise),
  ).map(({ path, why }) =>
    refusal(
      path,
      "fixed-at-creation",
      `${why}.`,
      `Set it back to ${text(valueAt(before, path))}; only a rebuild (generation raised by one) can change it. ${NEVER_INSTALLED}`,
    ),
  );
}

function judgeHardware(before: NodeDescription, after: NodeDescription, at: string): EditProblem[] {
  const was = installedAs(before);
  const wanted = installedAs(after);
  // Not known yet, as a whole.
  if (typeof was !== "object" || typeof wanted !== "object") return [];
  const differing = (["uuid", "serial"] as const).filter((name) => !SAME[name](was[name], wanted[name]));
  if (differing.length === 0) return [];
  const reinstalled = isRaisedByOne(before, after);
  if (reinstalled && differing.every((name) => SAME[name](before.hardware?.[name], wanted[name]))) return [];
  if (after.wasHardware !== undefined) {
    return [
      refusal(
        `${at}.wasHardware`,
        "hardware-is-identity",
        `it says what the machine was when it was installed, and that was ${text({ uuid: was.uuid, serial: was.serial })}.`,
        "Write that there, or give the other host a key of its own.",
      ),
    ];
  }
  if (
    before.wasHardware !== undefined &&
    differing.every((name) => before.hardware?.[name] === wanted[name])
  ) {
    return [
      refusal(
        `${at}.wasHardware`,
        "hardware-is-identity",
        "the machine is still known by it, until it is reinstalled.",
        `Put it back: ${text(was)}.`,
      ),
    ];
  }
  return differing.map((name) =>
    refusal(
      `${at}.hardware.${name}`,
      "hardware-is-identity",
      "the key of a node names one physical host for good.",
      `Set it back to ${text(before.hardware?.[name])}; or, if only its board was swapped, add ` +
        `${at}.wasHardware: ${text(was)}; or give the other host a key of its own.`,
    ),
  );
}

/** Whether two spellings name one thing; a value that is not known yet counts as unchanged. */
const SAME = {
  uuid: (left: unknown, right: unknown) =>
    !differs(left, right) || (typeof left === "string" && typeof right === "string" && sameUuid(left, right)),
  serial: (left: unknown, right: unknown) =>
    !differs(left, right) ||
    (typeof left === "string" &&
      typeof right === "string" &&
      canonicalSerial(left) === canonicalSerial(right)),
};

function isRaisedByOne(before: NodeDescription, after: NodeDescription): boolean {
  return (after.reinstall ?? 0) === (before.reinstall ?? 0) + 1;
}

function judgeInstallation(before: NodeDescription, after: NodeDescription, at: string): EditProblem[] {
  const [was, wanted] = [before.reinstall ?? 0, after.reinstall ?? 0];
  if (typeof was === "number" && typeof wanted === "number" && wanted !== was) {
    if (isRaisedByOne(before, after)) return [];
    return [
      refusal(
        `${at}.reinstall`,
        "reinstall-by-one",
        `it counts deliberate reinstallations, one at a time, and ${wanted} does not come next.`,
        `Set it to ${was + 1} to install the machine anew, or back to ${was}.`,
      ),
    ];
  }
  return INSTALLED_FACTS.filter((name) => differs(before[name], after[name])).map((name) =>
    refusal(
      `${at}.${name}`,
      "no-implied-reinstall",
      "it lives on the installed disk, and no edit implies a reinstallation, which wipes the disk.",
      `Set it back to ${text(before[name])}, or ask for the reinstallation by raising ${at}.reinstall to ${was + 1}.`,
    ),
  );
}

function refusal(property: string, rule: string, message: string, next: string): EditProblem {
  return { property, rule, severity: "error", message, next };
}

function valueAt(description: ClusterDescription, path: string): unknown {
  let value: unknown = description;
  for (const name of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}

/** Whether two known values differ. Anything that JSON cannot carry stands for "not known yet". */
export function differs(before: unknown, after: unknown): boolean {
  if (typeof before === "symbol" || typeof after === "symbol" || before === after) return false;
  if (before === null || after === null || typeof before !== "object" || typeof after !== "object") {
    return true;
  }
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].some((key) => differs(a[key], b[key]));
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
