/** Compares who should belong with who the cluster says belongs. Pure. */

import { previewControlPlane } from "../../../model/control-plane";
import { hostnameOf, type NodeDescription } from "../../../model/description";
import { ofReturn, type ReturnedMachine } from "../../../model/fence";
import { sameUuid } from "../../../model/hardware";
import type { NodeStatus } from "../../../model/node-status";
import { type Quorum, quorumOf } from "../../../model/quorum";
import type { NodeFacts } from "../../harvester/node-facts";

import { promotionUnderWay } from "../promotion";

/** One member as it should be. */
export interface Member {
  /** The node's key in the description. */
  key: string;
  /** The node and the host under it. */
  node: NodeDescription;
  /** Intent under which its machine was installed. */
  installation: string;
  /** SSH host key that its node shows. @default the one that follows from the cluster's seed */
  sshHostKey?: string;
}

/** What was found. */
export interface Verification {
  /** The members as nodes, in the order of the description. */
  nodes: NodeStatus[];
  quorum: Quorum;
  /** What is not as it should be and may become so by waiting. Empty when all is well. */
  pending: string[];
  /** What no waiting mends: nodes that nobody described, machines that came back after they had left, another version. */
  wrong: string[];
}

/** What is verified against. */
export interface Expectation {
  /** Version that every node has to run (P4). */
  version: string;
  /**
   * Key of the machine that created the cluster, where it has just been formed: then declared roles alone say who was to be promoted.
   * Later on, whoever holds a seat keeps it. @default the seats are not compared
   */
  creator?: string;
  /** Machines that came back after they had left, by the cluster's roster. @default none */
  returned?: readonly ReturnedMachine[];
}

/** Verifies. */
export function verify(
  members: readonly Member[],
  nodes: readonly NodeFacts[],
  { version, creator, returned = [] }: Expectation,
): Verification {
  const pending: string[] = [];
  const wrong: string[] = [];
  const found = members.map((member) => {
    const node = nodes.find((candidate) => sameUuid(candidate.uuid, member.node.hardware.uuid));
    const name = hostnameOf(member.key, member.node);
    if (node === undefined) pending.push(`${name} is not in the cluster`);
    else if (!node.ready && !mayBeOff(member)) pending.push(`${name} is not Ready`);
    if (node?.promoteStatus === "running") pending.push(`${name} is being promoted`);
    if (node?.promoteStatus === "failed" || node?.promoteStatus === "unknown") {
      wrong.push(`the promotion of ${name} is "${node.promoteStatus}", which blocks every further one`);
    }
    if (node?.etcd && !node.etcdVoter && !(mayBeOff(member) && !node.ready))
      pending.push(`${name}'s etcd member does not vote yet`);
    if (node !== undefined && node.version !== version) {
      wrong.push(`${name} runs ${node.version}, the description says ${version}`);
    }
    return statusOf(name, member, node);
  });
  for (const machine of returned) {
    const { message, next } = ofReturn(machine);
    wrong.push(`${message} ${next}`.replace(/\.$/, ""));
  }
  for (const node of nodes.filter(({ name }) => !returned.some((machine) => machine.node === name))) {
    if (!members.some((member) => sameUuid(node.uuid, member.node.hardware.uuid))) {
      wrong.push(strangerSays(node));
    }
  }
  const underWay = promotionUnderWay(nodes, version);
  if (underWay !== undefined) pending.push(`promotion is not at rest: ${underWay}`);
  else if (creator !== undefined) wrong.push(...surprises(members, nodes, version, creator));
  const voters = nodes.filter((node) => node.etcd);
  const healthy = voters.filter((node) => node.ready && node.etcdVoter);
  if (voters.length === 0) pending.push("no node holds an etcd member yet");
  return { nodes: found, quorum: quorumOf(voters.length, healthy.length), pending, wrong };
}

/** What is said of a node that nobody described. */
export function strangerSays({ name, uuid }: Pick<NodeFacts, "name" | "uuid">): string {
  return (
    `the cluster has a node ${name} (UUID ${uuid}) that the description does not name: describe it, also if it is to leave, and take it out of the ` +
    "description after the next `up`"
  );
}

/** Whoever is kept out of use may be switched off meanwhile, by the description or by hand. */
function mayBeOff({ node }: Member): boolean {
  return node.maintenance === true;
}

/** Where promotion came to rest at another control plane than the preview showed. */
function surprises(
  members: readonly Member[],
  nodes: readonly NodeFacts[],
  version: string,
  creator: string,
): string[] {
  const description = { version, nodes: Object.fromEntries(members.map(({ key, node }) => [key, node])) };
  const preview = previewControlPlane(description, creator);
  return members.flatMap(({ key, node }) => {
    const name = hostnameOf(key, node);
    const found = nodes.find((candidate) => sameUuid(candidate.uuid, node.hardware.uuid));
    if (found === undefined || found.etcd === preview.voters.includes(key)) return [];
    return found.etcd
      ? [`${name} was promoted, and by the declared roles it should not have been`]
      : [`${name} should have been promoted to the control plane and was not`];
  });
}

function statusOf(name: string, member: Member, node: NodeFacts | undefined): NodeStatus {
  return {
    name,
    role: member.node.role ?? "default",
    ready: node?.ready ?? false,
    controlPlane: node?.controlPlane ?? false,
    etcdVoter: node?.etcdVoter ?? false,
    version: node?.version ?? "",
  };
}
