/** The cluster as it is, for the judgement of a change: seen right now, or why it could not be. */
import type { ClusterDescription, NodeDescription } from "../../../model/description";
import { hostnameOf, installedAs } from "../../../model/description";
import type { Eviction } from "../../../model/eviction";
import type { ReturnedMachine } from "../../../model/fence";
import { intentId, sameUuid } from "../../../model/hardware";
import { roleOf } from "../../../model/roles";
import type { ClusterFacts, NodeFacts } from "../../../model/transition";
import type { HarvesterClient } from "../../harvester/client";
import { HarvesterError } from "../../harvester/errors";
import { type NodeFacts as LiveNode, promotionNode } from "../../harvester/node-facts";
import {
  type LonghornReplica,
  type LonghornVolume,
  type Upgrade,
  upgradeUnderWay,
  type VirtualMachineInstance,
  virtualMachineFacts,
  volumeFacts,
  WORKLOAD_PATHS,
} from "../../harvester/workload";
import { NoAnswer } from "../../net/http";
import { standingEvictions } from "../../recovery/evictions";
import { type Entry, enterCluster } from "../live-cluster";
import { INCARNATION_LABEL, INSTALLATION_LABEL } from "../machine/inputs";
import { returnedBy } from "../membership/fence/returned";
import { type RosterMember, readRoster } from "../membership/roster";

/** What a look brought. */
export type Sight =
  | {
      facts: ClusterFacts;
      /** Fingerprint of the authority behind the VIP's certificate; empty where the system's authorities vouch for it. */
      authority: string;
      /** Id of the life of the cluster that its nodes carry; empty where they carry none, or several. */
      incarnation: string;
      /** Who belongs by the cluster's own roster. */
      roster: readonly RosterMember[];
      /** Evictions that nobody has answered. */
      evicted: readonly Eviction[];
      /** Machines that have left and are nodes again. The facts hold none of them: they are put out whatever is changed. */
      returned: readonly ReturnedMachine[];
      /** Keys of described nodes whose leaving had begun, or whose machine was switched off and is to be on. */
      leaving: readonly string[];
    }
  | {
      facts?: undefined;
      why: string;
      /** Nothing at all answers at the VIP. */
      silent: boolean;
    };

/**
 * Looks at the cluster of these descriptions: the last one judged, and the one that is wanted now. Throws nothing because it is silent,
 * unwell or another one; then it says why.
 */
export async function sightOf(
  { judged, wanted }: { judged: ClusterDescription; wanted: ClusterDescription },
  { signal, pinned }: { signal: AbortSignal; pinned: string | undefined },
): Promise<Sight> {
  const entry = await enterCluster(wanted, { signal, pinned });
  if (entry.kind !== "entered") return { why: entry.what, silent: entry.kind === "silent" };
  const described = { ...judged.nodes, ...wanted.nodes };
  if (!entry.nodes.some((node) => keyOf(node, described) !== undefined))
    return {
      why: "what answers at the VIP is another cluster: none of its nodes is described here",
      silent: false,
    };
  try {
    const lives = new Set(entry.nodes.map(({ labels }) => labels[INCARNATION_LABEL] ?? ""));
    const incarnation = lives.size === 1 ? [...lives][0]! : "";
    const roster = await readRoster(entry.client);
    const { members, evicted } = roster;
    const returned = returnedBy(roster, entry.nodes, wanted.nodes, incarnation);
    const { client } = entry;
    const nodes = entry.nodes.filter(({ name }) => !returned.some(({ node }) => node === name));
    return {
      // Whoever is still to be taken out is described no more, and known by the roster alone.
      facts: await clusterFacts({ client, nodes }, { ...nodesOf(members), ...described }),
      authority: entry.client.caFingerprint,
      incarnation,
      roster: members,
      evicted: standingEvictions(evicted, wanted, incarnation),
      returned,
      leaving: entry.nodes.flatMap((node) => {
        const key = keyOf(node, wanted.nodes);
        if (key === undefined) return [];
        const comesOn = node.switchedOff && wanted.nodes[key]!.power !== "off";
        return node.leaving !== undefined || comesOn ? [key] : [];
      }),
    };
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof HarvesterError)
      return { why: error.message, silent: false };
    throw error;
  }
}

