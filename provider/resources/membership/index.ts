/** `metal:index:Membership`: who belongs to the cluster, verified against the cluster itself. */

import type { ReturnedMachine } from "../../../model/fence";
import { recordOf } from "../../../model/transition";
import { pause } from "../../net/retry";
import { differences } from "../../shell/diff";
import { engineCommand, whyNotWhole } from "../../shell/engine-command";
import {
  type OperationContext,
  type Properties,
  type Resource,
  UNKNOWN,
  UserError,
} from "../../shell/resource";
import { chronicleOf } from "../chronicle";
import { firstLogin, type LiveCluster, lookAtCluster } from "../live-cluster";
import { machineId } from "../machine/inputs";
import { recordSettled } from "../release";
import { keepFenced } from "./fence";
import { returnedBy } from "./fence/returned";
import { carryOutInPlace } from "./in-place";
import { type MembershipInputs, membershipInputs } from "./inputs";
import { carryOutLeaves, peerOf } from "./leave";
import { takeBack } from "./leave/take-back";
import { tolerant } from "./leave/take-out";
import { powerDown } from "./power-down";
import { readRoster, writeRoster } from "./roster";
import { refuseUnknownKey } from "./ssh-key";
import { warnOfRoster } from "./standing";
import { type Expectation, type Verification, verify } from "./verify";

/** How often the cluster is looked at while waiting. */
const LOOK_EVERY_MS = 2000;

/** `metal:index:Membership`. */
export const membership: Resource = {
  token: "metal:index:Membership",
  defaultTimeoutSeconds: 1800,
  secretOutputs: ["kubeconfig"],

  async check(_ctx, { news }) {
    return { inputs: news, failures: [] };
  },

  async diff(ctx, { oldInputs, oldOutputs, news }) {
    const back = ((news.back ?? []) as unknown[]).length > 0;
    const changes = differences(oldInputs, news).filter(
      ({ path }) => concernsMembership(path) || (back && path.startsWith("back")),
    );
    if (changes.length === 0) {
      const pinned = oldOutputs.caFingerprint as string | undefined;
      // Nobody has edited anything; what lies between the description and the cluster is a node too many.
      if (await warnOfRoster(ctx, membershipInputs(news), pinned))
        return { changes: [{ path: "nodes", kind: "update", inputDiff: false }] };
      recordSettled(ctx.facts, ctx.urn, idsOf(news), "unchanged");
    }
    return { changes };
  },

  async create(ctx, properties) {
    if (ctx.preview) return { id: "", outputs: { ...properties, ...NOT_KNOWN } };
    const inputs = membershipInputs(properties);
    const outputs = await settle(ctx, inputs, undefined);
    return { id: inputs.cluster.vip.address, outputs };
  },

  async update(ctx, { oldOutputs, news }) {
    if (ctx.preview) return { outputs: { ...oldOutputs, ...news, ...NOT_SEEN } };
    return { outputs: await settle(ctx, membershipInputs(news), oldOutputs) };
  },

  async read(ctx, { id, inputs, outputs }) {
    if (inputs === undefined || outputs === undefined) {
      throw new UserError(
        "A Membership cannot be imported: it is made of the machines in the state. To take over a cluster that is running, " +
          "use `npm run adopt` (docs/adopting.md).",
      );
    }
    return { id, inputs, outputs: { ...outputs, ...(await seenNow(ctx, outputs)) } };
  },

  async delete(ctx, { oldOutputs }) {
    const inputs = membershipInputs(oldOutputs);
    // Only what an earlier `up` stored counts: a destroy must not be able to bring its own permission along.
    if (inputs.cluster.allowDestroy !== true) return;
    refuseUnlessWhole(whyNotWhole(engineCommand(), process.env));
    await powerDown(ctx, inputs);
  },
};

/** What only an update finds out. */
const NOT_SEEN = { nodes: UNKNOWN, quorum: UNKNOWN, lastChange: UNKNOWN };

const NOT_KNOWN = { kubeconfig: UNKNOWN, caFingerprint: UNKNOWN, ...NOT_SEEN };

/** Everything depends on something: whoever names one machine, with what depends on it, has not said that the cluster is to go (P11). */
function refuseUnlessWhole(why: string | undefined): void {
  if (why === undefined) return;
  throw new UserError(
    `The cluster is not powered down: only a \`pulumi destroy\` of the whole stack does that, and ${why}. No machine was touched. To take the cluster down, ` +
      "run `pulumi destroy` without --target and --exclude. To take one node out, take it out of the description. To make the state forget a resource, " +
      "use `pulumi state delete`.",
  );
}

function idsOf(properties: Properties): string[] {
  return membershipInputs(properties).members.map((member) => machineId(member.node));
}

/** Who belongs, how the cluster is reached, and whether it may be destroyed. The rest of the description is not its matter. */
function concernsMembership(path: string): boolean {
  return (
    (path.startsWith("members") && !path.endsWith(".sshHostKey")) ||
    path.startsWith("cluster.access") ||
    path === "cluster.allowDestroy" ||
    path === "cluster.version" ||
    path.startsWith("identity")
  );
}

/**
 * Takes out who belongs no more, waits until everybody who belongs is there and well, and says so. A failure is a plain error: what had been achieved
 * before stays in the state as it was, so that the engine spares what depends on it.
 */
