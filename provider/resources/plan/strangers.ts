/** What must not be there before a first `up`: a cluster at the VIP, or machines that somebody else's state installed. */
import type { ClusterDescription } from "../../../model/description";
import { BmcError } from "../../redfish/errors";
import { type CheckFailure, containsUnknown, isUnknown, type OperationContext } from "../../shell/resource";
import { glance } from "../machine/glance";
import { readMark } from "../machine/mark";
import { sightCluster } from "../sighting";

/** Refuses whatever is there already and this state knows nothing of. */
export async function refuseStrangers(
  ctx: OperationContext,
  wanted: ClusterDescription,
): Promise<CheckFailure[]> {
  const looks = [refuseUnknownCluster(ctx, wanted), refuseMarkedMachines(ctx, wanted)];
  return (await Promise.all(looks)).flat();
}

/**
 * No old state means unknown, never "provision": whatever answers at the VIP was not made from this state, or the
 * state was lost (P11). Values that a preview does not know yet leave nothing to look at.
 */
async function refuseUnknownCluster(
  ctx: OperationContext,
  wanted: ClusterDescription,
): Promise<CheckFailure[]> {
  const { address } = wanted.vip;
  if (isUnknown(address) || isUnknown(wanted.access.url)) return [];
  const sighting = await sightCluster(wanted, ctx.signal);
  if (sighting.kind === "silent") return [];
  const what =
    sighting.kind === "harvester" ? "A running Harvester cluster" : `Something else (${sighting.what})`;
  return [
    {
      property: "cluster.vip.address",
      reason:
        `${what} answers at the VIP ${address}, and this stack's state knows no cluster. Nothing was touched. If the ` +
        "component was renamed or moved below another parent, give it an alias (pulumi.com/docs/iac/concepts/options/" +
        "aliases). If the state was lost or edited, restore it (pulumi stack import from a backup below .pulumi/backups, " +
        "or from your backend's history) or, if there is no backup, adopt the cluster (docs/adopting.md). If it is another " +
        "cluster, choose another VIP. (rule no-unknown-cluster)",
    },
  ];
}

/** A machine that carries the mark of an installation was installed from a state that is not this one. A silent BMC says nothing. */
async function refuseMarkedMachines(
  ctx: OperationContext,
  wanted: ClusterDescription,
): Promise<CheckFailure[]> {
  const looks = Object.entries(wanted.nodes).map(async ([key, node]): Promise<CheckFailure[]> => {
    if (containsUnknown(node.bmc)) return [];
    try {
      const mark = await glance(ctx, node, async (system) => readMark((await system.state()).assetTag));
      if (mark === undefined) return [];
      return [
        {
          property: "cluster",
          reason:
            `nodes.${key}: the machine carries the mark of an installation (asset tag hvst:${mark.intent}:${mark.phase}), and this ` +
            "stack's state knows no cluster. Nothing was touched. If the component was moved below another parent, give it an " +
            "alias; if the state was lost, restore it. If the machine is free to be wiped, power it off and clear its asset tag " +
            "in the BMC. (rule no-unknown-machine)",
        },
      ];
    } catch (error) {
      if (error instanceof BmcError) return [];
      throw error;
    }
  });
  return (await Promise.all(looks)).flat();
}
