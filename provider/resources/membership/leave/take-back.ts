/** A node whose leaving had begun, and which is described again: it is taken back into use. */
import { hostnameOf } from "../../../../model/description";
import type { HarvesterClient } from "../../../harvester/client";
import { underLease } from "../../../harvester/lease";
import { endMaintenance } from "../../../harvester/maintenance";
import { LEAVING, type NodeFacts } from "../../../harvester/node-facts";
import { setStorage, storageOf } from "../../../harvester/storage-node";
import { type OperationContext, UserError } from "../../../shell/resource";
import { chronicleOf } from "../../chronicle";
import { lookAtCluster, nodeOn } from "../../live-cluster";
import type { MembershipInputs } from "../inputs";
import type { Member } from "../verify";

/** Takes every member back whose leaving had begun. Nothing where the cluster does not answer: it is waited for afterwards. */
export async function takeBack(
  ctx: OperationContext,
  inputs: MembershipInputs,
  pinned: string | undefined,
): Promise<void> {
  const look = () => lookAtCluster(inputs, { signal: ctx.signal, facts: ctx.facts, pinned });
  const returning = async () => {
    const cluster = await look();
    return inputs.members.flatMap((member) => {
      const node = nodeOn(cluster, member.node.hardware);
      return node?.leaving === undefined || cluster.client === undefined
        ? []
        : [{ member, node, client: cluster.client }];
    });
  };
  const found = await returning();
  if (found.length === 0) return;
  const purpose = `taking ${found.map(({ member }) => member.key).join(", ")} back`;
  const kube = async () => (await look()).client?.kube;
  await underLease({ kube, ctx, purpose }, async () => {
    const chronicle = chronicleOf(ctx.facts, inputs.identity);
    for (const { member, node, client } of await returning()) {
      const work = async () => {
        await takeBackOne(ctx, member, node, client);
        await look();
      };
      await chronicle.step(node.name, work, () => "resume");
    }
  });
}

async function takeBackOne(
  ctx: OperationContext,
  { key, node: described }: Member,
  node: NodeFacts,
  { kube }: HarvesterClient,
): Promise<void> {
  if (node.leaving === "uninstalled" || node.deleting) {
    throw new UserError(
      `nodes.${key}: ${hostnameOf(key, described)} had left so far that RKE2 is off its disk, and cannot be taken back. Take it out of the ` +
        "description again and run up; then it may be described anew.",
    );
  }
  ctx.status(`taking ${key} back into use`);
  await endMaintenance(kube, node.name);
  if ((await storageOf(kube, node.name, [])) !== undefined) await setStorage(kube, node.name, "used");
  const change = { metadata: { annotations: { [LEAVING]: null } } };
  await kube.merge(`/api/v1/nodes/${node.name}`, change, `noting that ${node.name} stays`);
}
