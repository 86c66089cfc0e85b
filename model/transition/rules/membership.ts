/** Who belongs to the cluster, who of them is in which seat, and whether promotion goes on. */

import { isMember, nextPromotion } from "../../promotion";
import { isOurs, topologyOf } from "../change";
import type { NodeFacts } from "../facts";
import { promotionVersion } from "../situation";
import { type Judged, listed, nodePath, SOURCES, type TransitionRule } from "./rule";

export const membershipRules: readonly TransitionRule[] = [
  {
    id: "takes-the-seat",
    about: "Whoever takes a seat that becomes free is named.",
    source: `${SOURCES.promotion}: removing a member makes Harvester promote another node by itself`,
    severity: "warning",
    *judge(judged) {
      for (const name of successorsOf(judged)) {
        yield {
          property: nodePath(name),
          message: `Harvester will promote ${name} to the control plane, because a seat becomes free. There is no way back but to install it anew.`,
        };
      }
    },
  },
  {
    id: "promotion-blocked",
    about: "A change that needs a promotion finds none that has failed: it blocks all others.",
    source: `${SOURCES.promotion}: promote-status failed or unknown on any node stops promotion in the whole cluster`,
    severity: "error",
    *judge({ situation, change, course }) {
      const stuck = blockedBy(course.nodes);
      if (stuck.length === 0 || change.rebuild) return;
      const cured = course.nodes.map((node) =>
        stuck.includes(node) ? { ...node, promoteStatus: undefined } : node,
      );
      const { pick } = nextPromotion(cured, promotionVersion(situation.after.version));
      if (pick === undefined || topologyOf(change).length === 0) return;
      yield {
        property: nodePath(stuck[0]!.name),
        message:
          `the change needs ${pick} to be promoted, and no promotion goes on: that of ${listed(stuck.map(({ name }) => name))} has ` +
          `${stuck[0]!.promoteStatus === "failed" ? "failed" : "been lost"}.`,
        next:
          `Look at the job harvester-promote-${stuck[0]!.name} in harvester-system, mend what it says, and clear the node's annotation ` +
          `harvesterhci.io/promote-status; or take ${stuck[0]!.name} out.`,
      };
    },
  },
  {
    id: "promotion-stuck",
    about: "No promotion has failed.",
    source: `${SOURCES.promotion}: promote-status failed or unknown on any node stops promotion in the whole cluster`,
    severity: "warning",
    *judge({ course }) {
      for (const node of blockedBy(course.nodes)) {
        yield {
          property: nodePath(node.name),
          message: `its promotion did not succeed (${node.promoteStatus}), and until that is cleared nobody takes the seat of a member that is lost.`,
          next: `Look at the job harvester-promote-${node.name} in harvester-system, then clear the annotation harvesterhci.io/promote-status.`,
        };
      }
    },
  },
  {
    id: "promotion-under-way",
    about: "A promotion that is under way is waited for.",
    source: `${SOURCES.promotion}: one promotion at a time`,
    severity: "warning",
    *judge({ situation }) {
      for (const { name, promoteStatus } of situation.nodes) {
        if (promoteStatus !== "running") continue;
        yield {
          property: nodePath(name),
          message: "it is being promoted right now, which is waited for before anything else.",
          next: `If it takes longer than half an hour, look at the job harvester-promote-${name} in harvester-system.`,
        };
      }
    },
  },
  {
    id: "node-not-ready",
    about: "Every node that stays is Ready.",
    source: "harvester#8014, #5424: a node that is NotReady keeps its seat and is replaced by nobody",
    severity: "warning",
    *judge({ situation, course }) {
      for (const node of course.nodes) {
        const now = situation.nodes.find(({ name }) => name === node.name);
        if (node.healthy || node.switchedOff === true || now === undefined) continue;
        const seat = isMember(node)
          ? "It keeps its seat in the control plane, so that nobody is promoted in its place and one loss fewer is tolerated."
          : "It keeps its place, and carries nothing.";
        yield {
          property: nodePath(node.name),
          message: `the node is not Ready. ${seat}`,
          next: `Repair it. Only if it is lost for good: ${isMember(node) ? "join a replacement, and " : ""}take ${node.name} out of the description.`,
        };
      }
    },
  },
  {
    id: "unknown-node",
    about: "Every node of the cluster is described.",
    source: "a delete is never proof of intent: a node that was never described here is nobody's to remove",
    severity: "warning",
    *judge({ situation, change }) {
      if (change.rebuild) return;
      for (const { name } of situation.nodes) {
        if (situation.after.nodes[name] !== undefined || isOurs(situation, name)) continue;
        yield {
          property: "nodes",
          message: `the cluster knows a node ${name} that was never described here. It counts in everything that is said here, and it is left alone.`,
          next: `Describe it, or remove it in Harvester's own user interface.`,
        };
      }
    },
  },
  {
    id: "missing-node",
    about: "Every node that was described is in the cluster.",
    source:
      "an installation that was interrupted goes on; a node that was removed by hand has to be installed anew",
    severity: "warning",
    *judge({ situation, change }) {
      for (const key of change.joins) {
        const was = situation.before?.nodes[key];
        if (was === undefined || situation.source === "inputs") continue;
        if ((situation.after.nodes[key]!.reinstall ?? 0) !== (was.reinstall ?? 0)) continue;
        yield {
          property: nodePath(key),
          message:
            "it is described, but the cluster does not know it. If its installation was interrupted, it goes on.",
          next: `If it was a member that somebody removed, raise ${nodePath(key)}.reinstall by one.`,
        };
      }
    },
  },
];

/** Nodes that stay, and are promoted because a member goes. */
function successorsOf({ situation, change, course }: Judged): string[] {
  const going = [...change.leaves, ...change.reinstalls];
  if (going.length === 0) return [];
  return course.promoted.filter(
    (name) => !going.includes(name) && situation.nodes.some((node) => node.name === name),
  );
}

function blockedBy(nodes: readonly NodeFacts[]): NodeFacts[] {
  return nodes.filter(({ promoteStatus }) => promoteStatus === "failed" || promoteStatus === "unknown");
}
