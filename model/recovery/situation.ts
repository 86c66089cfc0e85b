/** What the decision of a pass is made from. */
import { inWords } from "../duration";
import type { PromotionNode } from "../promotion";
import { type Quorum, quorumOf } from "../quorum";
import type { Assessment } from "./assess";
import type { ActRecord, RepairAct } from "./memory";
import type { RecoveryPolicy } from "./policy";

/** A node as the decision sees it: as the promotion controller does, and assessed. `name` is its key. */
export interface GuardedNode extends PromotionNode {
  assessment: Assessment;
  /** Its etcd member votes; null where that could not be learnt. */
  votes: boolean | null;
  /** Its etcd member commits, asked on the node; null where that could not be learnt. */
  etcdAnswers: boolean | null;
  /** The one who decides reaches its operating system. */
  reachable: boolean | null;
}

/** A cluster, assessed. */
export interface RecoverySituation {
  /** ISO 8601. */
  now: string;
  policy: RecoveryPolicy;
  /** Every described node that the cluster knows. */
  nodes: readonly GuardedNode[];
  /** Version by which promotion is replayed. */
  version: string;
  /** Acts of earlier passes. */
  acts: readonly ActRecord[];
  /** Evicted nodes that are still described. */
  evicted: readonly string[];
  /** Name of an upgrade that is under way. */
  upgrade?: string;
  /** What else changes the cluster just now, in words: whoever holds the Lease of changes. */
  change?: string;
  /** Why a successor is not fit, by name; a name that is missing was not looked at. */
  unfit: Readonly<Record<string, readonly string[]>>;
}

/** What a pass would do to one node. */
export type Intent =
  | { do: "repair"; node: string; act: RepairAct; why: string }
  | { do: "evict"; node: string; why: string };

/** A voter that counts: its node is well and its member votes. */
export function isHealthyVoter({ etcd, assessment, votes, etcdAnswers }: GuardedNode): boolean {
  return etcd && assessment.state === "well" && votes !== false && etcdAnswers !== false;
}

/** The quorum as it is. */
export function quorumNow({ nodes }: Pick<RecoverySituation, "nodes">): Quorum {
  const voters = nodes.filter(({ etcd }) => etcd);
  return quorumOf(voters.length, voters.filter(isHealthyVoter).length);
}

/** The quorum once a node's member is interrupted, or removed: what the others hold. */
export function quorumWithout(
  { nodes }: Pick<RecoverySituation, "nodes">,
  name: string,
  removed: boolean,
): Quorum {
  const voters = nodes.filter(({ etcd }) => etcd);
  const others = voters.filter((node) => node.name !== name);
  return quorumOf(removed ? others.length : voters.length, others.filter(isHealthyVoter).length);
}

/** The last act, while its retry period lasts. */
export function actInRetryPeriod({ acts, policy, now }: RecoverySituation): string | undefined {
  const last = acts.at(-1);
  if (last === undefined) return undefined;
  const rest = Date.parse(last.at) + policy.retryPeriodMs - Date.parse(now);
  return rest > 0
    ? `${last.act} of ${last.node} was at ${last.at}; the retry period ends in ${inWords(rest)}`
    : undefined;
}
