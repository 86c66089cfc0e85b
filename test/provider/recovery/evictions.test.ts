import assert from "node:assert/strict";
import type { Eviction } from "../../../model/eviction";
import { intentId } from "../../../model/hardware";
import { standingEvictions } from "../../../provider/recovery/evictions";
import { UNKNOWN } from "../../../provider/shell/resource";
import { validDescription, validNode } from "../../model/description";

const INCARNATION = "0123456789ab";
const cluster = validDescription(3);
const installation = (reinstall: number) =>
  intentId({ incarnation: INCARNATION, hardware: cluster.nodes.n2!.hardware, reinstall });
const EVICTED: Eviction = {
  node: "n2",
  installation: installation(0),
  at: "2026-03-01T12:00:00Z",
  by: "ops@jump",
  why: "reset did not help",
};

/** The description with another n2, and whether the eviction still stands. */
const TABLE: [what: string, n2: unknown, stands: boolean][] = [
  ["as it was when it was evicted", cluster.nodes.n2, true],
  ["with another role", { ...cluster.nodes.n2, role: "worker" }, true],
  ["after its board was swapped", { ...validNode(9), wasHardware: cluster.nodes.n2!.hardware }, true],
  ["to be installed anew", { ...cluster.nodes.n2, reinstall: 1 }, false],
  ["another host under the old key", validNode(9), false],
  ["taken out", undefined, false],
  ["not known yet", { ...cluster.nodes.n2, reinstall: UNKNOWN }, false],
];

describe("an eviction stands until the description answers it", () => {
  for (const [what, n2, stands] of TABLE) {
    it(`n2 ${what}: ${stands ? "it stands" : "it is answered"}`, () => {
      const { n2: _, ...others } = cluster.nodes;
      const nodes = n2 === undefined ? others : { ...others, n2: n2 as never };
      assert.deepEqual(standingEvictions([EVICTED], { nodes }, INCARNATION), stands ? [EVICTED] : []);
    });
  }

  it("one of an earlier life of the cluster does not", () => {
    assert.deepEqual(standingEvictions([EVICTED], cluster, "ba9876543210"), []);
  });
});
