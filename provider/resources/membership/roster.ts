/** The roster in the cluster: which stack it belongs to, who belongs to it, and who left, for whoever looks without the state. */
import { installedAs } from "../../../model/description";
import type { Eviction } from "../../../model/eviction";
import type { ReleasedMachine } from "../../../model/fence";
import { sameUuid } from "../../../model/hardware";
import { sshHostKey } from "../../../model/identity";
import type { HarvesterClient } from "../../harvester/client";
import { HarvesterError } from "../../harvester/errors";
import type { KubeObject } from "../../harvester/kube-api";
import type { ReachableNode } from "../node-shell";
import type { MembershipInputs } from "./inputs";
import type { Member } from "./verify";

const NAMESPACE = "harvester-system";
const NAME = "harvester-stack-roster";

/** Whether the roster names exactly these members already, for the sake of who would write it. */
export async function isRosterOf(
  client: HarvesterClient,
  { identity, members }: Pick<MembershipInputs, "identity" | "members">,
): Promise<boolean> {
  const present = await client.configMap(NAMESPACE, NAME);
  if (present === undefined || present.incarnation !== identity.incarnation) return false;
  const listed = JSON.parse(present.members ?? "[]") as { installation: string }[];
  const ids = (all: readonly { installation: string }[]) =>
    all.map(({ installation }) => installation).sort();
  return JSON.stringify(ids(listed)) === JSON.stringify(ids(members));
}

/** How many of those that left are remembered; a ConfigMap holds 1 MiB. */
const MOST_LEFT = 100;

/** A member as the roster has it. */
export interface RosterMember {
  /** The node's key in the description. */
  key: string;
  uuid: string;
  serial: string;
  /** Intent under which its machine was installed. */
  installation: string;
  /** How it is reached. Rosters of earlier releases do not say. */
  reach?: ReachableNode & { hostKey: string };
  /** What its BMC's power-restore policy was before it was kept off, where it is on its way out. */
  powerRestorePolicy?: string;
}

/** A node that left for good. */
export interface RosterLeaver extends ReleasedMachine {
  /** How it was reached: if it comes back, it is switched off over the same way. Rosters of earlier releases do not say. */
  reach?: RosterMember["reach"];
  /** What its BMC's power-restore policy was before: it is set back when the machine is installed again. */
  powerRestorePolicy?: string;
}

/** What the roster says. */
export interface Roster {
  /** Id of the life of the cluster that it is about; undefined where there is no roster. */
  incarnation: string | undefined;
  members: RosterMember[];
  left: RosterLeaver[];
  /** Members that were taken out because they had failed; they stand among those that left, too, once they are out. */
  evicted: Eviction[];
}

/** Reads the roster; empty where there is none. */
export async function readRoster(client: HarvesterClient): Promise<Roster> {
  const data = await client.configMap(NAMESPACE, NAME);
  const { incarnation, members = "[]", left = "[]", evicted = "[]" } = data ?? {};
  return {
    incarnation,
    members: JSON.parse(members) as RosterMember[],
    left: JSON.parse(left) as RosterLeaver[],
    evicted: JSON.parse(evicted) as Eviction[],
  };
}

/** Writes who belongs, unless it says so already. Whoever belongs again is no longer among those that left. */
export async function writeRoster(client: HarvesterClient, inputs: MembershipInputs): Promise<void> {
  const { left, evicted } = await readRoster(client);
  const members = inputs.members.map((member) => rosterMember(inputs, member));
  const isBack = ({ uuid }: RosterLeaver) => members.some((member) => sameUuid(member.uuid, uuid));
  await write(client, inputs, {
    members,
    left: left.filter((leaver) => !isBack(leaver)),
    evicted,
  });
}

