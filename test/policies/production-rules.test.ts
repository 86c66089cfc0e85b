import assert from "node:assert/strict";
import { protectedProduction, staticProductionVip } from "../../policies/production-rules";
import { type Edits, edited } from "../model/description";
import { UNKNOWN, violationsOf } from "./support";

for (const [policy, edits, said] of [
  [protectedProduction, { allowDestroy: true }, /^cluster\.allowDestroy: is true/],
  [
    staticProductionVip,
    { "vip.mode": "dhcp", "vip.hardwareAddress": "52:54:00:00:20:01" },
    /^cluster\.vip\.mode: is dhcp/,
  ],
] as const) {
  describe(`policy ${policy.name}`, () => {
    const judge = (changes: Edits, stack: string, config: object = {}) =>
      violationsOf(policy, { cluster: edited(changes) }, config, { stack });

    it("refuses it in production alone", async () => {
      assert.match((await judge(edits, "production")).join(), said);
      assert.deepEqual(await judge(edits, "lab"), []);
    });

    it("lets its configuration say which stacks are for production", async () => {
      assert.match((await judge(edits, "site-oslo", { stacks: ["site-*"] })).join(), said);
      assert.deepEqual(await judge(edits, "production", { stacks: ["site-*"] }), []);
    });

    it("lets pass what is right, and what is not known yet", async () => {
      assert.deepEqual(await judge({}, "production"), []);
      assert.deepEqual(await judge({ vip: UNKNOWN, allowDestroy: UNKNOWN }, "production"), []);
    });
  });
}
