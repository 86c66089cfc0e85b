/** Whether one node may be interrupted right now, by the same arithmetic that a change is planned with. */
import { isMember } from "../promotion";
import type { NodeFacts } from "./facts";
import { momentOf } from "./moment";
import type { Moment } from "./step";

/** What is left while a node is away, and once it is gone. */
export interface Interruption {
  /** The node is away, and etcd still counts it. */
  away: Moment;
  /** It was taken out. */
  gone: Moment;
  /** Why it must stay as it is; undefined where it may be interrupted. */
  refusal?: string;
}

/**
 * What it means to switch one of these nodes off and to take it out. Refused where etcd would have no quorum in between or afterwards: a
 * voter that does not answer and one in maintenance draw on the same budget.
 */
export function interruptionOf(nodes: readonly NodeFacts[], name: string): Interruption {
  const node = nodes.find((candidate) => candidate.name === name);
  const away = momentOf(nodes.map((other) => (other === node ? { ...other, healthy: false } : other)));
  const gone = momentOf(nodes.filter((other) => other !== node));
  if (node === undefined || !isMember(node) || !node.etcd) return { away, gone };
  const broken = [away, gone].find(({ quorum }) => !quorum.reached);
  if (broken === undefined) return { away, gone };
  const { healthy, members, required } = broken.quorum;
  const refusal =
    `without ${name}, ${healthy} of ${members} etcd voters would answer and ${Math.max(1, required)} are needed: etcd would stop, and ` +
    "the whole cluster with it";
  return { away, gone, refusal };
}