/** Records that a node has left. */
export async function recordLeft(
  client: HarvesterClient,
  inputs: Pick<MembershipInputs, "identity">,
  leaver: RosterLeaver,
): Promise<void> {
  const { members, left, evicted } = await readRoster(client);
  const known = members.find(({ installation }) => installation === leaver.installation);
  const recorded = {
    ...leaver,
    ...(known?.powerRestorePolicy === undefined ? {} : { powerRestorePolicy: known.powerRestorePolicy }),
    ...(known?.reach === undefined ? {} : { reach: known.reach }),
  };
  await write(client, inputs, {
    evicted,
    members: members.filter(({ installation }) => installation !== leaver.installation),
    left: [...left.filter(({ installation }) => installation !== leaver.installation), recorded].slice(
      -MOST_LEFT,
    ),
  });
}

/** Somebody else has changed the object since it was read. */
const CONFLICT = 409;

/**
 * Records that a machine is installed again: it has not left any more, and whoever holds an older description must not put it out while it joins.
 * Machines are installed beside each other and beside the guard, so nobody's writing is overwritten: false where somebody was faster.
 */
export async function forgetLeft(
  { kube }: Pick<HarvesterClient, "kube">,
  { incarnation }: Pick<MembershipInputs["identity"], "incarnation">,
  uuid: string,
): Promise<boolean> {
  const path = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NAME}`;
  const found = await kube.find<KubeObject & { data?: Record<string, string> }>(path, "reading the roster");
  if (found?.data?.incarnation !== incarnation) return true;
  const left = JSON.parse(found.data.left ?? "[]") as RosterLeaver[];
  const others = left.filter((leaver) => !sameUuid(leaver.uuid, uuid));
  if (others.length === left.length) return true;
  const { resourceVersion } = found.metadata;
  const change = { metadata: { resourceVersion }, data: { left: JSON.stringify(others) } };
  try {
    await kube.merge(path, change, "noting in the roster who is installed again");
    return true;
  } catch (error) {
    if (error instanceof HarvesterError && error.status === CONFLICT) return false;
    throw error;
  }
}

/** Notes the power-restore policy of a member before it is changed: whoever is killed right after must not lose it. */
export async function notePowerRestorePolicy(
  client: HarvesterClient,
  inputs: Pick<MembershipInputs, "identity">,
  { installation, powerRestorePolicy }: Required<Pick<RosterMember, "installation" | "powerRestorePolicy">>,
): Promise<void> {
  const roster = await readRoster(client);
  const members = roster.members.map((member) =>
    member.installation === installation ? { ...member, powerRestorePolicy } : member,
  );
  await write(client, inputs, { ...roster, members });
}

/** Records that a member is taken out because it has failed: before anything is done, so that whoever is killed in it has said so. */
export async function recordEvicted(
  client: HarvesterClient,
  inputs: Pick<MembershipInputs, "identity">,
  eviction: Eviction,
): Promise<void> {
  const roster = await readRoster(client);
  const others = roster.evicted.filter(({ installation }) => installation !== eviction.installation);
  await write(client, inputs, { ...roster, evicted: [...others, eviction].slice(-MOST_LEFT) });
}

async function write(
  client: HarvesterClient,
  { identity }: Pick<MembershipInputs, "identity">,
  { members, left, evicted }: Omit<Roster, "incarnation">,
): Promise<void> {
  await client.applyConfigMap(NAMESPACE, NAME, {
    incarnation: identity.incarnation,
    members: JSON.stringify(members),
    left: JSON.stringify(left),
    evicted: JSON.stringify(evicted),
  });
}

function rosterMember(
  { identity }: Pick<MembershipInputs, "identity">,
  { key, node, installation, sshHostKey: shown }: Member,
): RosterMember {
  const { hardware, wasHardware, hostname, address, ssh } = node;
  const hostKey = shown ?? sshHostKey(identity.seed, installedAs(node)).publicKey;
  return {
    key,
    uuid: hardware.uuid,
    serial: hardware.serial,
    installation,
    reach: { hardware, wasHardware, hostname, address, ssh, hostKey },
  };
}
