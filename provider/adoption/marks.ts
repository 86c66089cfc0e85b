/**
 * What a cluster has to carry to be recognised as a stack's own: labels of its nodes and the roster. It is only ever added to what is there.
 */
import { installedAs, type NodeDescription } from "../../model/description";
import { intentId, sameUuid } from "../../model/hardware";
import { adoptedIncarnationId } from "../../model/identity";
import type { HarvesterClient } from "../harvester/client";
import type { NodeFacts } from "../harvester/node-facts";
import { INCARNATION_LABEL, INSTALLATION_LABEL, intentOf } from "../resources/machine/inputs";
import type { MembershipInputs } from "../resources/membership/inputs";
import { writeRoster } from "../resources/membership/roster";

/** More reinstallations than any machine lives to see. */
const MOST_REINSTALLATIONS = 100;

/** The incarnation that the nodes carry, or the one that they are to carry; undefined where they carry several. */
export function incarnationOf(nodes: readonly NodeFacts[], clusterUid: string): string | undefined {
  const carried = new Set(
    nodes.map(({ labels }) => labels[INCARNATION_LABEL]).filter((id) => id !== undefined),
  );
  if (carried.size > 1) return undefined;
  return [...carried][0] ?? adoptedIncarnationId(clusterUid);
}

/**
 * Under which count of reinstallations a node was installed, by the label that it carries; 0 where it carries none.
 * Undefined where the label fits no count: the host has another identity now than when it was installed.
 */
export function reinstallationsOf(
  { labels }: NodeFacts,
  hardware: NodeDescription["hardware"],
  incarnation: string,
): number | undefined {
  const carried = labels[INSTALLATION_LABEL];
  if (carried === undefined) return 0;
  const counts = Array.from({ length: MOST_REINSTALLATIONS }, (_, count) => count);
  return counts.find((reinstall) => intentId({ incarnation, hardware, reinstall }) === carried);
}

/** Labels that a node does not carry yet. */
export interface MissingLabels {
  node: string;
  labels: Record<string, string>;
}

/** Labels that have to be added before the nodes are recognised. */
export function missingLabels(
  { identity, members }: Pick<MembershipInputs, "identity" | "members">,
  nodes: readonly NodeFacts[],
): MissingLabels[] {
  return members.flatMap(({ key, node: described, installation }) => {
    const node = nodes.find(({ uuid }) => sameUuid(uuid, installedAs(described).uuid));
    if (node === undefined) throw new Error(`${key} is no node of the cluster`);
    const wanted = { [INCARNATION_LABEL]: identity.incarnation, [INSTALLATION_LABEL]: installation };
    const labels = Object.fromEntries(
      Object.entries(wanted).filter(([label, value]) => node.labels[label] !== value),
    );
    return Object.keys(labels).length === 0 ? [] : [{ node: node.name, labels }];
  });
}

/** The members of a description, with the intents under which they count as installed. */
export function membersOf({
  cluster,
  identity,
  nodes,
  hostKeys,
}: Pick<MembershipInputs, "cluster" | "identity"> & {
  nodes: Readonly<Record<string, NodeDescription>>;
  /** SSH host keys that they show, by key. */
  hostKeys: Readonly<Record<string, string>>;
}): MembershipInputs["members"] {
  return Object.entries(nodes).map(([key, node]) => ({
    key,
    node,
    installation: intentOf({ key, cluster, node, identity }).id,
    ...(hostKeys[key] === undefined ? {} : { sshHostKey: hostKeys[key] }),
  }));
}

/** Adds the labels, then the roster. Who is interrupted begins again: what is there is not written twice. */
export async function mark(
  client: HarvesterClient,
  inputs: MembershipInputs,
  missing: readonly MissingLabels[],
): Promise<void> {
  for (const { node, labels } of missing) await client.labelNode(node, labels);
  await writeRoster(client, inputs);
}
