/** Roles and reinstallations of nodes that are there. */
import { isMember } from "../../promotion";
import { roleOf } from "../../roles";
import { type Judged, listed, nodePath, SOURCES, type TransitionRule } from "./rule";

export const nodeRules: readonly TransitionRule[] = [
  {
    id: "no-demotion",
    about: "A member of the control plane does not become a worker in place.",
    source: `${SOURCES.promotion}: nothing ever demotes (harvester#5421, #10290)`,
    severity: "error",
    *judge(judged) {
      for (const { key, role, fact } of relabelled(judged)) {
        if (role !== "worker" || fact.role === "worker" || !isMember(fact)) continue;
        yield {
          property: `${nodePath(key)}.role`,
          message: `${key} is a member of the control plane, and Harvester never demotes one: as a "worker" it would go on holding etcd.`,
          next: `Raise ${nodePath(key)}.reinstall by one together with the role, with another node there that takes its seat; or set it back to ${fact.role}.`,
        };
      }
    },
  },
  {
    id: "witness-in-place",
    about: "A node does not become a witness, or cease to be one, in place.",
    source:
      "harvester webhook for nodes (from v1.7): label and taint of a witness are not removed; docs witness: no Longhorn, no virtual machines",
    severity: "error",
    *judge(judged) {
      for (const { key, role, fact } of relabelled(judged)) {
        if (role === fact.role || (role !== "witness" && fact.role !== "witness")) continue;
        yield {
          property: `${nodePath(key)}.role`,
          message: `a witness is installed as one: it has a taint, holds no volumes and runs an etcd member alone, which no label of a ${fact.role} node changes.`,
          next: `Raise ${nodePath(key)}.reinstall by one together with the role, or set it back to ${fact.role}.`,
        };
      }
    },
  },
  {
    id: "one-reinstall",
    about: "Members of the control plane are reinstalled one in a change.",
    source:
      "each passes through one voter less; what the first one did is looked at before the next is begun (harvester#10534)",
    severity: "error",
    *judge({ course }) {
      const members = course.steps
        .filter(({ kind }) => kind === "reinstall")
        .flatMap(({ node, from }) => from.filter((found) => found.name === node && isMember(found)));
      if (members.length < 2) return;
      const [first, ...others] = members.map(({ name }) => name);
      yield {
        property: `${nodePath(others[0]!)}.reinstall`,
        message: `${listed([first!, ...others])} are members of the control plane, and one reinstallation of a member takes a vote out of etcd until it is back.`,
        next: `Reinstall ${first} in this change, and ${listed(others)} in the next.`,
      };
    },
  },
];

/** Judged by what the step finds: a promotion that is due comes before it. */
function relabelled({ situation, course }: Judged) {
  return course.steps
    .filter(({ kind }) => kind === "relabel")
    .map(({ node: key, from }) => ({
      key: key!,
      role: roleOf(situation.after.nodes[key!]!),
      fact: from.find(({ name }) => name === key)!,
    }));
}
