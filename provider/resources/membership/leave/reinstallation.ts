/** A member leaves in order to be installed anew on the same host. */
import { sameUuid } from "../../../../model/hardware";
import { underLease } from "../../../harvester/lease";
import { type OperationContext, type Properties, UserError } from "../../../shell/resource";
import { lookAtCluster } from "../../live-cluster";
import type { MachineInputs } from "../../machine/inputs";
import { shellOf } from "../../node-shell";
import { type RosterMember, readRoster } from "../roster";
import type { Departure, Peer } from "./departure";
import { takeOut } from "./take-out";

/**
 * Takes the machine out of the cluster, under the Lease, and returns when promotion has settled without it. A machine knows nobody but itself;
 * whom to ask about etcd stands in the cluster's roster.
 */
export async function leaveForReinstallation(
  ctx: OperationContext,
  inputs: MachineInputs,
  installation: string,
  oldOutputs: Properties | undefined,
): Promise<void> {
  const { key, node } = inputs;
  const pinned = oldOutputs?.caFingerprint as string | undefined;
  const look = () => lookAtCluster(inputs, { signal: ctx.signal, pinned });
  const kube = async () => (await look()).client?.kube;
  await underLease({ kube, ctx, purpose: `installing ${key} anew` }, async (signal) => {
    const { client, what } = await look();
    if (client === undefined) {
      throw new UserError(
        `${key}: the cluster stopped answering before anything was done (${what}). Run again.`,
      );
    }
    const { members } = await readRoster(client);
    const peers = members.filter(({ uuid }) => !sameUuid(uuid, node.hardware.uuid));
    // What it was installed as: its address may change with the reinstallation.
    const was = (oldOutputs?.node as MachineInputs["node"] | undefined) ?? node;
    const hostKey = oldOutputs?.sshHostKey as string | undefined;
    const departure: Departure = {
      ctx: { ...ctx, signal },
      question: inputs,
      pinned,
      key,
      node,
      installation,
      purpose: "reinstall",
      // That it is installed anew was approved, and what it holds is lost either way.
      removalApproved: true,
      shell: shellOf(inputs, { key, node: was, hostKey }),
      peers: peers.flatMap((member) => peerOf(inputs, member) ?? []),
    };
    await takeOut(departure);
  });
}

function peerOf(inputs: MachineInputs, { key, uuid, reach }: RosterMember): Peer | undefined {
  const shell = reach && shellOf(inputs, { key, node: reach, hostKey: reach.hostKey });
  return shell && { uuid, shell };
}
