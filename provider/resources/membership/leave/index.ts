/** Carries out who leaves: one node at a time, under one Lease, each judged on the live cluster right before. */

import { hostnameOf, type NodeDescription } from "../../../../model/description";
import { sameUuid } from "../../../../model/hardware";
import { type EtcdMember, etcdMembers } from "../../../harvester/etcd";
import { underLease } from "../../../harvester/lease";
import type { NodeFacts } from "../../../harvester/node-facts";
import { pause } from "../../../net/retry";
import { type OperationContext, UserError } from "../../../shell/resource";
import { chronicleOf } from "../../chronicle";
import { type LiveCluster, lookAtCluster, nodeOn } from "../../live-cluster";
import { shellOf } from "../../node-shell";
import { isApproved } from "../../plan/approved";
import { clusterFacts } from "../../plan/facts";
import { refuseUnjudgedLeaves } from "../../plan/judged";
import type { MembershipInputs } from "../inputs";
import type { Member } from "../verify";
import type { Peer } from "./departure";
import { leaversOf, nextLeaver } from "./leavers";
import { takeOut } from "./take-out";

/** How often the cluster is looked at while it does not answer. */
const LOOK_EVERY_MS = 2000;

/** What the steps of leaving are called, by how a node has left. */
const KINDS = { left: "leave", removed: "remove" } as const;

/** Takes out whoever was a member and is none any more. Returns who left, by key. */
export async function carryOutLeaves(
  ctx: OperationContext,
  inputs: MembershipInputs,
  before: readonly Member[],
  pinned: string | undefined,
): Promise<string[]> {
  const leavers = leaversOf(before, inputs.members);
  if (leavers.length === 0) return [];
  refuseUnjudgedLeaves(
    inputs.judged,
    leavers.map(({ key }) => key),
  );
  const look = () => lookAtCluster(inputs, { signal: ctx.signal, pinned });
  const purpose = `taking ${leavers.map(({ key }) => key).join(", ")} out`;
  const kube = async () => (await look()).client?.kube;
  await underLease({ kube, ctx, purpose }, async (signal) => {
    const held = { ...ctx, signal };
    const waiting = new Set(leavers);
    while (waiting.size > 0) {
      const leaver = await choose(held, inputs, [...waiting], look);
      await chronicleOf(ctx.facts, inputs.identity).step(
        hostnameOf(leaver.key, leaver.node),
        () => takeOut(departureOf(held, inputs, leaver, leavers, pinned)),
        (how) => how && KINDS[how],
      );
      waiting.delete(leaver);
    }
  });
  return leavers.map(({ key }) => key);
}

/** Who goes next. Waits for a cluster that does not answer; throws where the change may not go on. */
async function choose(
  ctx: OperationContext,
  inputs: MembershipInputs,
  leavers: readonly Member[],
  look: () => Promise<LiveCluster>,
): Promise<Member> {
  for (;;) {
    const cluster = await look();
    if (cluster.kind === "other") throw new UserError(`cluster.vip: ${cluster.what}. Nothing was changed.`);
    if (cluster.kind === "ours" && cluster.client !== undefined) {
      const { client, nodes } = cluster;
      const described = nodesOf([...leavers, ...inputs.members]);
      const judged = nextLeaver({
        cluster: inputs.cluster,
        leavers,
        stay: inputs.members,
        facts: await clusterFacts({ client, nodes }, described),
        begun: await begunAmong(cluster, leavers),
        leader: await leaderAmong(inputs, leavers, nodes),
      });
      if ("next" in judged) return judged.next;
      throw new UserError(`members: the change cannot go on as the cluster is now. ${judged.refusal}`);
    }
    ctx.status(`waiting for the cluster to answer: ${cluster.what}`);
    if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime())
      throw new UserError(`members: gave up waiting for the cluster to answer: ${cluster.what}.`);
    await pause(LOOK_EVERY_MS, ctx.signal);
  }
}

/** Those whose leaving has come so far that nothing can be judged about it any more. */
async function begunAmong(cluster: LiveCluster, leavers: readonly Member[]): Promise<string[]> {
  return leavers
    .filter(({ node }) => {
      const found = nodeOn(cluster, node.hardware);
      return (
        found === undefined || found.deleting || ["emptied", "uninstalled"].includes(found.leaving ?? "")
      );
    })
    .map(({ key }) => key);
}

/** Who leads etcd, asked only where it decides about an order. */
async function leaderAmong(
  inputs: MembershipInputs,
  leavers: readonly Member[],
  nodes: readonly NodeFacts[],
): Promise<string | undefined> {
  const voting = leavers.filter(({ node }) =>
    nodes.some((one) => one.etcd && sameUuid(one.uuid, node.hardware.uuid)),
  );
  if (voting.length < 2) return undefined;
  for (const leaver of voting) {
    const members: EtcdMember[] = await etcdMembers(peerOf(inputs, leaver)?.shell.ask ?? noShell).catch(
      () => [],
    );
    const leads = members.find((member) => member.leads);
    const node = nodes.find(({ etcdName }) => etcdName !== undefined && etcdName === leads?.name);
    if (node !== undefined) return voting.find((one) => sameUuid(one.node.hardware.uuid, node.uuid))?.key;
  }
  return undefined;
}

function departureOf(
  ctx: OperationContext,
  inputs: MembershipInputs,
  leaver: Member,
  leavers: readonly Member[],
  pinned: string | undefined,
) {
  const others = [...inputs.members, ...leavers].filter((member) => member !== leaver);
  return {
    ctx,
    question: inputs,
    pinned,
    key: leaver.key,
    node: leaver.node,
    installation: leaver.installation,
    purpose: "release" as const,
    removalApproved: isApproved(inputs.approved, { kind: "remove", node: leaver.key }),
    shell: peerOf(inputs, leaver)?.shell,
    peers: others.flatMap((member) => peerOf(inputs, member) ?? []),
  };
}

/** The way onto a member over SSH; undefined where there is no key to log in with, or nobody knows its address. */
export function peerOf(inputs: MembershipInputs, { key, node, sshHostKey }: Member): Peer | undefined {
  const shell = shellOf(inputs, { key, node, hostKey: sshHostKey });
  return shell && { uuid: node.hardware.uuid, shell };
}

function nodesOf(members: readonly Member[]): Record<string, NodeDescription> {
  return Object.fromEntries(members.map(({ key, node }) => [key, node]));
}

async function noShell(): Promise<never> {
  throw new UserError("no key to log in with");
}
