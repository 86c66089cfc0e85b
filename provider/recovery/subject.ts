/** The cluster that recovery is about, and the ways to it. */
import { type ClusterDescription, hostnameOf, type NodeDescription } from "../../model/description";
import { sameUuid } from "../../model/hardware";
import type { HarvesterClient } from "../harvester/client";
import type { NodeShell } from "../harvester/etcd";
import { type KubeNode, type NodeFacts, nodeFacts } from "../harvester/node-facts";
import type { ClusterIdentity } from "../resources/cluster";
import type { Peer } from "../resources/membership/leave/departure";
import { shellOf } from "../resources/node-shell";

/** What is looked at and acted on: a cluster that has proven to be the stack's own. */
export interface Subject {
  description: ClusterDescription;
  identity: ClusterIdentity;
  client: HarvesterClient;
  /** Fingerprint of the cluster's authority, if it was recorded. */
  caFingerprint: string | undefined;
  /** Public SSH host keys by node key. */
  hostKeys: Readonly<Record<string, string>>;
}

/** A node as its kubelet describes it, as far as recovery reads more than others do. */
export interface GuardedKubeNode extends KubeNode {
  status?: KubeNode["status"] & { capacity?: { cpu?: string; memory?: string } };
}

/** A described node with what the cluster says about it. */
export interface LiveNode {
  key: string;
  described: NodeDescription;
  /** Undefined where the cluster does not know it. */
  kube: GuardedKubeNode | undefined;
  facts: NodeFacts | undefined;
}

/** Every described node, matched by its host, else by its name; and the nodes of the cluster that match none. */
export async function liveNodes({
  client,
  description,
}: Pick<Subject, "client" | "description">): Promise<{ nodes: LiveNode[]; strangers: NodeFacts[] }> {
  const objects = await client.list<GuardedKubeNode>("/api/v1/nodes");
  const nodes = Object.entries(description.nodes).map(([key, described]) => {
    const hosts = [described.hardware, described.wasHardware].flatMap((host) =>
      host === undefined ? [] : [host.uuid],
    );
    const kube =
      objects.find(({ status }) =>
        hosts.some((uuid) => sameUuid(uuid, status?.nodeInfo?.systemUUID ?? "")),
      ) ?? objects.find(({ metadata }) => metadata.name === hostnameOf(key, described));
    return { key, described, kube, facts: kube && nodeFacts(kube) };
  });
  const strangers = objects.filter((object) => !nodes.some(({ kube }) => kube === object)).map(nodeFacts);
  return { nodes, strangers };
}

/** The ways onto the described nodes, but for one. */
export function peersOf({ description, identity, hostKeys }: Subject, without?: string): Peer[] {
  const question = { cluster: description, identity };
  return Object.entries(description.nodes).flatMap(([key, node]) => {
    const shell = key === without ? undefined : shellOf(question, { key, node, hostKey: hostKeys[key] });
    return shell === undefined ? [] : [{ uuid: node.hardware.uuid, shell }];
  });
}

/** Asks questions on a node; undefined where the description holds no key for SSH. */
export function askOn({ description, identity, hostKeys }: Subject, key: string): NodeShell | undefined {
  const node = description.nodes[key];
  if (node === undefined) return undefined;
  return shellOf({ cluster: description, identity }, { key, node, hostKey: hostKeys[key] })?.ask;
}
