/** `metal:index:Machine`: one physical host, from power-on to member of the cluster. */

import { hostnameOf, type NodeDescription } from "../../../model/description";
import { judgeNodeEdit } from "../../../model/edits";
import { sameUuid } from "../../../model/hardware";
import { propertyPath } from "../../../model/problem";
import type { StepKind } from "../../../model/transition";
import { bootServerFor } from "../../boot/server";
import { BmcError } from "../../redfish/errors";
import type { SystemFacts } from "../../redfish/facts";
import type { System } from "../../redfish/system";
import { differences } from "../../shell/diff";
import { explain } from "../../shell/errors";
import {
  containsUnknown,
  InitialisationFailed,
  isUnknown,
  type OperationContext,
  type Properties,
  type Resource,
  UNKNOWN,
  UserError,
} from "../../shell/resource";
import { chronicleOf } from "../chronicle";
import type { ClusterIdentity } from "../cluster";
import { lookAtCluster } from "../live-cluster";
import { leaveForReinstallation } from "../membership/leave/reinstallation";
import { isApproved } from "../plan/approved";
import { releasedIn } from "../release";
import { type Decision, decide, type Observation } from "./decide";
import { glance } from "./glance";
import { intentOf, type MachineInputs, machineId, machineInputs, machineOutputs } from "./inputs";
import { type Act, Installation } from "./installation";
import { connect, disksOf, look, memoryOf, refuseOtherHost, refuseToInstall } from "./look";

/** An installation on real hardware takes 15 to 30 minutes; servers with much memory test it for long at power-on. */
const DEFAULT_TIMEOUT_SECONDS = 3600;

/** `metal:index:Machine`. */
export const machine: Resource = {
  token: "metal:index:Machine",
  defaultTimeoutSeconds: DEFAULT_TIMEOUT_SECONDS,

  async check(_ctx, { news }) {
    // The description was judged as a whole by the Plan, without whose receipt there is no identity to be given here.
    return { inputs: news, failures: [] };
  },

  async diff(_ctx, { oldInputs, oldOutputs, news }) {
    const [before, after] = [oldInputs.node as NodeDescription, news.node as NodeDescription];
    const identity = (properties: Properties) =>
      (properties.identity as ClusterIdentity | undefined)?.incarnation;
    const [was, wanted] = [identity(oldInputs), identity(news)];
    if (was !== undefined && wanted !== undefined && !isUnknown(wanted) && was !== wanted) {
      throw new UserError(
        `identity.incarnation: ${String(news.key)} belongs to incarnation ${was}, not ${wanted}. Moving a machine to another ` +
          "incarnation is a rebuild, which is not available in this release. If the Cluster was lost from the state, restore it.",
      );
    }
    const key = String(news.key);
    const wished = raisedBetween(before, after) ? after : withoutInPlace(before, after);
    const problems = judgeNodeEdit(key, before, wished, propertyPath("nodes", key), true);
    if (problems.length > 0)
      throw new UserError(problems.map((p) => `${p.property}: ${p.message} ${p.next}`).join(" "));
    const changes = differences(oldInputs, news).filter((change) => concernsMachine(change.path));
    if (oldOutputs.phase !== "member") changes.push({ path: "phase", kind: "update", inputDiff: false });
    return { changes };
  },

  async create(ctx, properties) {
    if (ctx.preview) return { id: "", outputs: await previewed(ctx, properties, undefined) };
    const inputs = machineInputs(properties);
    return { id: machineId(inputs.node), outputs: await drive(ctx, inputs, undefined) };
  },

  async update(ctx, { oldOutputs, news }) {
    if (ctx.preview) {
      const again = oldOutputs.phase !== "member" || raised(oldOutputs, news);
      return { outputs: again ? await previewed(ctx, news, oldOutputs) : { ...oldOutputs, ...news } };
    }
    const inputs = machineInputs(news);
    if (oldOutputs.phase !== "member" || raised(oldOutputs, news)) {
      return { outputs: await drive(ctx, inputs, oldOutputs) };
    }
    const power = await withSystem(ctx, inputs, async (system) => {
      refuseOtherHost(ctx, inputs, await system.facts());
      return powerOf(system);
    });
    const { installedVersion, sshHostKey, caFingerprint } = oldOutputs as {
      installedVersion: string;
      sshHostKey: string;
      caFingerprint?: string;
    };
    return {
      outputs: machineOutputs(inputs, intentOf(inputs), {
        phase: "member",
        power,
        installedVersion,
        sshHostKey,
        caFingerprint,
      }),
    };
  },

  async read(ctx, { id, inputs, outputs }) {
    if (inputs === undefined || outputs === undefined) {
      throw new UserError(
        "A Machine cannot be imported by its id alone: nothing says how its BMC is reached. To take over a cluster that is " +
          "running, use `npm run adopt` (docs/adopting.md).",
      );
    }
    // A BMC or a VIP that is silent says nothing about whether the machine exists: it stays in the state (P11).
    const power = await withSystem(onlyLooking(ctx), machineInputs(outputs), (system) =>
      powerOfDeclared(ctx, machineInputs(outputs), system),
    ).catch((error) => {
      ctx.warn(`${String(inputs.key)}: its power is shown as it was last seen: ${explain(error)}`);
      return outputs.power;
    });
    if (power !== outputs.power)
      ctx.warn(`${String(inputs.key)}: its power is ${power}, and was ${outputs.power}.`);
    return { id, inputs, outputs: { ...outputs, power } };
  },

  async delete(ctx, { id, oldOutputs }) {
    const released = releasedIn(ctx.facts, id);
    if (released === "updated") return;
    const inputs = machineInputs(oldOutputs);
    const power = await withSystem(onlyLooking(ctx), inputs, powerOf).catch(explain);
    if (power === "Off") return;
    if (released === "unchanged") return refuseLivingMember(ctx, inputs, oldOutputs);
    throw new UserError(
      `${inputs.key} was not released, so it is not forgotten: its power is ${power}. A delete is never proof ` +
        "of intent. To take the cluster down, set allowDestroy: true, run `pulumi up`, then `pulumi destroy`; or power the " +
        "machine off and run this again. If the resource was renamed or moved, give it an alias. To make the state forget " +
        "a machine that goes on running, use `pulumi state delete`.",
    );
  },
};

