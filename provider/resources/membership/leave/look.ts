/** Looks at a node that leaves, at the cluster that it leaves and at its machine. Changes nothing. */
import { canonicalSerial, sameUuid } from "../../../../model/hardware";
import type { NodeFacts as ModelNode } from "../../../../model/transition";
import type { HarvesterClient } from "../../../harvester/client";
import { type EtcdMember, etcdMembers } from "../../../harvester/etcd";
import { MEMBERS_FOR_MAINTENANCE } from "../../../harvester/maintenance";
import type { NodeFacts } from "../../../harvester/node-facts";
import { storageOf } from "../../../harvester/storage-node";
import {
  type LonghornReplica,
  type VirtualMachineInstance,
  virtualMachineFacts,
  WORKLOAD_PATHS,
} from "../../../harvester/workload";
import { BmcError } from "../../../redfish/errors";
import type { SystemState } from "../../../redfish/facts";
import { bootsAsUsual, STAYS_OFF, type System } from "../../../redfish/system";
import { explain } from "../../../shell/errors";
import { type LiveCluster, nodeOn } from "../../live-cluster";
import { readMark } from "../../machine/mark";
import { factsOf } from "../../plan/facts";
import { promotionUnderWay } from "../../promotion";
import { readRoster } from "../roster";
import type { LeavingNode, Observation, Stage } from "./decide";
import { type Departure, virtualMachinePolicy } from "./departure";

/** What the one who carries it out remembers between two looks. */
export interface Memory {
  /** etcd is to be asked this time. */
  askEtcd: boolean;
  /** Looks in a row that found the node not Ready. */
  looksNotReady: number;
  /** How often maintenance mode was asked for. */
  maintenanceAsked: number;
  snapshotTaken: boolean;
  /** Until when a silence of the BMC counts, milliseconds: each look at a silent one takes its whole patience. */
  silentUntil: number;
  /** It was dead when its Machine was deleted; undefined where that was not seen. */
  dead: boolean | undefined;
}

/** What was seen. */
export interface Seen {
  client: HarvesterClient;
  observation: Observation;
  /** The node in the cluster. */
  node: NodeFacts | undefined;
  /** All nodes, for the arithmetic of the quorum; what etcd itself said of its members counts, where it was asked. */
  nodes: ModelNode[];
}

/** So long a node must have been not Ready before it may be called dead; Kubernetes itself waits 40 s before it says so. */
const DEAD_AFTER_MS = 60_000;
/** So many looks in a row must have found it so. */
const DEAD_LOOKS = 3;
/** So long a silence of the BMC counts. */
const SILENCE_COUNTS_MS = 30_000;
/** So often Harvester may take a request for maintenance mode back before it counts as refused. */
const MAINTENANCE_TRIES = 3;

/** Looks. */
export async function look(
  departure: Departure,
  system: System,
  cluster: LiveCluster & { client: HarvesterClient },
  memory: Memory,
): Promise<Seen> {
  const { client } = cluster;
  const node = nodeOn(cluster, departure.node.hardware);
  if (node === undefined || node.ready) memory.looksNotReady = 0;
  else memory.looksNotReady += 1;
  const state = await stateOf(system, memory);
  const etcd = memory.askEtcd ? await askEtcd(departure, cluster.nodes, node) : undefined;
  const workload = node === undefined ? NOTHING : await workloadOn(client, node.name);
  return {
    client,
    node,
    nodes: cluster.nodes.map((other) => withEtcd(other, etcd)),
    observation: {
      purpose: departure.purpose,
      virtualMachines: virtualMachinePolicy(departure.question.cluster.leave),
      node: node && leavingNode(node),
      alive: node && !node.ready ? whyNotDead(node, memory, Date.now()) : undefined,
      removalApproved: departure.removalApproved,
      attested: attestationFor(departure.question, departure.node.hardware) !== undefined,
      ...workload,
      maintainable: node !== undefined && isMaintainable(node, cluster.nodes),
      maintenanceRefused: memory.maintenanceAsked >= MAINTENANCE_TRIES,
      etcd,
      snapshotTaken: memory.snapshotTaken,
      power: state === "silent" ? "silent" : state.power,
      fenced: state !== "silent" && isFenced(state, departure.purpose),
      mark: markOf(state, departure.installation),
      promotion: promotionUnderWay(cluster.nodes, departure.question.cluster.version),
      recorded: await isRecorded(client, departure, node),
    },
  };
}

/** What a person vouches for about the machine with this serial number. */
export function attestationFor({ cluster }: Departure["question"], hardware: { serial: string }) {
  const serial = canonicalSerial(hardware.serial);
  return cluster.attestations?.find((attestation) => canonicalSerial(attestation.serial) === serial);
}

/** The same as the roster records it. */
export function fenceByWord({ by, reason }: NonNullable<ReturnType<typeof attestationFor>>): string {
  return `attested by ${by}: ${reason}`;
}

