/** Looks at a machine: the host through its BMC, and the cluster it belongs to through the VIP. Changes nothing. */
import type { NodeDescription } from "../../../model/description";
import {
  canonicalSerial,
  compareHardware,
  declaredHardware,
  describeComparison,
} from "../../../model/hardware";
import { errorsOf } from "../../../model/problem";
import type { SystemFacts } from "../../redfish/facts";
import { System } from "../../redfish/system";
import { type OperationContext, UserError } from "../../shell/resource";
import { nodesDeclaring } from "../hosts";
import { type LiveCluster, lookAtCluster, nodeOn } from "../live-cluster";
import { refuseUnjudgedInstallation } from "../plan/judged";
import type { Intent, Observation, Phase } from "./decide";
import { INSTALLATION_LABEL, type MachineInputs } from "./inputs";
import { readMark } from "./mark";
import { preflight } from "./preflight";

/** What was seen. */
export interface Look {
  facts: SystemFacts;
  cluster: LiveCluster;
  observation: Observation;
}

/** In a preview somebody waits in front of a screen, and a BMC that is silent is no error there. */
const PREVIEW_TIMING = { requestMs: 5000, attemptsMs: 4000 };

/** A connection to the machine's BMC, read-only in a preview. */
export function connect(
  ctx: Pick<OperationContext, "signal" | "preview">,
  inputs: Pick<MachineInputs, "node">,
): System {
  return new System({
    bmc: inputs.node.bmc,
    readOnly: ctx.preview,
    signal: ctx.signal,
    ...(ctx.preview ? { timing: PREVIEW_TIMING } : {}),
  });
}

/**
 * Looks, and refuses at once if the host is not the one that the description names: everything after this acts on it.
 */
export async function look(
  ctx: OperationContext,
  system: System,
  inputs: MachineInputs,
  memory: Memory,
): Promise<Look> {
  const facts = await system.facts();
  refuseOtherHost(ctx, inputs, facts);
  const { signal, facts: run } = ctx;
  const options = { signal, facts: run, pinned: memory.caFingerprint, thorough: true };
  const cluster = await lookAtCluster(inputs, options);
  return { facts, cluster, observation: observe(inputs, facts, cluster, memory) };
}

function observe(
  inputs: MachineInputs,
  facts: SystemFacts,
  cluster: LiveCluster,
  { remembered, formerly }: Memory,
): Observation {
  const node = nodeOn(cluster, inputs.node.hardware);
  return {
    poweredOn: facts.power !== "Off",
    mark: readMark(facts.assetTag),
    remembered,
    formerly,
    cluster: cluster.kind,
    clusterSays: cluster.what,
    node: node && { installation: node.labels[INSTALLATION_LABEL] },
  };
}

/** What the state remembers of a machine. */
export interface Memory {
  /** Phase under this very intent. */
  remembered: Phase | undefined;
  /** Phase under an earlier intent. */
  formerly: Phase | undefined;
  /** Fingerprint of the cluster's authority. */
  caFingerprint: string | undefined;
}

/** Reads the outputs that were stored last. */
export function memoryOf(outputs: Record<string, unknown> | undefined, intent: Intent): Memory {
  const phase = outputs?.phase as Phase | undefined;
  const same = outputs?.installation === intent.id;
  return {
    remembered: same ? phase : undefined,
    formerly: same ? undefined : phase,
    caFingerprint: outputs?.caFingerprint as string | undefined,
  };
}

/** Stops before an installation that nobody judged, that would wipe another disk than the listed ones, or that the installer would not begin. */
export function refuseToInstall(ctx: OperationContext, inputs: MachineInputs, facts: SystemFacts): void {
  refuseUnjudgedInstallation(inputs.judged, inputs.key, inputs.node.reinstall);
  refuseMissingDisks(inputs, facts);
  const problems = preflight(inputs.cluster, inputs.node, facts);
  for (const { message } of problems.filter(({ severity }) => severity === "warning")) {
    ctx.warn(`${inputs.key}: ${message}`);
  }
  const errors = errorsOf(problems);
  if (errors.length === 0) return;
  const reasons = errors.map(({ property, message, rule }) => `node.${property}: ${message} (rule ${rule})`);
  throw new UserError(
    `${inputs.key}: the installer would stop on this host without a word. ${reasons.join(" ")} Nothing was changed.`,
  );
}

