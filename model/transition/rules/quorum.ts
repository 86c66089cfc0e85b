/** etcd's quorum on the way (P3) and its voters at rest (P4). */
import { isMember, nextPromotion } from "../../promotion";
import { isRestingVoterCount, type Quorum, quorumOf } from "../../quorum";
import { WANTED_MEMBERS } from "../../roles";
import { topologyOf } from "../change";
import type { DraftStep } from "../draft";
import type { NodeFacts } from "../facts";
import { countsForQuorum, momentOf } from "../moment";
import { promotionVersion } from "../situation";
import type { StepKind } from "../step";
import { type Judged, listed, nodePath, type Said, SOURCES, type TransitionRule } from "./rule";

/** The only way to fewer voters. */
export const REBUILD =
  "Rebuild instead: raise generation by one, and describe the nodes that the new cluster is to have.";

export const quorumRules: readonly TransitionRule[] = [
  {
    id: "quorum-lost",
    about:
      "A cluster that has lost its quorum, or whose quorum hangs on members in maintenance, is not changed but repaired.",
    source:
      "harvester#7805, #2552: without a majority of etcd nothing can be written, so no node can join or leave in order",
    severity: "error",
    *judge(judged) {
      const { situation, change, course } = judged;
      // Waiting for an upgrade that Harvester carries out touches nothing; a node that restarts for it comes back by itself.
      const begins = change.upgrade !== undefined && situation.upgrade === undefined;
      if (change.rebuild || (topologyOf(change).length === 0 && !begins)) return;
      if (course.steps.length === 0 || !isQuorumLost(judged)) return;
      yield { property: "nodes", ...explainLost(situation.nodes) };
    },
  },
  {
    id: "shrink-to-one",
    about: "A control plane of several members does not shrink to one: it is rebuilt.",
    source: "harvester#8167, #5175: removing the second-to-last etcd member has no safety",
    severity: "error",
    *judge(judged) {
      if (!isShrinkToOne(judged)) return;
      const { situation, change } = judged;
      const { voters } = momentOf(situation.nodes);
      yield {
        property: "nodes",
        message:
          `the cluster has ${voters.length} etcd voters (${voters.join(", ")}), and taking out ${listed(change.leaves)} would leave one node. On the ` +
          "way there are two voters, of which none may be lost; removing one of those can take etcd down for good.",
        next: REBUILD,
      };
    },
  },
  {
    id: "quorum-kept",
    about: "No step takes etcd below its quorum; leaves, reinstallations and maintenance draw on one budget.",
    source: "etcd.io docs: a majority of the members has to answer; harvester#5424, #5175",
    severity: "error",
    *judge(judged) {
      if (isQuorumLost(judged) || isShrinkToOne(judged)) return;
      const broken = judged.course.steps.find((step) => breaksQuorum(step, judged));
      if (broken === undefined) return;
      yield explainBroken(broken);
    },
  },
  {
    id: "voters-odd-at-rest",
    about: "A change ends at an odd number of etcd voters: 1 or 3.",
    source: `${SOURCES.etcd}; ${SOURCES.promotion}: nobody is promoted below three nodes that can be`,
    severity: "error",
    *judge(judged) {
      const { situation, change, course } = judged;
      if (
        isQuorumLost(judged) ||
        isShrinkToOne(judged) ||
        course.steps.some((step) => breaksQuorum(step, judged))
      )
        return;
      const [before, end] = [momentOf(situation.nodes), momentOf(course.nodes)];
      if (restsWell(end.voters.length) || end.voters.length === before.voters.length) return;
      const { standstill } = nextPromotion(course.nodes, promotionVersion(situation.after.version));
      const gone = change.leaves.filter((key) =>
        situation.nodes.some((node) => node.name === key && node.etcd),
      );
      yield {
        property: gone.length > 0 ? nodePath(gone[0]!) : "nodes",
        message:
          `the change would rest at ${end.voters.length} etcd voters (${end.voters.join(", ")}), which survive no loss at all; nobody is ` +
          `promoted to make them three: ${standstill?.message ?? "promotion goes on."}`,
        next: wayToThree(judged, gone),
      };
    },
  },
  {
    id: "voters-even-already",
    about: "The etcd voters are odd before a change.",
    source: SOURCES.etcd,
    severity: "warning",
    *judge({ situation, course }) {
      const [before, end] = [momentOf(situation.nodes), momentOf(course.nodes)];
      if (situation.nodes.length === 0 || restsWell(end.voters.length)) return;
      if (end.voters.length !== before.voters.length) return;
      yield {
        property: "nodes",
        message: `the cluster has ${before.voters.length} etcd voters (${before.voters.join(", ")}) and stays at it: an even number survives no more losses than one fewer.`,
        next: "Join a node with role management or default; it is promoted when three nodes can be in the control plane.",
      };
    },
  },
  {
    id: "two-nodes",
    about: "A cluster has one node, or three and more.",
    source: `${SOURCES.promotion}: nobody is promoted below three nodes; Longhorn keeps three replicas by default`,
    severity: "warning",
    *judge({ situation, change, course }) {
      if (course.nodes.length !== 2 || topologyOf(change).length === 0 || situation.nodes.length === 2)
        return;
      const { voters } = momentOf(course.nodes);
      if (voters.length !== 1) return;
      yield {
        property: "nodes",
        message: `with two nodes there is one etcd voter (${voters.join(", ")}): the second node carries virtual machines, but the cluster stops with the first.`,
        next: "Join a third node that can be promoted.",
      };
    },
  },
];

