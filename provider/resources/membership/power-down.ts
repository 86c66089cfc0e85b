/** Takes a whole cluster down in order and lets its machines go, where the state allows it. */
import { System } from "../../redfish/system";
import type { OperationContext } from "../../shell/resource";
import { refuseOtherHost } from "../machine/look";
import { cleared, readMark } from "../machine/mark";
import type { MembershipInputs } from "./inputs";
import { shutDown } from "./shut-down";
import type { Member } from "./verify";

/** Longest orderly shutdown of one machine. Virtual machines get their grace period within it. */
const SHUTDOWN_MS = 300_000;

/**
 * Shuts the machines down, workers first and the creator last, each observed off before the next; then takes our mark
 * off the hardware, so that it may be described in another stack. Disks are not touched.
 */
export async function powerDown(ctx: OperationContext, inputs: MembershipInputs): Promise<void> {
  for (const member of inShutdownOrder(inputs)) {
    ctx.status(`shutting ${member.key} down`);
    const system = new System({ bmc: member.node.bmc, readOnly: ctx.preview, signal: ctx.signal });
    try {
      const facts = await system.facts();
      refuseOtherHost(ctx, member, facts);
      // Without our mark it was let go of already, by a run that was cut short; who uses it now is not ours to ask.
      if (readMark(facts.assetTag)?.intent !== member.installation) continue;
      await shutDown(system, SHUTDOWN_MS);
      await system.clearBootOverride();
      // Whoever has marked it since then does so for an installation of theirs.
      const isOurs = (tag: string | undefined) => readMark(tag)?.intent === member.installation;
      await system.setAssetTag((present) => (isOurs(present) ? cleared(present) : (present ?? "")));
    } finally {
      await system.close();
    }
  }
}

/** Workers first, then the others, the creator last: the control plane goes down after what it controls. */
function inShutdownOrder({ members, identity }: MembershipInputs): Member[] {
  const rank = (member: Member) => {
    if (member.key === identity.creator.key) return 2;
    return member.node.role === "worker" ? 0 : 1;
  };
  return [...members].sort((a, b) => rank(a) - rank(b));
}