/** What keeps a node that is not Ready from being called dead. */
export function whyNotDead(
  { readySince }: Pick<NodeFacts, "readySince">,
  { looksNotReady }: Pick<Memory, "looksNotReady">,
  now: number,
): string | undefined {
  const since = Date.parse(readySince ?? "");
  const forMs = Number.isNaN(since) ? 0 : now - since;
  if (forMs < DEAD_AFTER_MS) {
    return `it is not Ready since ${readySince ?? "just now"}, and less than ${DEAD_AFTER_MS / 1000} s may be a restart`;
  }
  return looksNotReady < DEAD_LOOKS ? `look ${looksNotReady} of ${DEAD_LOOKS}` : undefined;
}

const NOTHING = { storage: undefined, machines: [] };

async function workloadOn(
  client: HarvesterClient,
  node: string,
): Promise<Pick<Observation, "storage" | "machines">> {
  const replicas = await client.list<LonghornReplica>(WORKLOAD_PATHS.replicas);
  const machines = virtualMachineFacts(await client.list<VirtualMachineInstance>(WORKLOAD_PATHS.instances));
  return {
    storage: await storageOf(client.kube, node, replicas),
    machines: machines.filter((machine) => machine.node === node),
  };
}

async function stateOf(system: System, memory: Memory): Promise<SystemState | "silent"> {
  if (Date.now() < memory.silentUntil) return "silent";
  try {
    return await system.state();
  } catch (error) {
    if (!(error instanceof BmcError && error.problem === "silent")) throw error;
    memory.silentUntil = Date.now() + SILENCE_COUNTS_MS;
    return "silent";
  }
}

/** Whether nothing but a power request can start the machine. One that is installed again at once is to start with the mains as before. */
function isFenced(state: SystemState, purpose: Departure["purpose"]): boolean {
  const { powerRestorePolicy } = state;
  const staysOff = powerRestorePolicy === undefined || powerRestorePolicy === STAYS_OFF;
  return bootsAsUsual(state) && (staysOff || purpose === "reinstall");
}

function markOf(state: SystemState | "silent", installation: string): Observation["mark"] {
  const mark = state === "silent" ? undefined : readMark(state.assetTag);
  if (mark === undefined) return "none";
  return mark.intent === installation ? "ours" : "another's";
}

function leavingNode(node: NodeFacts): LeavingNode {
  const { name, ready, leaving, cordoned, maintenance, maintenanceRequested, deleting } = node;
  const known = maintenance === "completed" || maintenance === "running" ? maintenance : undefined;
  return {
    name,
    ready,
    member: node.controlPlane || node.etcd,
    stage: leaving as Stage | undefined,
    cordoned,
    maintenance: known ?? (maintenanceRequested ? "requested" : "none"),
    deleting,
  };
}

/** Harvester's own rule: workers always, members only while three of them are not in maintenance. */
function isMaintainable(node: NodeFacts, nodes: readonly NodeFacts[]): boolean {
  const isMember = ({ controlPlane, etcd }: NodeFacts) => controlPlane || etcd;
  if (!isMember(node)) return true;
  return nodes.filter((other) => isMember(other) && !other.inMaintenance).length === MEMBERS_FOR_MAINTENANCE;
}

/** The nodes as etcd, asked on others than this one, says of its members; where it could not be asked, `etcd` says why. */
export async function asEtcdSays(
  who: Pick<Departure, "peers">,
  nodes: readonly NodeFacts[],
  node: NodeFacts | undefined,
): Promise<{ etcd: Exclude<Observation["etcd"], undefined>; nodes: ModelNode[] }> {
  const etcd = await askEtcd(who, nodes, node);
  return { etcd, nodes: nodes.map((other) => withEtcd(other, etcd)) };
}

async function askEtcd(
  { peers }: Pick<Departure, "peers">,
  nodes: readonly NodeFacts[],
  leaver: NodeFacts | undefined,
): Promise<Exclude<Observation["etcd"], undefined>> {
  const reasons: string[] = [];
  for (const { name, uuid } of nodes.filter((node) => node.etcd && node.ready && node !== leaver)) {
    const peer = peers.find((candidate) => sameUuid(candidate.uuid, uuid));
    if (peer === undefined) {
      reasons.push(`no way onto ${name}: access.sshPrivateKey is missing, or nobody knows its address`);
      continue;
    }
    try {
      const members = await etcdMembers(peer.shell.ask);
      const known = nodes.map(({ etcdName }) => etcdName);
      const orphans = members.filter((member) => !known.includes(member.name));
      return { members, own: leaver?.etcdName, orphans };
    } catch (error) {
      reasons.push(explain(error));
    }
  }
  return reasons.join("; ") || "no other node holds a member";
}

/** A voter that etcd does not hear from is away, whatever the kubelet says; that takes Kubernetes 40 s to notice. */
function withEtcd(node: NodeFacts, etcd: Observation["etcd"]): ModelNode {
  const facts = factsOf(node, {});
  if (etcd === undefined || typeof etcd === "string" || !node.etcd) return facts;
  const own: EtcdMember | undefined = etcd.members.find(({ name }) => name === node.etcdName);
  return { ...facts, healthy: facts.healthy && own?.answers === true && own.votes };
}

async function isRecorded(
  client: HarvesterClient,
  { installation }: Departure,
  node: NodeFacts | undefined,
): Promise<boolean> {
  // Whoever is there has not left, whatever was written down about an earlier time.
  if (node !== undefined) return false;
  return (await readRoster(client)).left.some((leaver) => leaver.installation === installation);
}