/** The Membership has nothing to do without it: either it left in an earlier run, or it joined in one that did not come to its end. */
async function refuseLivingMember(
  ctx: OperationContext,
  inputs: MachineInputs,
  oldOutputs: Properties,
): Promise<void> {
  const pinned = oldOutputs.caFingerprint as string | undefined;
  const { kind, what, nodes } = await lookAtCluster(inputs, { signal: ctx.signal, pinned, thorough: true });
  const { hardware } = inputs.node;
  const node = nodes.find(({ uuid }) => sameUuid(uuid, hardware.uuid));
  if (kind === "ours" && node === undefined) return;
  throw new UserError(
    `${inputs.key} is not forgotten: ` +
      (node === undefined
        ? `whether it is a node of the cluster cannot be known (${what}), and its BMC does not report it as off. Bring the cluster back, or ` +
          "power the machine off, and run this again."
        : `it is a node of the cluster, ${node.name}, which joined in a run that did not come to its end, so nothing has taken it out. ` +
          "Describe it again and run `pulumi up`, which ends what was begun; then take it out of the description."),
  );
}

/** What changes about a node that stays is the membership's matter, which judges and carries it out with the others in view. */
const IN_PLACE = ["role", "zone", "labels", "maintenance", "power"] as const;

/** Which input paths are a matter of this machine. What the whole cluster shares changes in the cluster, not here. */
function concernsMachine(path: string): boolean {
  if (IN_PLACE.some((name) => path === `node.${name}` || path.startsWith(`node.${name}.`))) return false;
  return path.startsWith("node.") || path === "identity" || path === "identity.incarnation";
}

/** The node as it is wanted, but for what can change in place. */
function withoutInPlace(before: NodeDescription, after: NodeDescription): NodeDescription {
  const others = Object.entries(after).filter(([name]) => !(IN_PLACE as readonly string[]).includes(name));
  const kept = IN_PLACE.filter((name) => before[name] !== undefined).map((name) => [name, before[name]]);
  return Object.fromEntries([...others, ...kept]) as unknown as NodeDescription;
}

function raised(oldOutputs: Properties, news: Properties): boolean {
  return raisedBetween(oldOutputs.node as NodeDescription, news.node as NodeDescription);
}

function raisedBetween(before: NodeDescription, after: NodeDescription): boolean {
  return (after.reinstall ?? 0) !== (before.reinstall ?? 0);
}

/** Drives the machine until it is a member. Once something was changed outside, every failure keeps the state. */
async function drive(
  ctx: OperationContext,
  inputs: MachineInputs,
  oldOutputs: Properties | undefined,
): Promise<Properties> {
  const { key, node, identity } = inputs;
  const { outputs } = await chronicleOf(ctx.facts, identity).step(
    hostnameOf(key, node),
    () => carryOut(ctx, inputs, oldOutputs),
    ({ kind }) => kind,
  );
  return outputs;
}

