/** What can be done about a node that leaves, one act at a time. Each may be done again. */

import { sameUuid } from "../../../../model/hardware";
import type { HarvesterClient } from "../../../harvester/client";
import { moveLeader, saveSnapshot } from "../../../harvester/etcd";
import type { KubeObject } from "../../../harvester/kube-api";
import { cordon, evictPods, podsOf, requestMaintenance } from "../../../harvester/maintenance";
import { LEAVING } from "../../../harvester/node-facts";
import { removeNode } from "../../../harvester/removal";
import { setStorage } from "../../../harvester/storage-node";
import { STAYS_OFF, type System } from "../../../redfish/system";
import { UserError } from "../../../shell/errors";
import { cleared, readMark } from "../../machine/mark";
import { notePowerRestorePolicy, type RosterLeaver, recordLeft } from "../roster";
import { shutDown } from "../shut-down";
import type { Act, Stage } from "./decide";
import type { Departure } from "./departure";
import { attestationFor, fenceByWord, type Memory, type Seen } from "./look";

/** Longest orderly shutdown; virtual machines are gone by then. */
const SHUTDOWN_MS = 120_000;

/** What makes an end of it, or asks for patience. */
type Passive = "wait" | "refuse" | "done";

/** An act that does something. */
export type Deed = Exclude<Act, { act: Passive }>;

/** The acts that interrupt a node or take it out for good. */
export const INTERRUPTING: readonly Act["act"][] = ["uninstall", "switch-off", "remove"];

/** For people: what is being done. */
export function sayingOf(deed: Deed, key: string): string {
  const words: Record<Deed["act"], string> = {
    begin: `${key} begins to leave`,
    "keep-volumes-away": `asking Longhorn to keep volumes off ${key}`,
    "stop-virtual-machines": `stopping virtual machines on ${key}`,
    maintain: `asking Harvester for maintenance mode of ${key}`,
    drain: `draining ${key}`,
    emptied: `${key} is empty`,
    "ask-etcd": "asking etcd for its members",
    "move-leader": `moving etcd's leadership away from ${key}`,
    snapshot: "taking a snapshot of etcd on another node",
    uninstall: `uninstalling RKE2 on ${key}`,
    "switch-off": `switching ${key} off`,
    remove: `deleting the Machine of ${key}`,
    fence: `making sure that ${key} stays off`,
    "clear-mark": `taking our mark off the hardware of ${key}`,
    record: `recording that ${key} has left`,
  };
  return words[deed.act];
}

/** Does it. */
export async function carryOut(
  deed: Deed,
  departure: Departure,
  system: System,
  seen: Seen,
  memory: Memory,
): Promise<void> {
  const { kube } = seen.client;
  const name = seen.node?.name ?? departure.key;
  const { purpose, installation } = departure;
  switch (deed.act) {
    case "begin":
      return annotate(seen, "emptying");
    case "keep-volumes-away":
      return setStorage(kube, name, purpose === "release" ? "emptied" : "kept");
    case "stop-virtual-machines":
      return stopMachines(seen.client, deed.names);
    case "maintain":
      memory.maintenanceAsked += 1;
      return requestMaintenance(kube, name);
    case "drain":
      await cordon(kube, name);
      await evictPods(kube, name, await seen.client.list<KubeObject>(podsOf(name)));
      return;
    case "emptied":
      return annotate(seen, "emptied");
    case "ask-etcd":
      memory.askEtcd = true;
      return;
    case "move-leader":
      return moveLeader(shellOn(departure).act, deed.to);
    case "snapshot":
      await snapshotElsewhere(departure, seen);
      memory.snapshotTaken = true;
      return;
    case "uninstall":
      await uninstall(departure);
      return annotate(seen, "uninstalled");
    case "switch-off":
      return shutDown(system, SHUTDOWN_MS);
    case "remove":
      memory.dead = !hasLeftInOrder(seen);
      tellAttestation(departure, seen);
      return removeNode(kube, { name, machine: seen.node?.machine });
    case "fence":
      await system.clearBootOverride();
      return purpose === "reinstall" ? undefined : keepOff(departure, system, seen);
    case "clear-mark": {
      const isOurs = (tag: string | undefined) => readMark(tag)?.intent === installation;
      return system.setAssetTag((present) => (isOurs(present) ? cleared(present) : (present ?? "")));
    }
    case "record":
      return record(departure, seen, memory);
  }
}

async function annotate({ client, node }: Seen, stage: Stage): Promise<void> {
  const change = { metadata: { annotations: { [LEAVING]: stage } } };
  await client.kube.merge(`/api/v1/nodes/${node!.name}`, change, `noting that ${node!.name} leaves`);
}

