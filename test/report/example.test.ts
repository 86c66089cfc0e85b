import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { repository } from "../../cli/root";
import { planTransition, type Transition } from "../../model/transition";
import { validNode } from "../model/description";
import { clusterOf, factsOf, LAB, withNodes } from "../model/transition/cluster";
import { exampleFiles } from "./example";
import { planned } from "./fixtures";

/** Writes the files instead of comparing them. */
const REGENERATE = 'REPORT_EXAMPLE=write npx mocha "test/report/example.test.ts"';

describe("the example in docs/", () => {
  for (const { path, content } of exampleFiles()) {
    const name = relative(repository, path);
    it(`${name} is what the report makes of a replacement`, () => {
      if (process.env.REPORT_EXAMPLE === "write") writeFileSync(path, content);
      assert.equal(
        readFileSync(path, "utf8"),
        content,
        `${name} is out of date; write it again: ${REGENERATE}`,
      );
    });
  }

  it("shows a change that the model plans just so", () => {
    const lab = clusterOf(LAB);
    const transition = planTransition({
      before: lab,
      after: withNodes(lab, { n3: undefined, n5: { ...validNode(5), role: "management" } }),
      facts: factsOf(
        lab,
        {},
        {
          volumes: [],
          virtualMachines: [
            { name: "default/web-1", node: "n3", migratable: true },
            { name: "default/web-2", node: "n3", migratable: true },
            { name: "lab/gpu-render", node: "n3", migratable: false },
          ],
        },
      ),
    });
    assert.deepEqual(gistOf(planned), gistOf(transition));
  });
});

/** What a change is, without disks, which are the lab's own in the example. */
function gistOf({ kind, promoted, steps, findings, unknown }: Transition) {
  return {
    kind,
    promoted,
    unknown,
    steps: steps.map(
      ({ kind: does, node, about, during, after, finality, wiped, kept, moving, stopping }) => {
        const disks = { wiped: wiped.length, kept: kept.length };
        const { voters, nodes } = after;
        return { does, node, about, during, voters, nodes, finality, ...disks, moving, stopping };
      },
    ),
    findings: findings.map(({ rule, message, next }) => ({ rule, message, next })),
  };
}
