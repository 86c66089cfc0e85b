/** The watch over the fence, as a change of members keeps it: who has left stays out. */
import { ofReturn } from "../../../../model/fence";
import { underLease } from "../../../harvester/lease";
import { type OperationContext, UserError } from "../../../shell/resource";
import { lookAtCluster } from "../../live-cluster";
import type { MembershipInputs } from "../inputs";
import { peerOf } from "../leave";
import { putOutReturned, returnedNow } from "./put-out";

/**
 * Puts out whoever came back after it had left, and tells of it. Returns what has to be waited for before the rest of them can go; throws where
 * a person has to act.
 */
export async function keepFenced(
  ctx: Pick<OperationContext, "signal" | "deadline" | "status" | "warn" | "facts">,
  inputs: MembershipInputs,
  pinned: string | undefined,
): Promise<string[]> {
  const { members } = inputs;
  const described = Object.fromEntries(members.map(({ key, node }) => [key, node]));
  const peers = members.flatMap((member) => peerOf(inputs, member) ?? []);
  const watch = { question: inputs, described, pinned, peers };
  if ((await returnedNow(ctx, watch)).length === 0) return [];
  const kube = async () => (await lookAtCluster(inputs, { signal: ctx.signal, pinned })).client?.kube;
  const purpose = "putting released machines out";
  const put = await underLease({ kube, ctx, purpose }, (signal) => putOutReturned({ ...ctx, signal }, watch));
  const open: string[] = [];
  const stuck: string[] = [];
  for (const machine of put) {
    const { property, message } = ofReturn(machine);
    const { held, released } = machine;
    if (held === undefined) {
      ctx.warn(
        `cluster.${property}: ${message} It was switched off, and its node removed. Its disk still holds the cluster's token: wipe it, or keep the machine off.`,
      );
    } else if (held.passes) open.push(`${released.key}, which came back, to be put out: ${held.why}`);
    else
      stuck.push(
        `${message} Its node is cordoned, and it was not switched off: ${held.why}. (rule released-stays-out)`,
      );
  }
  if (stuck.length > 0) throw new UserError(`cluster.nodes: ${stuck.join(" ")} Run again once that is done.`);
  return open;
}