/** Stops virtual machines as Harvester does when it drains by force [harvester pkg/controller/master/nodedrain]. */
export async function stopMachines(client: HarvesterClient, names: readonly string[]): Promise<void> {
  for (const fullName of names) {
    const [namespace, name] = fullName.split("/");
    const path = `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}`;
    const change = { spec: { running: null, runStrategy: "Halted" } };
    await client.kube.merge(path, change, `stopping the virtual machine ${fullName}`);
  }
}

async function snapshotElsewhere(
  { peers, key, installation }: Departure,
  { client, node }: Seen,
): Promise<void> {
  const others = (await client.nodes()).filter(
    ({ etcd, ready, name }) => etcd && ready && name !== node?.name,
  );
  const peer = peers.find(({ uuid }) => others.some((other) => sameUuid(other.uuid, uuid)));
  if (peer === undefined) {
    throw new UserError(
      `${key}: no other member of etcd can be reached over SSH to take a snapshot first. Give access.sshPrivateKey, or mend the way to the nodes.`,
    );
  }
  await saveSnapshot(peer.shell.act, `before-${key}-${installation}`);
}

/** Ends Kubernetes and etcd on the node and takes them off its disk [docs.rke2.io, "Uninstall"]. Nothing where that was done. */
async function uninstall(departure: Departure): Promise<void> {
  const { code, stderr } = await shellOn(departure).act("sudo /opt/rke2/bin/rke2-uninstall.sh");
  // The script removes itself as well.
  if (code === 0 || code === 127) return;
  throw new UserError(
    `${departure.key}: rke2-uninstall.sh ended with ${code}: ${stderr.trim().slice(0, 300)}`,
  );
}

function shellOn({ shell, key }: Departure): NonNullable<Departure["shell"]> {
  if (shell !== undefined) return shell;
  throw new UserError(
    `access.sshPrivateKey: ${key} leaves by commands on the node itself, and there is no key to log in with. Give the private half of one ` +
      "of os.sshAuthorizedKeys.",
  );
}

/** Off also when the mains return; what it was to do then is noted first, for the day on which it is used again. */
async function keepOff(
  { question, installation }: Departure,
  system: System,
  { client }: Seen,
): Promise<void> {
  const { powerRestorePolicy } = await system.state();
  if (powerRestorePolicy === undefined || powerRestorePolicy === STAYS_OFF) return;
  await notePowerRestorePolicy(client, question, { installation, powerRestorePolicy });
  await system.setPowerRestorePolicy(STAYS_OFF);
}

/** Whoever reads the run must see that a person's word stood in for what the BMC would say. */
function tellAttestation(departure: Departure, { observation }: Seen): void {
  const attested = countsAWord(observation)
    ? attestationFor(departure.question, departure.node.hardware)
    : undefined;
  if (attested === undefined) return;
  const why =
    observation.power === "silent" ? "its BMC does not answer" : "another installation has marked it";
  const { serial, by, reason } = attested;
  departure.ctx.warn(`${departure.key}: ${why}; ${by} vouches that ${serial} does not come back: ${reason}.`);
}

/** It was emptied before anything interrupted it. */
function hasLeftInOrder({ observation: { node } }: Seen): boolean {
  return node?.stage === "emptied" || node?.stage === "uninstalled";
}

/** How it has left. Where the run that removed it was killed, what was approved tells. */
export function howLeft({ removalApproved }: Departure, { dead }: Memory): RosterLeaver["how"] {
  return (dead ?? removalApproved) ? "removed" : "left";
}

/** Whether an attestation stands in for what the BMC would show. */
function countsAWord({ power, mark }: Seen["observation"]): boolean {
  return power === "silent" || mark === "another's";
}

/** What keeps it from coming back, for the roster. */
function fenceOf({ mark }: Seen["observation"], attested: ReturnType<typeof attestationFor>): string {
  if (attested !== undefined) return fenceByWord(attested);
  if (mark === "another's") return "not ours to fence: another installation had marked the machine by then";
  return "observed off, boot override off, power-restore policy off where there is one";
}

async function record(departure: Departure, { client, observation }: Seen, memory: Memory): Promise<void> {
  const { key, node, installation, question } = departure;
  const attested = countsAWord(observation)
    ? attestationFor(departure.question, departure.node.hardware)
    : undefined;
  await recordLeft(client, question, {
    key,
    uuid: node.hardware.uuid,
    serial: node.hardware.serial,
    installation,
    at: new Date().toISOString(),
    how: howLeft(departure, memory),
    fence: fenceOf(observation, attested),
  });
}
