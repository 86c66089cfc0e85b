/** Compares who should belong with who the cluster says belongs. Pure. */
import { hostnameOf, type NodeDescription } from "../../../model/description";
import { sameUuid } from "../../../model/hardware";
import { type Quorum, quorumOf } from "../../../model/quorum";
import type { NodeFacts } from "../../harvester/node-facts";

/** One member as it should be. */
export interface Member {
  /** The node's key in the description. */
  key: string;
  /** The node and the host under it. */
  node: NodeDescription;
  /** Intent under which its machine was installed. */
  installation: string;
}

/** A node as it is shown to people and programs. */
export interface NodeStatus {
  name: string;
  role: string;
  ready: boolean;
  controlPlane: boolean;
  etcdVoter: boolean;
  version: string;
}

/** What was found. */
export interface Verification {
  /** The members as nodes, in the order of the description. */
  nodes: NodeStatus[];
  quorum: Quorum;
  /** What is not as it should be and may become so by waiting. Empty when all is well. */
  pending: string[];
  /** What no waiting mends: nodes that nobody described, another version. */
  wrong: string[];
}

/** Verifies. `version` is the one that every node has to run (P4). */
export function verify(
  members: readonly Member[],
  nodes: readonly NodeFacts[],
  version: string,
): Verification {
  const pending: string[] = [];
  const wrong: string[] = [];
  const found = members.map((member) => {
    const node = nodes.find((candidate) => sameUuid(candidate.uuid, member.node.hardware.uuid));
    const name = hostnameOf(member.key, member.node);
    if (node === undefined) pending.push(`${name} is not in the cluster`);
    else if (!node.ready) pending.push(`${name} is not Ready`);
    if (node?.promoteStatus === "running") pending.push(`${name} is being promoted`);
    if (node?.promoteStatus === "failed" || node?.promoteStatus === "unknown") {
      wrong.push(`the promotion of ${name} is "${node.promoteStatus}", which blocks every further one`);
    }
    if (node?.etcd && !node.etcdVoter) pending.push(`${name}'s etcd member does not vote yet`);
    if (node !== undefined && node.version !== version) {
      wrong.push(`${name} runs ${node.version}, the description says ${version}`);
    }
    return statusOf(name, member, node);
  });
  for (const node of nodes) {
    if (!members.some((member) => sameUuid(node.uuid, member.node.hardware.uuid))) {
      wrong.push(
        `the cluster has a node ${node.name} (UUID ${node.uuid}) that the description does not name`,
      );
    }
  }
  const voters = nodes.filter((node) => node.etcd);
  const healthy = voters.filter((node) => node.ready && node.etcdVoter);
  if (voters.length === 0) pending.push("no node holds an etcd member yet");
  return { nodes: found, quorum: quorumOf(voters.length, healthy.length), pending, wrong };
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
