/** Clusters to plan changes of: descriptions from words, and the facts of a cluster in which all went well. */
import { creatorKeyOf, replayDeclared } from "../../../model/control-plane";
import type { ClusterDescription, NodeDescription, Role } from "../../../model/description";
import type { ClusterFacts, NodeFacts, Transition, TransitionRequest } from "../../../model/transition";
import { validDescription, validNode } from "../description";

/** The function under test, or a mutant of it. */
export type Plan = (request: TransitionRequest) => Transition;

/** Nodes n1, n2, ... from words such as `management`, `default/zone-a`. */
export function clusterOf(words: string, version = "v1.6.1"): ClusterDescription {
  const roles = words.split(" ").map((word) => word.split("/"));
  const nodes = roles.map(([role, zone], index): [string, NodeDescription] => [
    `n${index + 1}`,
    { ...validNode(index + 1), role: role as Role, ...(zone === undefined ? {} : { zone }) },
  ]);
  return { ...validDescription(0), version, nodes: Object.fromEntries(nodes) };
}

/** Three management nodes and a worker. */
export const LAB = "management management management worker";

/** The cluster with nodes changed, added (by a whole description) or taken out (undefined). */
export function withNodes(
  cluster: ClusterDescription,
  nodes: Record<string, Partial<NodeDescription> | undefined>,
): ClusterDescription {
  const merged = { ...cluster.nodes };
  for (const [key, node] of Object.entries(nodes)) {
    if (node === undefined) delete merged[key];
    else merged[key] = { ...(merged[key] ?? validNode(Number(key.replace(/\D/g, "")))), ...node };
  }
  return { ...cluster, nodes: merged };
}

/** What a cluster looks like when all went well, with single nodes as they are instead. */
export function factsOf(
  cluster: ClusterDescription,
  nodes: Record<string, Partial<NodeFacts>> = {},
  more: Partial<ClusterFacts> = {},
): ClusterFacts {
  const replayed = replayDeclared(cluster, creatorKeyOf(cluster)!).nodes;
  return {
    source: "live",
    asOf: "2026-08-20T10:00:00Z",
    version: cluster.version,
    nodes: replayed.map((node) => ({
      ...node,
      role: node.role ?? "default",
      version: cluster.version,
      ...nodes[node.name],
    })),
    ...more,
  };
}
