/** Looks at a machine: the host through its BMC, and the cluster it belongs to through the VIP. Changes nothing. */
import { compareHardware, describeComparison } from "../../../model/hardware";
import { errorsOf } from "../../../model/problem";
import type { SystemFacts } from "../../redfish/facts";
import { System } from "../../redfish/system";
import { type OperationContext, UserError } from "../../shell/resource";
import { type LiveCluster, lookAtCluster, nodeOn } from "../live-cluster";
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
const PREVIEW_TIMING = { requestMs: 5000, attemptsMs: 8000 };

/** A connection to the machine's BMC, read-only in a preview. */
export function connect(ctx: OperationContext, inputs: Pick<MachineInputs, "node">): System {
  return new System({
    bmc: inputs.node.bmc,
    readOnly: ctx.preview,
    signal: ctx.signal,
    ...(ctx.preview ? { timing: PREVIEW_TIMING } : {}),
  });
}

/**
 * Looks, and refuses at once if the host is not the one that the description names: everything after this acts on it.
 *
 * @param remembered phase that the state holds for this very intent
 */
export async function look(
  ctx: OperationContext,
  system: System,
  inputs: MachineInputs,
  remembered: Phase | undefined,
): Promise<Look> {
  const facts = await system.facts();
  refuseOtherHost(inputs, facts);
  const cluster = await lookAtCluster(inputs, { signal: ctx.signal, thorough: true });
  return { facts, cluster, observation: observe(inputs, facts, cluster, remembered) };
}

function observe(
  inputs: MachineInputs,
  facts: SystemFacts,
  cluster: LiveCluster,
  remembered: Phase | undefined,
): Observation {
  const node = nodeOn(cluster, inputs.node.hardware);
  return {
    poweredOn: facts.power !== "Off",
    mark: readMark(facts.assetTag),
    remembered,
    cluster: cluster.kind,
    clusterSays: cluster.what,
    node: node && { installation: node.labels[INSTALLATION_LABEL] },
  };
}

/** Phase that the state remembers, if it remembers this very intent. */
export function rememberedPhase(
  outputs: Record<string, unknown> | undefined,
  intent: Intent,
): Phase | undefined {
  return outputs?.installation === intent.id ? (outputs.phase as Phase) : undefined;
}

/** Stops before an installation that would wipe another disk than the listed ones, or that the installer would not begin. */
export function refuseToInstall(ctx: OperationContext, inputs: MachineInputs, facts: SystemFacts): void {
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
  { key, node }: Pick<MachineInputs, "key" | "node">,
  facts: SystemFacts,
): void {
  const comparison = compareHardware({ ...node.hardware }, { uuid: facts.uuid, serial: facts.serial });
  if (comparison.verdict === "same") return;
  throw new UserError(
    `node.hardware: the BMC ${node.bmc.endpoint} of ${key} does not report the host that the description names ` +
      `(${describeComparison(comparison).join("; ")}). Acting on it might wipe another machine. Nothing was changed. ` +
      `Correct nodes.${key}.bmc.endpoint, or nodes.${key}.hardware if this is the right host.`,
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
  const missing = wanted.filter((disk) => !present.some((serial) => serial.trim() === disk.serial));
  if (missing.length === 0) return;
  throw new UserError(
    `node.disks: ${key} has no disk with serial ${missing.map((disk) => disk.serial).join(", ")}; its BMC lists ` +
      `${present.join(", ")}. Installing would wipe whatever disk takes that name. Nothing was changed. Correct ` +
      `nodes.${key}.disks.`,
  );
}
