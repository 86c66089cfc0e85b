/** What an edit may say about machines and about what the cluster's creation has fixed: judged as each resource judges it. */
import type { ClusterDescription } from "../../description";
import { type EditProblem, judgeCreatedFacts, judgeNodeEdit } from "../../edits";
import { generationOf } from "../situation";
import { type Judged, nodePath, type Said, type TransitionRule } from "./rule";

export const identityRules: readonly TransitionRule[] = [
  {
    id: "fixed-at-creation",
    about: "What the creation of the cluster fixed is not edited.",
    source: "harvester#2063, #1228",
    severity: "error",
    binding: "Harvester has no way to carry such a change out, and the nodes would no longer be found",
    *judge({ situation: { before, after } }) {
      if (before === undefined || before === after || isRebuilt(before, after)) return;
      yield* judgeCreatedFacts(before, after).map(said);
    },
  },
  ...["no-implied-reinstall", "hardware-is-identity", "reinstall-by-one"].map(
    (id): TransitionRule => ({
      id,
      about: {
        "no-implied-reinstall":
          "What lives on the installed disk changes only together with a reinstallation that is asked for.",
        "hardware-is-identity": "The key of a node names one physical host for good.",
        "reinstall-by-one": "Reinstallations are asked for one at a time.",
      }[id]!,
      source: "our own: no edit implies that a disk is wiped",
      severity: "error",
      binding:
        "it tells which machine is meant and when its disk may be wiped, and each machine judges it by itself",
      *judge(judged) {
        for (const problem of nodeProblems(judged)) {
          if (problem.rule === id) yield said(problem);
        }
      },
    }),
  ),
  {
    id: "generation-by-one",
    about: "A rebuild raises the generation by one.",
    source: "our own: each generation is one life of the cluster",
    severity: "error",
    binding: "it tells one life of the cluster from another, and one life is created once",
    *judge({ situation: { generation: was, after } }) {
      const wanted = generationOf(after)!;
      if (was === undefined || wanted === was || wanted === was + 1) return;
      yield {
        property: "generation",
        message: `it counts the lives of the cluster, which is in its generation ${was}, and ${wanted} is not the next one.`,
        next: `Set it to ${was + 1} to rebuild the cluster, or back to ${was}.`,
      };
    },
  },
];

/**
 * Every node is installed anew in a rebuild, as if it had been asked for; role, zone and labels may change in place. Where nobody has seen the
 * nodes, the last description may be a wish that never came true, and each machine judges by what was really installed.
 */
function nodeProblems({ situation }: Judged): EditProblem[] {
  const { before, after, source } = situation;
  if (before === undefined || before === after || source === "inputs") return [];
  const rebuilt = isRebuilt(before, after);
  return Object.entries(after.nodes).flatMap(([key, node]) => {
    const was = before.nodes[key];
    if (was === undefined || was === node) return [];
    const reinstalled = (node.reinstall ?? 0) !== (was.reinstall ?? 0);
    const last = rebuilt ? { ...was, reinstall: (node.reinstall ?? 0) - 1 } : was;
    const { role, zone, labels } = was;
    const judged = rebuilt || reinstalled ? node : { ...node, role, zone, labels };
    return judgeNodeEdit(key, last, judged, nodePath(key));
  });
}

/** Whether these are two lives of the cluster; also while the second one is being installed. */
function isRebuilt(before: ClusterDescription, after: ClusterDescription): boolean {
  return generationOf(before) !== generationOf(after);
}

function said({ property, message, next }: EditProblem): Said {
  return { property, message, next };
}
