/** Verdicts that a person relies on: an edit, and what is said of it. */
import assert from "node:assert/strict";
import type { ClusterDescription } from "../../../model/description";
import type { ClusterFacts, Transition, TransitionRequest } from "../../../model/transition";
import { clusterOf, factsOf, LAB, type Plan, withNodes } from "./cluster";

/** An edit and its verdict. */
export interface Verdict {
  /** The edit, as a sentence's object. */
  of: string;
  request: TransitionRequest & { after: ClusterDescription };
  /** Rules that refuse it, each once; none: it passes. */
  refusedBy: readonly string[];
  /** What else is to hold. */
  holds?: (transition: Transition) => void;
}

const lab = clusterOf(LAB);
const spare = clusterOf("management management management default");

function edit(
  before: ClusterDescription,
  after: ClusterDescription,
  facts: ClusterFacts | undefined = factsOf(before),
) {
  return { before, after, facts };
}

/** Every verdict. */
export const verdicts: readonly Verdict[] = [
  {
    of: "nothing at all",
    request: edit(lab, lab),
    refusedBy: [],
    holds: ({ kind, steps }) => assert.deepEqual([kind, steps], ["none", []]),
  },
  {
    of: "taking out the worker",
    request: edit(lab, withNodes(lab, { n4: undefined })),
    refusedBy: [],
    holds: ({ kind, steps, promoted, after }) => {
      assert.equal(kind, "shrink");
      assert.deepEqual(
        steps.map((step) => [step.kind, step.node]),
        [["leave", "n4"]],
      );
      assert.deepEqual(promoted, []);
      assert.deepEqual(after.quorum, { members: 3, healthy: 3, required: 2, tolerance: 1, reached: true });
    },
  },
  {
    of: "taking out a management node when the fourth has role default",
    request: edit(spare, withNodes(spare, { n2: undefined })),
    refusedBy: [],
    holds: ({ promoted, steps, after, findings }) => {
      assert.deepEqual(promoted, ["n4"]);
      assert.deepEqual(
        steps.map((step) => [step.kind, step.node, step.after.quorum.members, step.after.quorum.tolerance]),
        [
          ["leave", "n2", 2, 0],
          ["promote", "n4", 3, 1],
        ],
      );
      assert.deepEqual(after.voters, ["n1", "n3", "n4"]);
      assert.ok(findings.some(({ message }) => message.includes("n4")));
    },
  },
  {
    of: "two more management nodes, which stand by",
    request: edit(
      clusterOf("management management management"),
      clusterOf("management management management management management"),
    ),
    refusedBy: [],
    holds: ({ kind, standby, promoted }) => {
      assert.equal(kind, "grow");
      assert.deepEqual([standby, promoted], [["n4", "n5"], []]);
    },
  },
  {
    of: "taking out a management node when the fourth is a worker",
    request: edit(lab, withNodes(lab, { n2: undefined })),
    refusedBy: ["voters-odd-at-rest"],
    holds: ({ findings, after }) => {
      assert.match(findings[0]!.next!, /Join the replacement first/);
      assert.equal(after.voters.length, 2);
    },
  },
  {
    of: "three nodes that become two",
    request: edit(clusterOf("management management management"), clusterOf("management management")),
    refusedBy: ["voters-odd-at-rest"],
  },
  {
    of: "four nodes that become one",
    request: edit(lab, withNodes(lab, { n2: undefined, n3: undefined, n4: undefined })),
    refusedBy: ["shrink-to-one"],
    holds: ({ findings }) => assert.match(findings[0]!.next!, /Rebuild instead/),
  },
];

/** Holds a verdict against a planner. */
export function check({ request, refusedBy, holds }: Verdict, plan: Plan): void {
  const transition = plan(request);
  const errors = transition.findings.filter(({ severity }) => severity === "error");
  assert.deepEqual([...new Set(errors.map(({ rule }) => rule))], refusedBy, JSON.stringify(errors, null, 2));
  if (errors.length > 0) assert.deepEqual(transition.steps, []);
  holds?.(transition);
}