async function settle(
  ctx: OperationContext,
  inputs: MembershipInputs,
  oldOutputs: Properties | undefined,
): Promise<Properties> {
  if (oldOutputs !== undefined) {
    const { members } = membershipInputs(oldOutputs);
    const pinned = oldOutputs.caFingerprint as string | undefined;
    const stay = inputs.members.filter((member) => members.some(({ key }) => key === member.key));
    await refuseUnknownKey(
      ctx,
      membershipInputs(oldOutputs),
      inputs,
      stay.flatMap((member) => {
        const shell = peerOf(inputs, member)?.shell;
        return shell === undefined ? [] : [{ key: member.key, shell }];
      }),
    );
    // Before anything is moved off another node, nobody may be moved onto one that is to go.
    await keepFenced(ctx, inputs, pinned);
    await takeBack(ctx, inputs, pinned);
    const course = { ctx, inputs, before: members, pinned };
    await carryOutInPlace(course, ["switch-on", "resume", "relabel"]);
    await carryOutLeaves(ctx, inputs, members, pinned);
    await carryOutInPlace(course, ["maintain", "switch-off"]);
  }
  const { cluster, verification } = await waitUntilWell(ctx, inputs, oldOutputs);
  const client = cluster.client!;
  ctx.status("writing the roster");
  await writeRoster(client, inputs);
  const known = oldOutputs?.kubeconfig as string | undefined;
  const kubeconfig = known !== undefined && (await client.accepts(known)) ? known : await client.kubeconfig();
  recordSettled(
    ctx.facts,
    ctx.urn,
    inputs.members.map((member) => machineId(member.node)),
    "updated",
  );
  const changed = recordOf(chronicleOf(ctx.facts, inputs.identity).steps);
  return {
    ...inputs,
    kubeconfig,
    caFingerprint: client.caFingerprint,
    nodes: verification.nodes,
    quorum: verification.quorum,
    lastChange: changed ?? oldOutputs?.lastChange,
  };
}

/** What a refresh learns: the nodes as they are now. A cluster that cannot be asked leaves everything as it was last seen. */
async function seenNow(ctx: OperationContext, outputs: Properties): Promise<Properties> {
  const inputs = membershipInputs(outputs);
  const pinned = outputs.caFingerprint as string | undefined;
  const cluster = await lookAtCluster(inputs, { signal: ctx.signal, pinned });
  if (cluster.kind !== "ours") {
    ctx.warn(`The nodes are shown as they were last seen: ${cluster.what}.`);
    return {};
  }
  const { version } = inputs.cluster;
  const { returned } = await returnedTo(inputs, cluster);
  const { nodes, quorum, pending, wrong } = verify(inputs.members, cluster.nodes, { version, returned });
  // The engine shows no change of outputs; whoever asks for a refresh wants to read of it.
  for (const drift of [...pending, ...wrong]) ctx.warn(`members: ${drift}.`);
  return { nodes, quorum };
}

/** Only a cluster that has just been formed has to have the control plane that declared roles alone come to. */
function expectationOf(
  { cluster, identity }: MembershipInputs,
  oldOutputs: Properties | undefined,
): Expectation {
  const { version } = cluster;
  return oldOutputs === undefined ? { version, creator: identity.creator.key } : { version };
}

/** Who came back after it had left; where the roster cannot be read right now, `open` says so. */
async function returnedTo(
  { identity, members }: MembershipInputs,
  { client, nodes }: LiveCluster,
): Promise<{ returned: ReturnedMachine[]; open: string[] }> {
  if (client === undefined) return { returned: [], open: [] };
  const described = Object.fromEntries(members.map(({ key, node }) => [key, node]));
  const roster = await tolerant(() => readRoster(client));
  if ("act" in roster) return { returned: [], open: [roster.what] };
  return { returned: returnedBy(roster, nodes, described, identity.incarnation), open: [] };
}

async function waitUntilWell(
  ctx: OperationContext,
  inputs: MembershipInputs,
  oldOutputs: Properties | undefined,
): Promise<{ cluster: LiveCluster; verification: Verification }> {
  const pinned = oldOutputs?.caFingerprint as string | undefined;
  let overdue: string[] = [];
  for (;;) {
    const cluster = await lookAtCluster(inputs, { signal: ctx.signal, facts: ctx.facts, pinned });
    if (cluster.kind === "other") throw new UserError(`cluster.vip: ${cluster.what}. Nothing was changed.`);
    const { returned, open: unread } = await returnedTo(inputs, cluster);
    const verification = verify(inputs.members, cluster.nodes, {
      ...expectationOf(inputs, oldOutputs),
      returned,
    });
    const open = cluster.kind === "ours" ? [...verification.pending, ...unread] : [cluster.what];
    if (returned.length > 0 && overdue.length === 0) {
      const left = await keepFenced(ctx, inputs, pinned);
      overdue = left.overdue;
      // What was seen before they were put out still has them.
      const isOut = left.open.length + overdue.length === 0;
      open.push(...(isOut ? ["the cluster to be looked at without who was put out"] : left.open));
    }
    if (cluster.hasBootstrapPassword) {
      ctx.status("changing the bootstrap password");
      await firstLogin(inputs, cluster);
      continue;
    }
    if (open.length === 0) {
      if (verification.wrong.length > 0)
        throw new UserError(
          `members: ${[...(returned.length > 0 ? overdue : []), ...verification.wrong].join("; ")}.`,
        );
      return { cluster, verification };
    }
    ctx.status(`waiting: ${open.join("; ")}`);
    if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime()) {
      throw new UserError(
        `members: gave up waiting: ${[...open, ...verification.wrong].join("; ")}. Nothing was changed; running again ` +
          "goes on waiting. More time: customTimeouts.",
      );
    }
    await pause(LOOK_EVERY_MS, ctx.signal);
  }
}