/** Stops where the host is not, or not surely, the declared one. */
export function refuseOtherHost(
  run: Pick<OperationContext, "facts">,
  { key, node }: Pick<MachineInputs, "key" | "node">,
  facts: SystemFacts,
): void {
  const observed = { uuid: facts.uuid, serial: facts.serial, macs: facts.nics.map(({ mac }) => mac) };
  // A board takes its network cards along; those of the one that was installed stand in the description.
  const { macs, ...declared } = declaredHardware(node);
  const comparison = compareHardware(
    node.wasHardware === undefined ? { ...declared, macs } : declared,
    observed,
  );
  if (comparison.verdict === "same") return;
  throw new UserError(
    `node.hardware: the BMC ${node.bmc.endpoint} of ${key} does not report the host that the description names ` +
      `(${describeComparison(comparison).join("; ")}). ${othersThan(key, nodesDeclaring(run.facts, facts.uuid ?? ""))}` +
      "Acting on it might wipe another machine. Nothing was changed. " +
      `Correct nodes.${key}.bmc.endpoint, or nodes.${key}.hardware if this is the right host. If its board was swapped ` +
      `since it was installed, also say in nodes.${key}.wasHardware what it was.`,
  );
}

/** Says whose UUID was reported, where it is another node's. */
function othersThan(key: string, declaring: readonly string[]): string {
  const others = declaring.filter((other) => other !== key);
  if (others.length === 0) return "";
  const names = others.map((other) => `nodes.${other}`).join(" and ");
  return (
    `That is the UUID of ${names}: either nodes.${key}.bmc.endpoint and that of ${names} are mixed up, or both boards carry ` +
    "one UUID, which only their vendor's tool can mend. "
  );
}

/** Stops where a disk that is to be wiped is not there: another one would take its device name. */
function refuseMissingDisks({ key, node }: MachineInputs, facts: SystemFacts): void {
  const present = facts.drives.map((drive) => drive.serial).filter((serial) => serial !== undefined);
  // Many BMCs see only the disks behind their own controllers; without any list there is nothing to compare with.
  if (present.length === 0) return;
  const wanted = [
    node.disks.install,
    ...(node.disks.data ? [node.disks.data] : []),
    ...(node.disks.wipe ?? []),
  ];
  const missing = wanted.filter(
    (disk) => !present.some((serial) => canonicalSerial(serial) === canonicalSerial(disk.serial)),
  );
  if (missing.length === 0) return;
  throw new UserError(
    `node.disks: ${key} has no disk with serial ${missing.map((disk) => disk.serial).join(", ")}; its BMC lists ` +
      `${present.join(", ")}. Installing would wipe whatever disk takes that name. Nothing was changed. Correct ` +
      `nodes.${key}.disks.`,
  );
}

/** What an installation does to the disks, by serial number, for the preview. */
export function disksOf({ disks }: NodeDescription, facts: SystemFacts): string {
  const listed = [disks.install, ...(disks.data ? [disks.data] : []), ...(disks.wipe ?? [])];
  const wiped = listed.map(({ serial, device }) => `${serial} (${device})`).join(", ");
  const kept = facts.drives
    .map((drive) => drive.serial?.trim())
    .filter(
      (serial) => serial && !listed.some((disk) => canonicalSerial(disk.serial) === canonicalSerial(serial)),
    );
  const known =
    facts.drives.length === 0 ? " Its BMC lists no disks, so serial numbers were not compared." : "";
  return `Wiped: ${wiped}. Kept: ${kept.join(", ") || "no other disk"}.${known}`;
}
