import assert from "node:assert/strict";
import { chooseCreator } from "../../model/creator";

describe("the creator of a cluster", () => {
  it("is the first management node, in the order of the description", () => {
    const chosen = chooseCreator([
      { key: "w", role: "worker" },
      { key: "d" },
      { key: "m2", role: "management" },
      { key: "m1", role: "management" },
    ]);
    assert.equal(chosen?.key, "m2");
  });

  it("is a node with role default where there is no management node", () => {
    assert.equal(chooseCreator([{ key: "w", role: "worker" }, { key: "d" }])?.key, "d");
  });

  it("is never a worker and never a witness", () => {
    assert.equal(
      chooseCreator([
        { key: "w", role: "worker" },
        { key: "e", role: "witness" },
      ]),
      undefined,
    );
  });
});
