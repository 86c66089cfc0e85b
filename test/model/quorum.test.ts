import assert from "node:assert/strict";
import fc from "fast-check";
import { isRestingVoterCount, quorumOf } from "../../model/quorum";
import { holds } from "./property";

describe("quorumOf", () => {
  it("knows the usual clusters", () => {
    const table: [members: number, healthy: number, required: number, tolerance: number, reached: boolean][] =
      [
        [1, 1, 1, 0, true],
        [2, 2, 2, 0, true],
        [3, 3, 2, 1, true],
        [3, 2, 2, 0, true],
        [3, 1, 2, 0, false],
        [5, 5, 3, 2, true],
        [1, 0, 1, 0, false],
        [0, 0, 0, 0, false],
      ];
    for (const [members, healthy, required, tolerance, reached] of table) {
      assert.deepEqual(quorumOf(members, healthy), { members, healthy, required, tolerance, reached });
    }
  });

  it("never lets two halves write", () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(), (members, some) => {
        const part = some % (members + 1);
        assert.ok(!(quorumOf(members, part).reached && quorumOf(members, members - part).reached));
      }),
    );
  });

  it("tolerates exactly as many losses as it says", () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(), (members, some) => {
        const { healthy, tolerance, reached } = quorumOf(members, some % (members + 1));
        fc.pre(reached);
        assert.ok(quorumOf(members, healthy - tolerance).reached);
        assert.ok(healthy === tolerance || !quorumOf(members, healthy - tolerance - 1).reached);
      }),
    );
  });

  it("refuses counts that cannot be", () => {
    for (const [members, healthy] of [
      [1, 2],
      [-1, 0],
      [3, -1],
      [1.5, 1],
    ] as const) {
      assert.throws(() => quorumOf(members, healthy), /cannot be/);
    }
  });

  it("rests at one or three voters", () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5].filter(isRestingVoterCount), [1, 3]);
  });
});