/** Returns what the machine is then, and by which step it came to it; none where it was a member already. */
async function carryOut(
  ctx: OperationContext,
  inputs: MachineInputs,
  oldOutputs: Properties | undefined,
): Promise<{ outputs: Properties; kind: StepKind | undefined }> {
  const intent = intentOf(inputs);
  const memory = memoryOf(oldOutputs, intent);
  return withSystem(ctx, inputs, async (system) => {
    const decideNow = async (): Promise<{ decision: Act; observation: Observation }> => {
      const { facts, observation } = await look(ctx, system, inputs, memory);
      const decision: Decision = decide(intent, observation);
      judge(ctx, inputs, decision, facts);
      if (decision.act !== "leave") return { decision, observation };
      await leaveForReinstallation(ctx, inputs, decision.installation, oldOutputs);
      return decideNow();
    };
    const { decision, observation } = await decideNow();
    const installation = new Installation(
      ctx,
      inputs,
      intent,
      system,
      bootServerFor(inputs.cluster.bootServer),
      {
        phase: observation.mark?.intent === intent.id ? observation.mark.phase : memory.remembered,
        caFingerprint: memory.caFingerprint,
        decideAgain: async () => (await decideNow()).decision,
      },
    );
    try {
      await installation.carryOut(decision);
    } catch (error) {
      if (installation.phase === undefined) throw error;
      const outputs = machineOutputs(inputs, intent, { phase: installation.phase, power: "unknown" });
      throw new InitialisationFailed(machineId(inputs.node), outputs, [explain(error)]);
    }
    const { signal, facts } = ctx;
    const { client } = await lookAtCluster(inputs, { signal, facts, pinned: memory.caFingerprint });
    const outputs = machineOutputs(inputs, intent, {
      phase: "member",
      power: await powerOf(system),
      caFingerprint: client?.caFingerprint ?? memory.caFingerprint,
    });
    const creates = intent.creator && observation.cluster !== "ours";
    const again = oldOutputs !== undefined && (inputs.node.reinstall ?? 0) > 0;
    const installed = creates ? "create" : again ? "reinstall" : "join";
    return { outputs, kind: decision.act === "adopt" ? undefined : installed };
  });
}

/** Throws where a decision must not be carried out; what is left of it may be. */
function judge(
  ctx: OperationContext,
  inputs: MachineInputs,
  decision: Decision,
  facts: SystemFacts,
): asserts decision is Exclude<Decision, { act: "refuse" }> {
  if (decision.act === "refuse") throw new UserError(`${inputs.key}: ${decision.reason}`);
  if (decision.act === "install") announce(ctx, inputs, facts);
  if (decision.act !== "leave") return;
  const { key, node, approved } = inputs;
  const step = { kind: "reinstall" as const, node: key, reinstall: node.reinstall ?? 0 };
  // A preview is where somebody reads what there is to approve.
  if (!ctx.preview && !isApproved(approved, step)) {
    throw new UserError(
      `${key}: it is a living member, and nobody has approved that it is installed anew under reinstall: ${step.reinstall}. Run preview and up ` +
        "of the whole stack: the plan says what to approve.",
    );
  }
  announce(ctx, inputs, facts);
}

/** Refuses an installation that must not be, and says in a preview what the others will wipe (P2). */
function announce(ctx: OperationContext, inputs: MachineInputs, facts: SystemFacts): void {
  refuseToInstall(ctx, inputs, facts);
  if (ctx.preview)
    ctx.info(`${inputs.key} (${facts.serial}): will be installed. ${disksOf(inputs.node, facts)}`);
}

/** What a preview can say: it looks, refuses what would be refused, and says what it could not see. */
async function previewed(
  ctx: OperationContext,
  properties: Properties,
  oldOutputs: Properties | undefined,
): Promise<Properties> {
  const outputs = {
    ...properties,
    phase: UNKNOWN,
    installation: UNKNOWN,
    hostname: UNKNOWN,
    sshHostKey: UNKNOWN,
    installedVersion: UNKNOWN,
    power: UNKNOWN,
    caFingerprint: UNKNOWN,
  };
  const node = properties.node as NodeDescription;
  if (containsUnknown(node.hardware) || containsUnknown(node.bmc)) return outputs;
  const inputs = machineInputs(properties);
  try {
    await glance(ctx, inputs.node, async (system) => {
      if (containsUnknown(properties)) {
        const facts = await system.facts();
        refuseOtherHost(ctx, inputs, facts);
        if (!containsUnknown(node)) announce(ctx, inputs, facts);
        return;
      }
      const intent = intentOf(inputs);
      const { facts, observation } = await look(ctx, system, inputs, memoryOf(oldOutputs, intent));
      judge(ctx, inputs, decide(intent, observation), facts);
    });
  } catch (error) {
    if (!(error instanceof BmcError && error.problem === "silent")) throw error;
    ctx.warn(`${inputs.key}: not known, because its BMC did not answer: ${error.message}`);
  }
  return outputs;
}

/** For a refresh or a delete, which write nothing either: the BMC client is held to it, and as impatient as in a preview. */
function onlyLooking({ signal }: OperationContext): Pick<OperationContext, "signal" | "preview"> {
  return { signal, preview: true };
}

/** For a refresh: the power, and a word where the BMC reports another host than the declared one. */
async function powerOfDeclared(
  ctx: OperationContext,
  inputs: MachineInputs,
  system: System,
): Promise<string> {
  const facts = await system.facts();
  try {
    refuseOtherHost(ctx, inputs, facts);
  } catch (error) {
    ctx.warn(`${inputs.key}: ${explain(error)}`);
  }
  return facts.power ?? "unknown";
}

async function powerOf(system: System): Promise<string> {
  return (await system.state()).power ?? "unknown";
}

async function withSystem<T>(
  ctx: Pick<OperationContext, "signal" | "preview">,
  inputs: Pick<MachineInputs, "node">,
  work: (system: System) => Promise<T>,
): Promise<T> {
  const system = connect(ctx, inputs);
  try {
    return await work(system);
  } finally {
    await system.close();
  }
}
