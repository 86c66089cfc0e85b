import assert from "node:assert/strict";
import { planTransition } from "../../../model/transition";
import { cluster } from "../../../provider/resources/cluster";
import { approvedSteps, isApproved } from "../../../provider/resources/plan/approved";
import type { OperationContext } from "../../../provider/shell/resource";
import { clusterOf, factsOf, withNodes } from "../../model/transition/cluster";

const before = clusterOf("management management management default");
const after = withNodes(before, { n2: { reinstall: 1 } });
const reinstalls = planTransition({ before, after, facts: factsOf(before) });
const approval = { hash: "aaaaaaaaaaaa", steps: 1 };

describe("the approval of final steps", () => {
  it("is none without the hash, or with another", () => {
    assert.deepEqual(approvedSteps({ ...reinstalls, approval }, after), []);
    assert.deepEqual(approvedSteps({ ...reinstalls, approval: { ...approval, given: "b" } }, after), []);
    assert.deepEqual(approvedSteps(reinstalls, after), []);
  });

  it("is for one reinstallation, and not for the next one of the same machine", () => {
    const approved = approvedSteps({ ...reinstalls, approval: { ...approval, given: approval.hash } }, after);
    assert.deepEqual(approved, [{ kind: "reinstall", node: "n2", reinstall: 1 }]);
    assert.ok(isApproved(approved, { kind: "reinstall", node: "n2", reinstall: 1 }));
    assert.ok(!isApproved(approved, { kind: "reinstall", node: "n2", reinstall: 2 }));
    assert.ok(!isApproved(approved, { kind: "reinstall", node: "n3", reinstall: 1 }));
    assert.ok(!isApproved(approved, { kind: "remove", node: "n2" }));
    assert.ok(!isApproved(undefined, { kind: "remove", node: "n2" }));
  });
});

describe("the machine that created the cluster", () => {
  const creator = { key: "n1", uuid: before.nodes.n1!.hardware.uuid, serial: "S1" };
  const candidates = (keys: string[]) => keys.map((key) => ({ key, hardware: before.nodes[key]!.hardware }));
  const updated = async (was: object, keys: string[]) => {
    const oldOutputs = { incarnation: "i", seed: "s", creator: was };
    const news = { candidates: candidates(keys) };
    const stored = { id: "", oldInputs: {}, oldOutputs, news };
    return (await cluster.update({} as OperationContext, stored)).outputs.creator;
  };

  it("stays it while it is described", async () => {
    assert.deepEqual(await updated(creator, ["n1", "n2"]), creator);
  });

  it("is retired once it is described no more, for good: coming back, it can only join", async () => {
    const retired = { ...creator, retired: true };
    assert.deepEqual(await updated(creator, ["n2", "n3"]), retired);
    assert.deepEqual(await updated(retired, ["n1", "n2"]), retired);
  });
});
