/** Looks at a machine that came back: at its node, at what runs on it, and at the machine itself over SSH. Changes nothing. */
import { hostnameOf, type NodeDescription, sshEndpointOf } from "../../../../model/description";
import type { ReturnSigns } from "../../../../model/fence";
import { quorumOf } from "../../../../model/quorum";
import { interruptionOf } from "../../../../model/transition";
import type { HarvesterClient } from "../../../harvester/client";
import type { NodeFacts } from "../../../harvester/node-facts";
import {
  type Upgrade,
  upgradeUnderWay,
  type VirtualMachineInstance,
  virtualMachineFacts,
  WORKLOAD_PATHS,
} from "../../../harvester/workload";
import { explain } from "../../../shell/errors";
import { greetsBySsh } from "../../../ssh/greeting";
import type { ClusterInQuestion } from "../../live-cluster";
import { readMark } from "../../machine/mark";
import { shellOf } from "../../node-shell";
import type { Peer } from "../leave/departure";
import { asEtcdSays, attestationFor, fenceByWord, whyNotDead } from "../leave/look";
import { lastCopiesOn } from "../leave/take-out";
import type { RosterLeaver } from "../roster";

/** A machine that does not answer within this is taken for silent; the next look asks again. */
const GREETING_MS = 4000;
/** A kubelet is called silent after 40 s [kubernetes, --node-monitor-grace-period]; SSH gets longer, as the machine may be starting. */
const SILENCE_MS = 90_000;
/** So long a machine that was told to switch off may take. */
const SWITCH_OFF_MS = 120_000;
/** A kubelet that fell silent later than this after the order did so for another reason: its grace period [kubernetes] is on top. */
const ORDER_EXPLAINS_MS = SWITCH_OFF_MS + 60_000;

/**
 * The asset tag that the BMC shows, as firmware hands it to the operating system [SMBIOS, DSP0134: System Enclosure, asset tag number]. Not
 * every one does; then it says nothing.
 */
const ASSET_TAG = "sudo cat /sys/class/dmi/id/chassis_asset_tag";

/** What a watch is about. */
export interface Watch {
  /** The cluster, and who it is. */
  question: ClusterInQuestion;
  described: Readonly<Record<string, NodeDescription>>;
  /** Fingerprint of the cluster's authority. */
  pinned: string | undefined;
  /** The way onto the nodes that are described. */
  peers: readonly Peer[];
}

/** What is remembered between two looks at one machine. */
export interface Memory {
  /** When it was told to switch off, and heard it, milliseconds; undefined: it was not. */
  askedAt: number | undefined;
  /** How it refused to switch off; undefined: it did not. */
  refusal: string | undefined;
  /** Since when SSH has been silent on it, milliseconds; undefined: it answered. */
  silentSince: number | undefined;
  /** Looks in a row that found its node not Ready. */
  looksNotReady: number;
}

/** Looks. */
export async function lookAtReturned(
  watch: Pick<Watch, "question" | "peers">,
  { client, nodes }: { client: HarvesterClient; nodes: readonly NodeFacts[] },
  { node, released }: { node: NodeFacts; released: RosterLeaver },
  memory: Memory,
): Promise<ReturnSigns> {
  memory.looksNotReady = node.ready ? 0 : memory.looksNotReady + 1;
  const system = await systemOf(watch, released);
  memory.silentSince = system.greets === false ? (memory.silentSince ?? Date.now()) : undefined;
  const asked = memory.askedAt === undefined ? undefined : Date.now() - memory.askedAt;
  const machines = virtualMachineFacts(await client.list<VirtualMachineInstance>(WORKLOAD_PATHS.instances));
  return {
    node: node.name,
    ready: node.ready,
    cordoned: node.cordoned,
    deleting: node.deleting,
    alive: node.ready ? undefined : whyNotDead(node, memory, Date.now()),
    told: asked !== undefined || explainsSilence(node),
    attested: isAttested(watch.question, released),
    order: asked === undefined ? "none" : asked < SWITCH_OFF_MS ? "asked" : "ignored",
    ...system,
    shut: system.shut ?? memory.refusal,
    silent: memory.silentSince !== undefined && Date.now() - memory.silentSince >= SILENCE_MS,
    machines: machines.filter((machine) => machine.node === node.name),
    lastCopies: await lastCopiesOn(client, node.name),
    ...(await votesWithout(watch, nodes, node)),
    upgrade: upgradeUnderWay(await client.list<Upgrade>(WORKLOAD_PATHS.upgrades))?.metadata.name,
  };
}

