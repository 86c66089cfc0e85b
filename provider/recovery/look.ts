/** One look at every node of a cluster: kubelet, Lease, etcd, BMC, operating system. Changes nothing. */
import { hostnameOf, installedAs, type NodeDescription, sshEndpointOf } from "../../model/description";
import { compareHardware, intentId } from "../../model/hardware";
import type { Look, NodeLook, NodeSigns } from "../../model/recovery";
import { type EtcdMember, etcdMembers } from "../harvester/etcd";
import type { KubeObject } from "../harvester/kube-api";
import type { NodeFacts } from "../harvester/node-facts";
import type { SystemFacts } from "../redfish/facts";
import { System } from "../redfish/system";
import { readMark } from "../resources/machine/mark";
import { greetsBySsh } from "../ssh/greeting";
import { askOn, type GuardedKubeNode, type LiveNode, liveNodes, type Subject } from "./subject";

/** A BMC or a node that does not answer within this is taken for silent; the next look asks again. */
const PATIENCE_MS = 10_000;
const GREETING_MS = 4000;

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
/** Name of a node's etcd member [rke2 pkg/controllers/etcd: `etcd.rke2.cattle.io/node-name`]. */
const ETCD_NAME = "etcd.rke2.cattle.io/node-name";

interface NodeLease extends KubeObject {
  spec?: { renewTime?: string };
}

/** What a look brought. */
export interface Seen {
  look: Look;
  nodes: LiveNode[];
  /** Nodes of the cluster that nobody described. */
  strangers: NodeFacts[];
  /** What each BMC says, by key; undefined where it is silent. */
  hosts: Readonly<Record<string, SystemFacts | undefined>>;
}

/** Looks. Throws where the cluster cannot be asked: then there is nothing to judge by. */
export async function lookAtNodes(subject: Subject, signal: AbortSignal): Promise<Seen> {
  const { nodes, strangers } = await liveNodes(subject);
  // Leases are read before the power is: a kubelet that reports after it was seen to be off contradicts the BMC.
  const leases = await subject.client.list<NodeLease>(LEASES);
  const [greetings, systems] = await Promise.all([
    Promise.all(nodes.map((node) => greeting(node))),
    Promise.all(nodes.map(({ described }) => hostOf(described, signal))),
  ]);
  const members = await membersSeen(
    subject,
    nodes.filter((_, at) => greetings[at]),
  );
  const hosts = Object.fromEntries(nodes.map(({ key }, at) => [key, systems[at]]));
  const looks = nodes.map((node, at): [string, NodeLook] => [
    node.key,
    {
      ...signsOfCluster(node),
      ...signsOfHost(node, systems[at], subject),
      ...signsOfEtcd(node.kube, members),
      reachable: greetings[at]!,
      leaseRenewed:
        leases.find(({ metadata }) => metadata.name === node.facts?.name)?.spec?.renewTime ?? null,
    },
  ]);
  return {
    look: { at: new Date().toISOString(), nodes: Object.fromEntries(looks) },
    nodes,
    strangers,
    hosts,
  };
}

function greeting({ key, described }: LiveNode): Promise<boolean> {
  const { host, port } = sshEndpointOf(hostnameOf(key, described), described);
  return greetsBySsh(host, port, GREETING_MS);
}

async function hostOf({ bmc }: NodeDescription, signal: AbortSignal): Promise<SystemFacts | undefined> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const timing = { requestMs: PATIENCE_MS, attemptsMs: PATIENCE_MS };
  const system = new System({ bmc, readOnly: true, signal: patience, timing });
  try {
    return await system.facts();
  } catch {
    signal.throwIfAborted();
    return undefined;
  } finally {
    await system.close();
  }
}

/** etcd's members as the first of the nodes that can be asked sees them; undefined where none could. */
async function membersSeen(subject: Subject, nodes: readonly LiveNode[]): Promise<EtcdMember[] | undefined> {
  for (const { key, facts } of nodes) {
    const shell = facts?.etcd === true ? askOn(subject, key) : undefined;
    const members = shell && (await etcdMembers(shell).catch(() => undefined));
    if (members !== undefined) return members;
  }
  return undefined;
}

function signsOfCluster({
  kube,
  facts,
}: LiveNode): Pick<NodeLook, "registered" | "member" | "ready" | "readySince" | "cordoned" | "maintenance"> {
  const ready = kube?.status?.conditions?.find(({ type }) => type === "Ready");
  return {
    registered: facts !== undefined,
    member: facts !== undefined && (facts.controlPlane || facts.etcd),
    ready: (ready?.status ?? null) as NodeSigns["ready"],
    readySince: ready?.lastTransitionTime ?? null,
    cordoned: facts?.cordoned ?? false,
    maintenance: facts?.inMaintenance === true || facts?.leaving !== undefined,
  };
}

/** Signs of the machine under a node, as its BMC tells them. */
export function signsOfHost(
  { described }: Pick<LiveNode, "described">,
  system: SystemFacts | undefined,
  { identity }: Pick<Subject, "identity">,
): Pick<NodeSigns, "power" | "health" | "installDisk" | "sameHost" | "bootsFromDisk"> {
  if (system === undefined) {
    return { power: null, health: null, installDisk: null, sameHost: null, bootsFromDisk: null };
  }
  const { power, health, drives, assetTag, bootOverride } = system;
  const { uuid, serial } = described.hardware;
  const comparison = compareHardware(
    { uuid, serial },
    { ...(system.uuid && { uuid: system.uuid }), ...(system.serial && { serial: system.serial }) },
  );
  const mark = readMark(assetTag);
  const own = intentId({
    incarnation: identity.incarnation,
    hardware: installedAs(described),
    reinstall: described.reinstall ?? 0,
  });
  return {
    power: power === "On" || power === "Off" ? power : power === undefined ? null : "changing",
    health: health === "OK" || health === "Warning" || health === "Critical" ? health : null,
    installDisk: diskSigns(described, drives),
    sameHost: comparison.verdict === "same" && (mark === undefined || mark.intent === own),
    bootsFromDisk: bootOverride.enabled === "Disabled" || bootOverride.target === "None",
  };
}

/** A BMC that lists no drives at all says nothing about this one. */
function diskSigns({ disks }: NodeDescription, drives: SystemFacts["drives"]): NodeSigns["installDisk"] {
  if (drives.length === 0) return null;
  const disk = drives.find(({ serial }) => serial?.trim() === disks.install.serial);
  if (disk === undefined) return "gone";
  return disk.health === "Warning" || disk.health === "Critical" ? "failing" : "present";
}

function signsOfEtcd(
  kube: GuardedKubeNode | undefined,
  members: readonly EtcdMember[] | undefined,
): Pick<NodeSigns, "votes" | "etcdAnswers"> {
  const name = kube?.metadata.annotations?.[ETCD_NAME];
  const holds = kube?.metadata.labels?.["node-role.kubernetes.io/etcd"] === "true";
  if (members === undefined || !holds || name === undefined) return { votes: null, etcdAnswers: null };
  const own = members.find((member) => member.name === name);
  return { votes: own?.votes ?? false, etcdAnswers: own?.answers ?? false };
}
