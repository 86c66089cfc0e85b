/** The roster in the cluster: which stack it belongs to and who belongs to it, for whoever looks without the state. */
import type { HarvesterClient } from "../../harvester/client";
import type { MembershipInputs } from "./inputs";

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
  const ids = (all: readonly { installation: string }[]) => all.map(({ installation }) => installation).sort();
  return JSON.stringify(ids(listed)) === JSON.stringify(ids(members));
}

/** Writes the roster, unless it says so already. */
export async function writeRoster(
  client: HarvesterClient,
  { identity, members }: MembershipInputs,
): Promise<void> {
  const roster = members.map(({ key, node, installation }) => ({
    key,
    uuid: node.hardware.uuid,
    serial: node.hardware.serial,
    installation,
  }));
  await client.applyConfigMap(NAMESPACE, NAME, {
    incarnation: identity.incarnation,
    members: JSON.stringify(roster),
  });
}