/** Whether the Node's record of an order to switch off is why its kubelet is silent: it has not been Ready again since. */
export function explainsSilence({
  ready,
  readySince,
  toldOff,
}: Pick<NodeFacts, "ready" | "readySince" | "toldOff">): boolean {
  if (ready || toldOff === undefined || readySince === undefined) return false;
  return Date.parse(readySince) - Date.parse(toldOff) <= ORDER_EXPLAINS_MS;
}

/** Whether somebody vouches that it is off. The word under which it was let go has not held: it came back. */
export function isAttested(
  question: ClusterInQuestion,
  { serial, fence }: Pick<RosterLeaver, "serial" | "fence">,
): boolean {
  const attestation = attestationFor(question, { serial });
  return attestation !== undefined && fenceByWord(attestation) !== fence;
}

/** The way onto the machine as it was installed: whoever has installed it since shows another host key, and is not let near. */
export function shellOn({ question }: Pick<Watch, "question">, { key, reach }: RosterLeaver) {
  return reach && shellOf(question, { key, node: reach, hostKey: reach.hostKey });
}

async function systemOf(
  watch: Pick<Watch, "question">,
  released: RosterLeaver,
): Promise<Pick<ReturnSigns, "greets" | "shut" | "mark">> {
  const { key, reach, installation } = released;
  if (reach === undefined)
    return { greets: null, shut: "the roster does not say how it is reached", mark: "none" };
  const { host, port } = sshEndpointOf(hostnameOf(key, reach), reach);
  if (!(await greetsBySsh(host, port, GREETING_MS)))
    return { greets: false, shut: `SSH does not answer at ${host}:${port}`, mark: "none" };
  const shell = shellOn(watch, released);
  if (shell === undefined)
    return {
      greets: true,
      shut: "access.sshPrivateKey is missing, so nobody can log in on it",
      mark: "none",
    };
  try {
    const { code, stdout } = await shell.ask(ASSET_TAG);
    const mark = code === 0 ? readMark(stdout) : undefined;
    const whose = mark === undefined ? "none" : mark.intent === installation ? "ours" : "another's";
    return { greets: true, shut: undefined, mark: whose };
  } catch (error) {
    return { greets: true, shut: `it does not let us in (${explain(error)})`, mark: "none" };
  }
}

/** Whether a majority of etcd's voters is reached, and whether etcd can do without the machine's member now, by what etcd itself says. */
async function votesWithout(
  { peers }: Pick<Watch, "peers">,
  nodes: readonly NodeFacts[],
  node: NodeFacts,
): Promise<Pick<ReturnSigns, "majority" | "quorum">> {
  const { etcd, nodes: counted } = await asEtcdSays({ peers }, nodes, node);
  // Without any way onto the nodes, what the Node conditions say counts.
  if (typeof etcd === "string" && peers.length > 0)
    return { majority: `etcd could not be asked (${etcd})`, quorum: undefined };
  const voters = counted.filter((other) => other.etcd);
  const { healthy, members, reached } = quorumOf(
    voters.length,
    voters.filter((voter) => voter.healthy).length,
  );
  return {
    majority: reached ? undefined : `${healthy} of ${members} etcd voters answer, which is no majority`,
    quorum: orphansOf(etcd) ?? interruptionOf(counted, node.name).refusal,
  };
}

function orphansOf(etcd: Awaited<ReturnType<typeof asEtcdSays>>["etcd"]): string | undefined {
  if (typeof etcd === "string" || etcd.orphans.length === 0) return undefined;
  const names = etcd.orphans.map(({ id, name }) => `${name || "unnamed"} (${id})`).join(", ");
  return `etcd counts members that no node stands for: ${names}`;
}
