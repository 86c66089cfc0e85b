/** Where a change starts: the cluster as it is, from the best facts there are. */
import { creatorKeyOf, replayDeclared } from "../control-plane";
import { type ClusterDescription, hostnameOf, type NodeDescription } from "../description";
import type { Eviction } from "../eviction";
import type { ReturnedMachine } from "../fence";
import { roleOf } from "../roles";
import { parseVersion } from "../versions";
import type { ClusterFacts, FactSource, NodeFacts, VirtualMachineFacts, VolumeFacts } from "./facts";
import { settle } from "./unknown";

/** What a transition is planned from. */
export interface TransitionRequest {
  /** The description that was judged last, and should have been carried out; undefined where nothing is known. */
  before?: ClusterDescription;
  /** When that was, ISO 8601. @default not known */
  beforeAsOf?: string;
  /** The description that is wanted; undefined where the whole cluster is to go. */
  after: ClusterDescription | undefined;
  /** The cluster as it is; undefined where it was never seen. */
  facts?: ClusterFacts;
  /**
   * Nodes that belong to the cluster by its own roster. Of the nodes that `after` does not describe, only these and those of `before` are
   * taken out; any other is a stranger and left alone.
   */
  roster?: readonly string[];
  /** Evictions that nobody has answered: by the cluster's roster, of nodes that are described as they were then. */
  evicted?: readonly Eviction[];
  /** Machines that have left and are nodes again; `facts` holds none of their nodes, as they are put out whatever is changed. */
  returned?: readonly ReturnedMachine[];
  /** The time, ISO 8601, from which the age of the facts is told. @default no age is told */
  now?: string;
}

/** Where a change starts and what it is to reach, everything known or taken for unchanged. */
export interface Situation {
  before?: ClusterDescription;
  after: ClusterDescription;
  /** The nodes that are there, by key; none where there is no cluster yet. */
  nodes: readonly NodeFacts[];
  /** Where `nodes` comes from. `inputs`: nobody has ever looked, it is what the last description ends in. */
  source: FactSource | "inputs" | "none";
  asOf?: string;
  /** Version that the cluster runs; undefined where there is none. */
  version?: string;
  /** Life that the cluster is in, by its own mark or as described last; undefined where neither is known. */
  generation?: number;
  volumes?: readonly VolumeFacts[];
  virtualMachines?: readonly VirtualMachineFacts[];
  upgrade?: string;
  upgradeTo?: string;
  roster: readonly string[];
  evicted: readonly Eviction[];
  returned: readonly ReturnedMachine[];
  now?: string;
  /** Paths of the wanted description that are not known yet. */
  unknown: readonly string[];
}

/** The situation of a request that wants a cluster. */
export function situationOf(request: TransitionRequest & { after: ClusterDescription }): Situation {
  const { facts, roster = [], evicted = [], returned = [], now } = request;
  const before = request.before === undefined ? undefined : settle(request.before, undefined).description;
  const { description: after, unknown } = settle(request.after, before);
  const common = { before, after, roster, evicted, returned, now, unknown };
  if (facts !== undefined) {
    const keyOf = keysByName(before, after);
    return {
      ...common,
      ...facts,
      generation: facts.generation ?? generationOf(before),
      // Whoever is still being installed has not joined yet, and is waited for like any other that joins.
      nodes: facts.nodes
        .map((node) => renamed(node, keyOf(node.name)))
        .filter(
          ({ name, joining, healthy }) => joining !== true || healthy || after.nodes[name] === undefined,
        ),
      volumes: facts.volumes?.map((volume) => ({ ...volume, healthyOn: volume.healthyOn.map(keyOf) })),
      virtualMachines: facts.virtualMachines?.map((machine) => ({ ...machine, node: keyOf(machine.node) })),
    };
  }
  if (before === undefined) return { ...common, nodes: [], source: "none" };
  return {
    ...common,
    nodes: declaredNodes(before),
    source: "inputs",
    ...(request.beforeAsOf === undefined ? {} : { asOf: request.beforeAsOf }),
    version: before.version,
    generation: generationOf(before),
  };
}

/** The life of the cluster that a description is about. */
export function generationOf(description: ClusterDescription | undefined): number | undefined {
  return description === undefined ? undefined : (description.generation ?? 1);
}

/** The version as far as promotion's rules depend on it; undefined means the newest known one. */
export function promotionVersion(version: string | undefined): string | undefined {
  return version !== undefined && parseVersion(version) !== undefined ? version : undefined;
}

function renamed(node: NodeFacts, name: string): NodeFacts {
  return name === node.name ? node : { ...node, name };
}

/** Facts may name a node by its hostname; everything here is by key. */
function keysByName(...descriptions: (ClusterDescription | undefined)[]): (name: string) => string {
  const keys = new Map<string, string>();
  const all = descriptions.flatMap((description) => Object.entries(description?.nodes ?? {}));
  for (const [key, node] of all) keys.set(hostnameOf(key, node), key);
  for (const [key] of all) keys.set(key, key);
  return (name) => keys.get(name) ?? name;
}

/** What a description ends in when all went well. */
function declaredNodes(description: ClusterDescription): NodeFacts[] {
  const creator = creatorKeyOf(description);
  if (creator === undefined) return [];
  return replayDeclared(description, creator).nodes.map((node) => {
    const planned: NodeDescription = description.nodes[node.name]!;
    return {
      ...node,
      role: roleOf(planned),
      version: description.version,
      reinstall: planned.reinstall ?? 0,
      ...(planned.maintenance === true ? { maintenance: true, cordoned: true } : {}),
      ...(planned.power === "off" ? { switchedOff: true, healthy: false } : {}),
    };
  });
}