/** Steps by which members come back. */
const BRINGS_BACK: readonly StepKind[] = ["switch-on", "resume"];

/**
 * Whether the quorum was lost before anything was done, or hangs on members in maintenance. A change that begins by taking those back is the
 * way out of the latter, unless machines join by it: those come first.
 */
function isQuorumLost({ situation, change, course }: Judged): boolean {
  const { nodes } = situation;
  if (nodes.length === 0 || momentOf(nodes).quorum.reached) return false;
  if (!answering(nodes).reached || change.joins.length > 0) return true;
  const next = course.steps.find(({ kind }) => !BRINGS_BACK.includes(kind));
  return !momentOf(next?.from ?? course.nodes).quorum.reached;
}

/** The quorum by who answers just now; whoever is in maintenance and still on does. */
function answering(nodes: readonly NodeFacts[]): Quorum {
  const voters = nodes.filter(({ etcd }) => etcd);
  return quorumOf(voters.length, voters.filter(({ healthy }) => healthy).length);
}

function explainLost(nodes: readonly NodeFacts[]): Pick<Said, "message" | "next"> {
  const { members, healthy, required, reached } = answering(nodes);
  const silent = nodes.filter((node) => node.etcd && !node.healthy).map(({ name }) => name);
  if (!reached) {
    return {
      message:
        `etcd has lost its quorum: ${healthy} of ${members} voters answer and ${required} are needed, so nothing can be ` +
        "written, and nobody can join or leave.",
      next: `Bring ${listed(silent)} back first, as many as are missing. If they are lost for good: ${REBUILD}`,
    };
  }
  const drained = nodes.filter((node) => node.etcd && node.healthy && !countsForQuorum(node));
  const names = listed(drained.map(({ name }) => name));
  const others =
    silent.length === 0 ? "" : ` while ${listed(silent)} ${silent.length > 1 ? "do" : "does"} not answer`;
  return {
    message:
      `etcd's quorum hangs on ${names}, in maintenance${others}: ${healthy} of ${members} voters answer, ${required} are needed, and who is in ` +
      "maintenance may be switched off at any time.",
    next: `Take ${names} back into use first${silent.length === 0 ? "" : `, or bring ${listed(silent)} back`}.`,
  };
}

/**
 * Steps that are ours to take and that interrupt a voter. An upgrade of a cluster with one voter does so by Harvester's own design, and one
 * that is under way waits by itself for nodes that are away.
 */
function breaksQuorum(step: DraftStep, { situation }: Judged): boolean {
  const { quorum, voters } = momentOf(step.from);
  if (step.kind === "upgrade" && (voters.length < 2 || situation.upgrade !== undefined)) return false;
  if (step.kind === "rebuild") return false;
  if (!quorum.reached) return false;
  return [...step.stages, step.after].some(({ quorum }) => !quorum.reached);
}

function isShrinkToOne({ situation, change, course }: Judged): boolean {
  const voters = situation.nodes.filter((node) => node.etcd);
  return (
    change.leaves.length > 0 &&
    course.nodes.length === 1 &&
    voters.length > 1 &&
    change.leaves.some((key) => voters.some(({ name }) => name === key))
  );
}

function explainBroken(step: DraftStep): Said {
  const found = momentOf(step.from);
  const worst = [...step.stages, step.after].find(({ quorum }) => !quorum.reached)!;
  const away = step.from.filter((node) => node.etcd && !countsForQuorum(node) && node.name !== step.node);
  const missing =
    away.length === 0
      ? ""
      : `, as ${listed(away.map(({ name }) => name))} ${away.length > 1 ? "are" : "is"} away already`;
  const what = {
    leave: `without ${step.node}`,
    remove: `without ${step.node}`,
    reinstall: `while ${step.node} is installed anew`,
    maintain: `while ${step.node} is in maintenance`,
    "switch-off": `while ${step.node} is switched off`,
  }[step.kind as string];
  return {
    property: step.node === undefined ? "version" : nodePath(step.node),
    message:
      `${what ?? `at the step "${step.about}"`}, ${worst.quorum.healthy} of ${worst.quorum.members} etcd voters would answer and ` +
      `${Math.max(1, worst.quorum.required)} are needed${missing}: etcd would stop, and the whole cluster with it.`,
    next:
      away.length > 0
        ? `Bring ${listed(away.map(({ name }) => name))} back first, or take it out for good if it is lost.`
        : found.voters.length > 1
          ? `Join a replacement first, which is promoted, and change ${step.node ?? "the nodes"} in the next change.`
          : REBUILD,
  };
}

/** None at all is as far from rest as an even number; a cluster that is retired has none and is not asked. */
function restsWell(voters: number): boolean {
  return isRestingVoterCount(voters);
}

function wayToThree({ situation, change, course }: Judged, gone: readonly string[]): string {
  if (gone.length === 0)
    return "Let roles, zones and healthy nodes make it three: add a node with role management or default.";
  const spare = course.nodes.find((node) => !isMember(node) && node.healthy && node.role === "worker");
  const join = `Join the replacement first, and remove ${listed(gone)} in the next change`;
  if (course.nodes.length < WANTED_MEMBERS && change.joins.length === 0) {
    return `${join}; or, for a smaller cluster, rebuild: raise generation by one, and describe one node.`;
  }
  return spare === undefined || situation.nodes.length < WANTED_MEMBERS
    ? `${join}.`
    : `${join}; or give ${spare.name} the role default first, so that it can take the seat.`;
}
