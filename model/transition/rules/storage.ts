/** Volumes and virtual machines on nodes that leave, are installed anew or are drained. */
import { isFull } from "../../roles";
import type { DraftStep } from "../draft";
import { type Judged, listed, nodePath, type TransitionRule } from "./rule";

/** Steps that take a node's replicas and virtual machines away. */
const EMPTYING: readonly string[] = ["leave", "remove", "reinstall", "maintain", "switch-off"];

export const storageRules: readonly TransitionRule[] = [
  {
    id: "last-healthy-replica",
    about: "No node goes that holds the last healthy replica of a volume.",
    source: "harvester#7923, #7805; harvester pkg/util/drainhelper: LastHealthyReplica",
    severity: "error",
    *judge(judged) {
      for (const step of emptyingSteps(judged)) {
        const found = step.from.find(({ name }) => name === step.node)!;
        const last = (judged.situation.volumes ?? []).filter(
          ({ healthyOn }) =>
            healthyOn.every((name) => name === step.node) && (healthyOn.length > 0 || !found.healthy),
        );
        if (last.length === 0) continue;
        const names = listed(last.map(({ name }) => name));
        yield {
          property: nodePath(step.node!),
          message: found.healthy
            ? `${step.node} holds the last healthy replica of ${names}; without it the data is gone.`
            : `no other node holds a healthy replica of ${names}, so that what is left of it may be on ${step.node}, which is not Ready.`,
          next: found.healthy
            ? "Let Longhorn build a replica on another node first, or back the volume up and delete it."
            : `Repair ${step.node} first, or restore the volume from a backup under another name.`,
        };
      }
    },
  },
  {
    id: "replicas-have-room",
    about: "There are as many nodes that store as a volume has replicas.",
    source:
      "harvester#7923: Longhorn puts one replica on a node; a volume short of replicas stays degraded and blocks upgrades",
    severity: "error",
    *judge({ situation, change, course }) {
      if (change.rebuild) return;
      const [before, after] = [situation.nodes, course.nodes].map(
        (nodes) => nodes.filter(({ role }) => isFull(role)).length,
      );
      const short = (situation.volumes ?? []).filter(
        ({ replicas }) => replicas > after! && replicas <= before!,
      );
      if (short.length === 0) return;
      const [worst] = [...short].sort((left, right) => right.replicas - left.replicas);
      yield {
        property: change.leaves[0] === undefined ? "nodes" : nodePath(change.leaves[0]),
        message:
          `${listed(short.map(({ name }) => name))} want ${worst!.replicas} replicas, and ${after} nodes that store would be left: they would stay ` +
          "degraded for good, which also blocks upgrades.",
        next: "Join the replacement first, or lower the volumes' number of replicas.",
      };
    },
  },
  {
    id: "machines-stop",
    about: "Virtual machines move, and none stops.",
    source: "harvester pkg/util/drainhelper: what cannot be live-migrated is stopped, or holds up the drain",
    severity: "warning",
    *judge({ course }) {
      for (const { kind, node, stopping = [] } of course.steps) {
        if (stopping.length === 0 || kind === "rebuild") continue;
        yield {
          property: node === undefined ? "version" : nodePath(node),
          message: `${listed(stopping)} cannot be moved to another node, and will stop.`,
          next: "Choose an hour at which that may be, or make them migratable first.",
        };
      }
    },
  },
];

/** One step of each node: whoever is drained and then switched off is looked at once. */
function emptyingSteps({ course }: Judged): DraftStep[] {
  const steps = course.steps.filter(({ kind }) => EMPTYING.includes(kind));
  return steps.filter(({ node }, index) => steps.findIndex((other) => other.node === node) === index);
}
