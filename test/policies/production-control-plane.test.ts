import assert from "node:assert/strict";
import { productionControlPlane } from "../../policies/control-plane";
import { type Edits, edited } from "../model/description";
import { UNKNOWN, violationsOf } from "./support";

describe("policy production-control-plane", () => {
  const judge = (edits: Edits, stack: string, config: object = {}) =>
    violationsOf(productionControlPlane, { cluster: edited(edits) }, config, { stack });
  const small: Edits = { "nodes.n3.role": "worker" };

  it("wants three voters in production", async () => {
    for (const stack of ["production", "prod", "prod-eu"]) {
      assert.deepEqual(await judge({}, stack), []);
      const [message, ...rest] = await judge(small, stack);
      assert.deepEqual(rest, []);
      assert.match(message!, /will have 1 etcd voter\(s\) \(n1\), which survive the loss of 0\. Have 3/);
    }
  });

  it("counts a witness as a voter", async () => {
    assert.deepEqual(await judge({ "nodes.n3.role": "witness" }, "production"), []);
  });

  it("lets other stacks be", async () => {
    for (const stack of ["lab", "single", "nonprod", "Production2"])
      assert.deepEqual(await judge(small, stack), []);
  });

  it("lets its configuration say which stacks are for production, and what they need", async () => {
    assert.equal((await judge(small, "site-a", { stacks: ["site-*"] })).length, 1);
    assert.deepEqual(await judge(small, "production", { stacks: ["site-*"] }), []);
    assert.deepEqual(await judge(small, "xite", { stacks: ["?ite", ".*"] }), []);
    assert.deepEqual(await judge(small, "production", { voters: 1 }), []);
  });

  it("says nothing while roles are not known, or wrong, or nobody can create the cluster", async () => {
    for (const edits of [
      { "nodes.n2.role": UNKNOWN },
      { nodes: UNKNOWN },
      { nodes: undefined },
      { "nodes.n1": "n1" },
      { "nodes.n1.role": "worker", "nodes.n2.role": "worker", "nodes.n3.role": "worker" },
    ]) {
      assert.deepEqual(await judge(edits, "production"), [], JSON.stringify(edits));
    }
    assert.equal((await judge({ ...small, "access.adminPassword": UNKNOWN }, "production")).length, 1);
  });

  it("judges the plan only", async () => {
    const type = "metal:index:Machine";
    assert.deepEqual(await violationsOf(productionControlPlane, {}, {}, { type, stack: "production" }), []);
  });
});
