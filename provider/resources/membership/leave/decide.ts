/**
 * What to do next about a node that leaves, given what was seen of it just now. Pure and level-triggered: the same facts, the same act, after
 * any crash. A living node is emptied, uninstalled and switched off before its Machine is deleted; a dead one is switched off first.
 * docs/leaving.md has the same as tables.
 */
import type { EtcdMember } from "../../../harvester/etcd";
import type { StorageNode } from "../../../harvester/storage-node";
import type { PowerState } from "../../../redfish/facts";

/** Why a node leaves: for good, or to be installed anew on the same host at once. */
export type Purpose = "release" | "reinstall";

/**
 * How far a living node is on its way out; it stands in the Node's annotation `harvester-stack.io/leaving`. `emptying`: volumes and virtual
 * machines are moved away. `emptied`: they are, and what follows interrupts the node. `uninstalled`: Kubernetes and etcd are off its disk.
 */
export type Stage = "emptying" | "emptied" | "uninstalled";

/** A node in the cluster, as far as its leaving is concerned. */
export interface LeavingNode {
  name: string;
  ready: boolean;
  /** Harvester counts it as a member of the control plane. */
  member: boolean;
  stage: Stage | undefined;
  cordoned: boolean;
  /** How far maintenance mode is; `requested` until Harvester has looked. */
  maintenance: "none" | "requested" | "running" | "completed";
  /** Its Machine or Node is being deleted. */
  deleting: boolean;
}

/** Everything that was seen. `undefined` for etcd: nobody has asked yet. */
export interface Observation {
  purpose: Purpose;
  /** What is done about virtual machines that cannot be moved. */
  virtualMachines: "refuse" | "stop";
  /** The node; undefined where the cluster does not know it. */
  node: LeavingNode | undefined;
  /** What keeps a node that is not Ready from being called dead; undefined: nothing does. */
  alive: string | undefined;
  /** A person has approved that it is removed dead. */
  removalApproved: boolean;
  /** A person vouches that the machine is off for good. */
  attested: boolean;
  /** Its storage; undefined where it has none. */
  storage: StorageNode | undefined;
  /** Virtual machines that run on it. */
  machines: readonly { name: string; migratable: boolean }[];
  /** Harvester offers maintenance mode for it. */
  maintainable: boolean;
  /** Maintenance mode was asked for, and Harvester has taken the request back several times. */
  maintenanceRefused: boolean;
  /** etcd's members, as a node that stays sees them; `unknown` with the reason where none could be asked. */
  etcd:
    | { members: readonly EtcdMember[]; own: string | undefined; orphans: readonly EtcdMember[] }
    | string
    | undefined;
  /** An etcd snapshot was taken on another node for this. */
  snapshotTaken: boolean;
  /** What the BMC says; `silent` with no answer. */
  power: PowerState | "silent" | undefined;
  /** Boot override off, and power-restore policy off where there is one. */
  fenced: boolean;
  /** Whose mark the hardware carries. */
  mark: "ours" | "none" | "another's";
  /** What keeps promotion from resting; undefined: it rests. */
  promotion: string | undefined;
  /** The roster says that it left. */
  recorded: boolean;
}

/** The next act. */
export type Act =
  | { act: "begin" }
  | { act: "keep-volumes-away" }
  | { act: "stop-virtual-machines"; names: readonly string[] }
  | { act: "maintain" }
  | { act: "drain" }
  | { act: "emptied" }
  | { act: "ask-etcd" }
  | { act: "move-leader"; to: string }
  | { act: "snapshot" }
  /** These three interrupt the node or take it out: the quorum is looked at right before. */
  | { act: "uninstall" }
  | { act: "switch-off" }
  | { act: "remove" }
  | { act: "fence" }
  | { act: "clear-mark" }
  | { act: "record" }
  | { act: "wait"; what: string }
  | { act: "refuse"; reason: string }
  | { act: "done" };

