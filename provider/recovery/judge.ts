/** Judges a cluster that was looked at: every node assessed, and what a pass would do. Asks whoever would be promoted, and changes nothing. */

import { isMember } from "../../model/promotion";
import {
  type Assessment,
  assess,
  type Decision,
  decide,
  type GuardedNode,
  type Memory,
  type RecoveryPolicy,
  type RecoverySituation,
  successorOf,
  unfitness,
} from "../../model/recovery";
import { promotionNode } from "../harvester/node-facts";
import { type Upgrade, upgradeUnderWay, WORKLOAD_PATHS } from "../harvester/workload";
import { candidateFacts } from "./candidate";
import type { Seen } from "./look";
import type { Subject } from "./subject";

/** What is judged. */
export interface JudgementRequest {
  subject: Subject;
  seen: Seen;
  /** The present look included. */
  memory: Memory;
  policy: RecoveryPolicy;
  /** Nodes that are still described, and whose eviction was at least begun. */
  evicted: readonly string[];
}

/** The judgement. */
export interface Judgement {
  assessments: Readonly<Record<string, Assessment>>;
  situation: RecoverySituation;
  decision: Decision;
}

/** Judges. */
export async function judge(request: JudgementRequest): Promise<Judgement> {
  const { subject, seen, memory, policy, evicted } = request;
  const now = seen.look.at;
  // Whose eviction was cut short is a failed member as before, and is evicted to the end.
  const gone = evicted.filter((key) => seen.look.nodes[key]?.registered !== true);
  const keys = Object.keys(seen.look.nodes).filter((key) => !gone.includes(key));
  const assessments = Object.fromEntries(keys.map((node) => [node, assess({ node, memory, policy, now })]));
  const upgrade = upgradeUnderWay(await subject.client.list<Upgrade>(WORKLOAD_PATHS.upgrades));
  const situation: RecoverySituation = {
    now,
    policy,
    nodes: guardedNodes(seen, assessments),
    version: subject.description.version,
    acts: memory.acts,
    evicted: gone,
    unfit: {},
    ...(upgrade === undefined ? {} : { upgrade: upgrade.metadata.name }),
  };
  const judged = { ...situation, unfit: await unfitSuccessors(subject, seen, situation) };
  return { assessments, situation: judged, decision: decide(judged) };
}

/** The nodes of the cluster; those that nobody described count for quorum and promotion, and are nobody's to judge. */
function guardedNodes(
  { nodes, strangers, look }: Seen,
  assessments: Judgement["assessments"],
): GuardedNode[] {
  const described = nodes.flatMap(({ key, facts }): GuardedNode[] => {
    const [signs, assessment] = [look.nodes[key], assessments[key]];
    if (facts === undefined || signs === undefined || assessment === undefined) return [];
    const { votes, etcdAnswers, reachable } = signs;
    return [{ ...promotionNode(facts), name: key, assessment, votes, etcdAnswers, reachable }];
  });
  const others = strangers.map(
    (facts): GuardedNode => ({
      ...promotionNode(facts),
      assessment: {
        state: "unknown",
        why: "the description does not name it. Describe it; if nobody wants it, take it out of the description again after the next `up`",
      },
      votes: null,
      etcdAnswers: null,
      reachable: null,
    }),
  );
  return [...described, ...others];
}

/** Looks at whoever would be promoted in the place of a member that is beyond repair. */
async function unfitSuccessors(
  subject: Subject,
  seen: Seen,
  { nodes, version }: RecoverySituation,
): Promise<RecoverySituation["unfit"]> {
  const unfit: Record<string, readonly string[]> = {};
  for (const lost of nodes.filter((node) => isMember(node) && node.assessment.state === "beyond-repair")) {
    const { name } = successorOf(nodes, lost.name, version);
    const successor = nodes.find((node) => node.name === name);
    if (successor === undefined || subject.description.nodes[successor.name] === undefined) continue;
    const stay = nodes.filter((node) => isMember(node) && node !== lost).map((node) => node.name);
    const facts = await candidateFacts(subject, seen, successor.name, stay);
    unfit[successor.name] = unfitness(successor, facts, successor.assessment, subject.description);
  }
  return unfit;
}
