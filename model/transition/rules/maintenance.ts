/** Nodes that are drained for maintenance. */
import { isMember } from "../../promotion";
import { WANTED_MEMBERS } from "../../roles";
import { takesMachines } from "../virtual-machines";
import { type Judged, listed, nodePath, SOURCES, type TransitionRule } from "./rule";

export const maintenanceRules: readonly TransitionRule[] = [
  {
    id: "maintenance-of-member",
    about: "A member is drained only while three members are in use.",
    source: SOURCES.maintenance,
    severity: "error",
    *judge(judged) {
      for (const { node, from } of maintained(judged)) {
        const found = from.find(({ name }) => name === node)!;
        const inUse = from.filter((other) => isMember(other) && other.maintenance !== true);
        if (!isMember(found) || inUse.length === WANTED_MEMBERS) continue;
        yield {
          property: `${nodePath(node!)}.maintenance`,
          message:
            `Harvester drains a member of the control plane only while three of them are in use; ` +
            `there ${inUse.length === 1 ? "is" : "are"} ${inUse.length} (${listed(inUse.map(({ name }) => name))}).`,
          next:
            inUse.length < WANTED_MEMBERS &&
            from.some((other) => isMember(other) && other.maintenance === true)
              ? "Take the other one back into use first."
              : "Grow the control plane to three members first, or shut the virtual machines down and the node off by hand.",
        };
      }
    },
  },
  {
    id: "maintenance-of-last",
    about: "One node at least stays in use.",
    source: "harvester pkg/webhook/resources/node: the last available node is neither cordoned nor drained",
    severity: "error",
    *judge(judged) {
      for (const { node, to } of maintained(judged)) {
        if (to.some(takesMachines)) continue;
        yield {
          property: `${nodePath(node!)}.maintenance`,
          message: `${node} is the last node in use that can run virtual machines, and Harvester does not drain that one.`,
          next: "Take another node back into use first.",
        };
      }
    },
  },
];

function maintained({ course }: Judged) {
  return course.steps.filter(({ kind }) => kind === "maintain");
}