/** Decides. */
export function decide(seen: Observation): Act {
  const { node } = seen;
  if (node === undefined) return decideAboutGone(seen);
  if (node.deleting) return wait(`${node.name} to be taken out by Harvester`);
  const interrupted = node.stage === "emptied" || node.stage === "uninstalled";
  const taken = seen.mark === "another's" ? decideAboutTaken(seen, node) : undefined;
  if (taken !== undefined) return taken;
  if (!node.ready && !interrupted) return decideAboutDead(seen, node);
  if (node.stage === undefined) return begin(seen, node);
  if (node.stage === "emptying") return decideAboutEmptying(seen, node);
  return decideAboutEmptied(seen, node);
}

function begin(seen: Observation, node: LeavingNode): Act {
  if (seen.power === "silent") {
    return refuse(
      `the BMC of ${node.name} does not answer, so nobody could see to it that the machine stays off once it has left. Mend the BMC. ` +
        "Nothing was changed.",
    );
  }
  if (seen.promotion !== undefined) return wait(`promotion to rest: ${seen.promotion}`);
  return stuckMachines(seen) ?? { act: "begin" };
}

function decideAboutEmptying(seen: Observation, node: LeavingNode): Act {
  const { storage, purpose, machines } = seen;
  if (storage !== undefined && !isKeptAway(storage, purpose)) return { act: "keep-volumes-away" };
  if (purpose === "release" && storage !== undefined && storage.volumes.length > 0) {
    return wait(
      `Longhorn to move ${storage.volumes.length} replicas off ${node.name} (${someOf(storage.volumes)})`,
    );
  }
  const stuck = stuckMachines(seen);
  if (stuck !== undefined) return stuck;
  const emptied = machines.length === 0;
  if (seen.maintainable || node.maintenance !== "none") {
    if (node.maintenance === "completed")
      return emptied ? { act: "emptied" } : waitForMachines(node, machines);
    if (seen.maintenanceRefused) {
      return refuse(
        `Harvester refuses maintenance mode for ${node.name} again and again: some virtual machine there has no other node to run on, or its ` +
          "last healthy volume replica there. Look at the node's page in Harvester, and move or stop what it names.",
      );
    }
    return node.maintenance === "none" ? { act: "maintain" } : waitForMachines(node, machines);
  }
  // Harvester has no maintenance mode for a member unless three are in use; then the documented way is kubectl drain.
  if (!node.cordoned || !emptied) return { act: "drain" };
  return { act: "emptied" };
}

function decideAboutEmptied(seen: Observation, node: LeavingNode): Act {
  const { etcd, power, purpose } = seen;
  if (node.member && node.stage === "emptied" && node.ready) {
    if (etcd === undefined) return { act: "ask-etcd" };
    if (typeof etcd === "string") return wait(`etcd to be asked (${etcd})`);
    const leads = etcd.members.find(({ name, leads }) => leads && name === etcd.own);
    const heir = etcd.members.find(({ votes, answers, name }) => votes && answers && name !== etcd.own);
    if (leads !== undefined && heir !== undefined) return { act: "move-leader", to: heir.id };
  }
  if (purpose === "reinstall" && !seen.snapshotTaken && node.stage === "emptied") return { act: "snapshot" };
  if (node.stage === "emptied" && node.ready && power === "On") return { act: "uninstall" };
  return offThenRemove(seen);
}

function decideAboutDead(seen: Observation, node: LeavingNode): Act {
  if (seen.alive !== undefined)
    return wait(`${node.name} to be Ready again, or to be dead for certain: ${seen.alive}`);
  if (!seen.removalApproved) {
    return refuse(
      `${node.name} is not Ready, so it can leave only as a dead one, and nobody has approved that: what only it holds is lost. Repair it ` +
        "and run again; or, if it is lost for good, put it back into the description, take it out again, and approve what the preview says.",
    );
  }
  return offThenRemove(seen);
}

/**
 * Whoever marked the machine uses it now, and its power is theirs. Its node of ours may be removed where a person vouches that it does not come
 * back; undefined then, and the machine is left alone.
 */
