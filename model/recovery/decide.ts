/** The decision of one pass: at most one act, and only where nothing stands against it. */
import { isMember } from "../promotion";
import { successorOf } from "./candidate";
import { RECOVERY_GUARDS, type RecoveryGuard } from "./guards";
import type { RepairAct } from "./memory";
import type { GuardedNode, Intent, RecoverySituation } from "./situation";

/** What a pass does. */
export type Decision =
  /** All is well, or a failure is still waited for. */
  | { do: "nothing"; why: string }
  | { do: "repair"; node: string; act: RepairAct; why: string }
  /** The member is removed, and `successor` will be promoted by Harvester. */
  | { do: "evict"; node: string; successor: string; why: string }
  /** Something should be done, and is not. `passes`: waiting mends that, else a person has to look. */
  | { do: "refuse"; node?: string; guard: string; passes: boolean; why: string };

/** Decides. `guards` are all of them, but in tests that show what each one is for. */
export function decide(
  situation: RecoverySituation,
  guards: readonly RecoveryGuard[] = RECOVERY_GUARDS,
): Decision {
  const refusals = intentsOf(situation).map((intent) => ({
    intent,
    refusal: refusalOf(situation, intent, guards),
  }));
  const free = refusals.find(({ refusal }) => refusal === undefined);
  if (free !== undefined) return decisionFor(situation, free.intent);
  const [first] = refusals;
  if (first !== undefined) return first.refusal!;
  const unclear = situation.nodes.find(({ assessment }) => assessment.state === "unknown");
  if (unclear !== undefined) {
    const why = `${unclear.name}: ${whyOf(unclear)}`;
    return { do: "refuse", node: unclear.name, guard: "not-certain", passes: false, why };
  }
  const waiting = situation.nodes.filter(({ assessment }) => assessment.state === "hiccup");
  if (waiting.length > 0)
    return {
      do: "nothing",
      why: waiting.map((node) => `${node.name} is waited for: ${whyOf(node)}`).join("; "),
    };
  return bystander(situation) ?? { do: "nothing", why: "every node is well" };
}

/** What should be done, repairs before evictions. Only members of the control plane are the matter of recovery. */
function intentsOf({ nodes }: RecoverySituation): Intent[] {
  const members = nodes.filter(isMember);
  const repairs = members.flatMap(({ name, assessment }): Intent[] =>
    assessment.state === "repairable"
      ? [{ do: "repair", node: name, act: assessment.act, why: assessment.why }]
      : [],
  );
  const evictions = members.flatMap(({ name, assessment }): Intent[] =>
    assessment.state === "beyond-repair" ? [{ do: "evict", node: name, why: assessment.why }] : [],
  );
  return [...repairs, ...evictions];
}

function refusalOf(
  situation: RecoverySituation,
  intent: Intent,
  guards: readonly RecoveryGuard[],
): Extract<Decision, { do: "refuse" }> | undefined {
  for (const { id, passes = false, refuses } of guards) {
    const why = refuses(situation, intent);
    if (why === undefined) continue;
    const what =
      intent.do === "evict"
        ? "evicted"
        : intent.act === "uncordon"
          ? "uncordoned"
          : intent.act === "reset"
            ? "reset"
            : "switched on";
    return {
      do: "refuse",
      node: intent.node,
      guard: id,
      passes,
      why: `${intent.node} would be ${what} (${intent.why}); it is not, because ${why}`,
    };
  }
  return undefined;
}

function decisionFor({ nodes, version }: RecoverySituation, intent: Intent): Decision {
  if (intent.do === "repair") return intent;
  const { name = "nobody" } = successorOf(nodes, intent.node, version);
  return { ...intent, successor: name };
}

/** A failed node that is no member: nobody takes its place, and evicting it gains nothing. A person is told. */
function bystander({ nodes }: RecoverySituation): Decision | undefined {
  const failed = nodes.find(
    ({ assessment }) => assessment.state === "repairable" || assessment.state === "beyond-repair",
  );
  if (failed === undefined) return undefined;
  const why = `${failed.name} is no member of the control plane, and recovery is for members: ${whyOf(failed)}`;
  return { do: "refuse", node: failed.name, guard: "no-member", passes: false, why };
}

function whyOf({ assessment }: GuardedNode): string {
  return assessment.state === "well" ? "it is well" : assessment.why;
}
