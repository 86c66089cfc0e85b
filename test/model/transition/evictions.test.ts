import assert from "node:assert/strict";
import type { Eviction } from "../../../model/eviction";
import { ofEviction, planTransition } from "../../../model/transition";
import { clusterOf, factsOf, withNodes } from "./cluster";

const FIVE = clusterOf("management management management default default");
const EVICTED: Eviction = {
  node: "n2",
  installation: "0123456789ab",
  at: "2026-03-01T12:00:00Z",
  by: "ops@jump",
  why: "its kubelet is silent for 40 min; power-on and reset did not help",
};
/** The cluster after the eviction: n2 is gone, and n4 has its seat. */
const facts = factsOf(clusterOf("management management management default default"));
const after = {
  ...facts,
  nodes: facts.nodes
    .filter(({ name }) => name !== "n2")
    .map((node) => (node.name === "n4" ? { ...node, controlPlane: true, etcd: true } : node)),
};

const about = (of: Parameters<typeof planTransition>[0]) =>
  planTransition(of).findings.filter(({ rule }) => rule === "evicted");

describe("a member that was evicted because it had failed", () => {
  it("is not installed again where nothing is edited, and there is a sentence to say of it", () => {
    assert.deepEqual(planTransition({ before: FIVE, after: FIVE, evicted: [EVICTED] }).steps, []);
    const { property, message } = ofEviction(EVICTED);
    assert.equal(property, "nodes.n2");
    assert.match(
      message,
      /^n2 evicted by guard: replace or remove it\. .*2026-03-01T12:00:00Z \(ops@jump\): its kubelet is silent/,
    );
  });

  it("stands in the way of any other edit, seen live or not", () => {
    const edit = { before: FIVE, after: { ...FIVE, allowDestroy: true }, evicted: [EVICTED] };
    for (const request of [edit, { ...edit, facts: after }]) {
      const [finding] = about(request);
      assert.equal(finding?.severity, "error");
      assert.match(finding!.next!, /Take n2 out of the description, .* raise nodes\.n2\.reinstall by one/);
      assert.deepEqual(planTransition(request).steps, []);
    }
  });

  it("is answered by taking it out", () => {
    const { n2: _, ...rest } = FIVE.nodes;
    const transition = planTransition({
      before: FIVE,
      after: { ...FIVE, nodes: rest },
      facts: after,
      evicted: [EVICTED],
    });
    assert.deepEqual(
      transition.findings.filter(({ rule }) => rule === "evicted"),
      [],
    );
    assert.deepEqual(transition.steps, []);
  });

  it("is answered by a replacement under another key, which joins", () => {
    const { n2, ...rest } = FIVE.nodes;
    const wanted = withNodes(
      { ...FIVE, nodes: rest },
      { n6: { ...n2!, hardware: { uuid: "5c4c4544-0042-3510-8052-b4c04f4e4d66", serial: "SN6" } } },
    );
    const transition = planTransition({ before: FIVE, after: wanted, facts: after, evicted: [EVICTED] });
    assert.deepEqual(
      transition.steps.map(({ kind, node }) => [kind, node]),
      [["join", "n6"]],
    );
  });

  it("is answered by asking for its installation anew: then its eviction does not stand any more", () => {
    const wanted = { ...FIVE, nodes: { ...FIVE.nodes, n2: { ...FIVE.nodes.n2!, reinstall: 1 } } };
    const transition = planTransition({ before: FIVE, after: wanted, facts: after, evicted: [] });
    assert.deepEqual(
      transition.steps.map(({ kind, node }) => [kind, node]),
      [["join", "n2"]],
    );
  });
});