function decideAboutTaken({ attested }: Observation, { name, ready }: LeavingNode): Act | undefined {
  if (attested && !ready) return undefined;
  const how = ready
    ? "Its node is Ready all the same: find out who marked it, and take that word out of the asset tag in the BMC."
    : `If ${name} is to be removed without it, say that it does not come back: attestations: [{serial, by, reason}] in the description, with its serial number.`;
  return refuse(
    `the machine of ${name} carries the mark of another installation in its BMC's asset tag, so another stack may use it. It was neither switched off ` +
      `nor uninstalled. ${how}`,
  );
}

/** Whoever is taken out must be off before, and stay off: a node that comes back by itself joins again (harvester#1497). */
function offThenRemove(seen: Observation): Act {
  const fence = fenceOf(seen);
  return fence ?? { act: "remove" };
}

function fenceOf(seen: Observation): Act | undefined {
  const { power, attested, fenced, mark } = seen;
  if (mark === "another's") return undefined;
  if (power === "silent") {
    if (attested) return undefined;
    return refuse(
      "its BMC does not answer, so nobody knows whether the machine is off and stays off. Mend the BMC; or pull the machine's power, and say so: " +
        "attestations: [{serial, by, reason}] in the description, with its serial number.",
    );
  }
  if (power !== "Off") return { act: "switch-off" };
  if (!fenced) return { act: "fence" };
  return undefined;
}

function decideAboutGone(seen: Observation): Act {
  const { etcd, promotion, purpose, mark, power, recorded } = seen;
  if (purpose === "release" && recorded) return { act: "done" };
  if (etcd === undefined) return { act: "ask-etcd" };
  if (typeof etcd !== "string" && etcd.orphans.length > 0) {
    const names = etcd.orphans.map(({ id, name }) => `${name || "unnamed"} (${id})`).join(", ");
    // A member that joins is listed before its Node says which one it is; one that left, until Rancher has removed it after its Node.
    return wait(
      `etcd to list only members that a Node stands for, which none does for ${names}: it joins and is promoted, or it left and Rancher removes it`,
    );
  }
  if (promotion !== undefined) return wait(`promotion to rest: ${promotion}`);
  if (typeof etcd !== "string") {
    const learner = etcd.members.find(({ votes }) => !votes);
    if (learner !== undefined) return wait(`${learner.name} to vote in etcd`);
  }
  if (purpose === "reinstall") return { act: "done" };
  // Somebody else has begun to use the machine: it was let go of by a run that was cut short.
  if (mark === "another's") return { act: "record" };
  if (mark === "none" && power !== "Off" && power !== "silent") {
    return refuse(
      "the machine has left, carries no mark of ours any more, and is switched on: it runs something that nobody described. If nobody uses it, " +
        "switch it off and run again.",
    );
  }
  const fence = fenceOf(seen);
  if (fence !== undefined) return fence;
  return mark === "ours" && power !== "silent" ? { act: "clear-mark" } : { act: "record" };
}

/** Where some virtual machine can be neither moved nor stopped by us, or is to be stopped first. */
function stuckMachines({ machines, virtualMachines, node }: Observation): Act | undefined {
  const fixed = machines.filter(({ migratable }) => !migratable).map(({ name }) => name);
  if (fixed.length === 0) return undefined;
  if (virtualMachines === "stop") {
    // Stopping comes with emptying, not before it has begun.
    return node?.stage === undefined ? undefined : { act: "stop-virtual-machines", names: fixed };
  }
  return refuse(
    `${node!.name} runs virtual machines that cannot be live-migrated: ${fixed.join(", ")}. Stop or move them, or allow that they are stopped: ` +
      'leave.virtualMachines: "stop".',
  );
}

function isKeptAway({ schedulable, evicting }: StorageNode, purpose: Purpose): boolean {
  return !schedulable && (purpose === "reinstall" || evicting);
}

function waitForMachines(node: LeavingNode, machines: Observation["machines"]): Act {
  const left = machines.length === 0 ? "" : ` (still there: ${someOf(machines.map(({ name }) => name))})`;
  return wait(`maintenance mode of ${node.name}${left}`);
}

function someOf(names: readonly string[]): string {
  return names.length <= 3
    ? names.join(", ")
    : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

function wait(what: string): Act {
  return { act: "wait", what };
}

function refuse(reason: string): Act {
  return { act: "refuse", reason };
}
