/** The watch over the fence, as a change of members keeps it: who has left stays out. */
import { ofReturn } from "../../../../model/fence";
import { underLease } from "../../../harvester/lease";
import { type OperationContext, UserError } from "../../../shell/resource";
import { lookAtCluster } from "../../live-cluster";
import type { MembershipInputs } from "../inputs";
import { peerOf } from "../leave";
import { type PutOut, putOutReturned, returnedNow } from "./put-out";

/** What is left to do about the machines that came back. */
export interface StillIn {
  /** What has to be waited for before they can go. */
  open: string[];
  /** What was waited for in vain, for as long as the rest of a change is to wait. */
  overdue: string[];
}

/** Puts out whoever came back after it had left, and tells of it. Throws where a person has to act. */
export async function keepFenced(
  ctx: Pick<OperationContext, "signal" | "deadline" | "status" | "warn" | "facts">,
  inputs: MembershipInputs,
  pinned: string | undefined,
): Promise<StillIn> {
  const { members } = inputs;
  const described = Object.fromEntries(members.map(({ key, node }) => [key, node]));
  const peers = members.flatMap((member) => peerOf(inputs, member) ?? []);
  const watch = { question: inputs, described, pinned, peers };
  if ((await returnedNow(ctx, watch)).length === 0) return { open: [], overdue: [] };
  const kube = async () => (await lookAtCluster(inputs, { signal: ctx.signal, pinned })).client?.kube;
  const purpose = "putting released machines out";
  const put = await underLease({ kube, ctx, purpose }, (signal) => putOutReturned({ ...ctx, signal }, watch));
  const { out, stuck, ...left } = sorted(put);
  for (const told of out) ctx.warn(`cluster.${told}`);
  if (stuck.length > 0) throw new UserError(`cluster.nodes: ${stuck.join(" ")} Run again once that is done.`);
  return left;
}

/** What became of them, in words. */
export function sorted(put: readonly PutOut[]): StillIn & { out: string[]; stuck: string[] } {
  const [out, open, overdue, stuck] = [[], [], [], []] as [string[], string[], string[], string[]];
  for (const machine of put) {
    const { property, message } = ofReturn(machine);
    const { held, released } = machine;
    if (held === undefined) {
      out.push(
        `${property}: ${message} It was switched off, and its node removed. Its disk still holds the cluster's token: wipe it, or keep the machine off.`,
      );
    } else if (held.passes) {
      const list = held.guard === "deadline" ? overdue : open;
      list.push(`${released.key}, which came back, to be put out: ${held.why}`);
    } else
      stuck.push(
        `${message} Its node is cordoned, and it was not switched off: ${held.why}. (rule released-stays-out)`,
      );
  }
  return { out, open, overdue, stuck };
}