/** As much of the roster's members as tells who they are. */
function nodesOf(members: readonly RosterMember[]): Record<string, NodeDescription> {
  const nodes = members.map(({ key, uuid, serial, reach }) => [
    key,
    { ...reach, hardware: { uuid, serial } },
  ]);
  return Object.fromEntries(nodes) as Record<string, NodeDescription>;
}

/** Everything about a cluster that a change is judged by. */
export async function clusterFacts(
  { client, nodes }: Pick<Extract<Entry, { kind: "entered" }>, "client" | "nodes">,
  described: Readonly<Record<string, NodeDescription>>,
): Promise<ClusterFacts> {
  const underWay = upgradeUnderWay(await client.list<Upgrade>(WORKLOAD_PATHS.upgrades));
  return {
    source: "live",
    asOf: new Date().toISOString(),
    version: versionOf(nodes),
    nodes: nodes.map((node) => factsOf(node, described)),
    ...(await workloadOf(client, nodes, described)),
    ...(underWay === undefined ? {} : { upgrade: underWay.metadata.name }),
    ...(underWay?.spec?.version === undefined ? {} : { upgradeTo: underWay.spec.version }),
  };
}

/** A node, by its key in the description where one describes its host. */
export function factsOf(node: LiveNode, described: Readonly<Record<string, NodeDescription>>): NodeFacts {
  const found = keyOf(node, described);
  const seen = promotionNode(node);
  const count = found === undefined ? undefined : reinstallOf(node, described[found]!);
  return {
    ...seen,
    name: found ?? node.name,
    role: roleOf(seen),
    healthy: isWell(node),
    version: node.version,
    maintenance: node.inMaintenance,
    ...(node.switchedOff ? { switchedOff: true } : {}),
    ...(count === undefined ? {} : { reinstall: count }),
  };
}

/** A candidate must please the promotion controller; of a member it counts that it is Ready and, if it holds etcd, that it votes. */
function isWell({ healthy, ready, controlPlane, etcd, etcdVoter }: LiveNode): boolean {
  return controlPlane || etcd ? ready && etcd === etcdVoter : healthy;
}

function keyOf(
  node: Pick<LiveNode, "uuid" | "name">,
  described: Readonly<Record<string, NodeDescription>>,
): string | undefined {
  const byHost = Object.entries(described).find(([, { hardware, wasHardware }]) =>
    [hardware, wasHardware].some((host) => host !== undefined && sameUuid(host.uuid, node.uuid)),
  );
  return byHost?.[0] ?? Object.keys(described).find((key) => hostnameOf(key, described[key]!) === node.name);
}

/** Under which count of reinstallations the node was installed: the intent that it carries is that count's. */
function reinstallOf(node: LiveNode, described: NodeDescription): number | undefined {
  const [incarnation, installation] = [node.labels[INCARNATION_LABEL], node.labels[INSTALLATION_LABEL]];
  if (incarnation === undefined || installation === undefined) return undefined;
  const counts = Array.from({ length: (described.reinstall ?? 0) + 1 }, (_, count) => count);
  return counts.find(
    (count) => intentId({ incarnation, hardware: installedAs(described), reinstall: count }) === installation,
  );
}

/** Volumes and virtual machines, by the keys of their nodes. */
async function workloadOf(
  client: HarvesterClient,
  nodes: readonly LiveNode[],
  described: Readonly<Record<string, NodeDescription>>,
): Promise<Pick<ClusterFacts, "volumes" | "virtualMachines">> {
  const nameOf = (hostname: string) => {
    const node = nodes.find(({ name }) => name === hostname);
    return (node && keyOf(node, described)) ?? hostname;
  };
  const volumes = volumeFacts(
    await client.list<LonghornVolume>(WORKLOAD_PATHS.volumes),
    await client.list<LonghornReplica>(WORKLOAD_PATHS.replicas),
  );
  const machines = virtualMachineFacts(await client.list<VirtualMachineInstance>(WORKLOAD_PATHS.instances));
  return {
    volumes: volumes.map((volume) => ({ ...volume, healthyOn: volume.healthyOn.map(nameOf) })),
    virtualMachines: machines.map((machine) => ({ ...machine, node: nameOf(machine.node) })),
  };
}

/** The version of the cluster: that of most nodes. */
function versionOf(nodes: readonly LiveNode[]): string {
  const counts = new Map<string, number>();
  for (const { version } of nodes) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0] ?? "";
}
