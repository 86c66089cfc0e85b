/** The roster in the cluster: which stack it belongs to and who belongs to it, for whoever looks without the state. */
import type { HarvesterClient } from "../../harvester/client";
import type { MembershipInputs } from "./inputs";

const NAMESPACE = "harvester-system";
const NAME = "harvester-stack-roster";

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
