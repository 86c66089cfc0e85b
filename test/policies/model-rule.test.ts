import assert from "node:assert/strict";
import { modelPolicy } from "../../policies/model-rule";

describe("policies made of rules of the model", () => {
  it("name rules that there are", () => {
    const about = {
      name: "some-policy",
      description: "",
      enforcementLevel: "advisory",
      severity: "low",
      tags: [],
      remediationSteps: "",
      url: "",
    } as const;
    assert.throws(
      () => modelPolicy({ ...about, tags: [], rules: ["vip-address", "vip-adress"] }),
      /no rule vip-adress$/,
    );
  });
});
