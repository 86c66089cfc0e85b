import assert from "node:assert/strict";
import { interruptionOf } from "../../../model/transition";
import { clusterOf, factsOf } from "./cluster";

const { nodes } = factsOf(clusterOf("management management management default worker"));
const but = (name: string, changes: object) =>
  nodes.map((node) => (node.name === name ? { ...node, ...changes } : node));

describe("interrupting one node", () => {
  it("is no matter of the quorum where it has no vote", () => {
    assert.equal(interruptionOf(nodes, "n5").refusal, undefined);
    assert.equal(interruptionOf(but("n1", { healthy: false }), "n5").refusal, undefined);
  });

  it("leaves two of three voters", () => {
    const { refusal, away, gone } = interruptionOf(nodes, "n2");
    assert.equal(refusal, undefined);
    assert.deepEqual([away.quorum.healthy, away.quorum.members, gone.quorum.members], [2, 3, 2]);
  });

  it("is refused while another voter is away, or kept out of use", () => {
    const expected = /without n2, 1 of 3 etcd voters would answer and 2 are needed/;
    assert.match(interruptionOf(but("n3", { healthy: false }), "n2").refusal ?? "", expected);
    assert.match(interruptionOf(but("n3", { maintenance: true }), "n2").refusal ?? "", expected);
  });

  it("of the voter that is away itself takes nothing more away", () => {
    assert.equal(interruptionOf(but("n3", { healthy: false }), "n3").refusal, undefined);
  });

  it("of one of two voters, or of the only one, is refused", () => {
    const two = nodes.filter(({ name }) => name !== "n3");
    assert.match(interruptionOf(two, "n2").refusal ?? "", /1 of 2 .* 2 are needed/);
    const one = two.filter(({ name }) => name !== "n2");
    assert.match(interruptionOf(one, "n1").refusal ?? "", /etcd would stop/);
  });
});
