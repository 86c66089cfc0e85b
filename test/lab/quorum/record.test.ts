import assert from "node:assert/strict";
import { type QuorumState, summary } from "../../../lab/quorum/record";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

function state(second: number, voters: number, healthy: number, leader?: string, cluster = "a"): QuorumState {
  return { time: at(second).toISOString(), cluster, members: voters, voters, healthy, leader };
}

describe("lab: the record of the quorum", () => {
  it("tells the reserve, and that the quorum was never lost while a majority answered", () => {
    const states = [state(0, 1, 1, "n1"), state(1, 3, 3, "n1"), state(2, 3, 2, "n1"), state(3, 3, 3, "n1")];
    const { lowestHealthy, lowestReserve, belowQuorum, longestLeaderlessMs } = summary(states, {});
    assert.deepEqual([lowestHealthy, lowestReserve, belowQuorum, longestLeaderlessMs], [1, 0, [], 0]);
  });

  it("tells when it was lost, for how long, and how low it was", () => {
    const states = [state(0, 3, 3, "n1"), state(1, 3, 1), state(2, 3, 0), state(5, 3, 2, "n2")];
    const loss = {
      cluster: "a",
      from: at(1).toISOString(),
      until: at(5).toISOString(),
      voters: 3,
      healthy: 0,
    };
    assert.deepEqual(summary(states, {}).belowQuorum, [loss]);
    const { until, ...open } = loss;
    assert.deepEqual(summary(states.slice(0, 3), {}).belowQuorum, [open]);
    assert.equal(until, at(5).toISOString());
  });

  it("keeps clusters apart, so that the end of one is no loss of the other", () => {
    const states = [state(0, 1, 1, "n1"), state(1, 1, 1, "n2", "b"), state(2, 1, 0)];
    assert.deepEqual(
      summary(states, {}).belowQuorum.map(({ cluster }) => cluster),
      ["a"],
    );
  });

  it("tells the longest time without a leader while there was a majority", () => {
    const states = [
      state(0, 3, 3, "n1"),
      state(1, 3, 2),
      state(3, 3, 3),
      state(4, 3, 3, "n2"),
      state(9, 3, 1),
    ];
    assert.equal(summary(states, {}).longestLeaderlessMs, 3000);
    assert.equal(summary([state(0, 3, 3, "n1"), state(1, 3, 2)], { until: at(6) }).longestLeaderlessMs, 5000);
  });

  it("is asked of a part of the time: what was so at its beginning counts", () => {
    const states = [state(0, 3, 1), state(4, 3, 2, "n1"), state(8, 3, 0)];
    assert.equal(summary(states, { from: at(5), until: at(7) }).lowestHealthy, 2);
    const early = summary(states, { from: at(2), until: at(7) });
    assert.deepEqual(
      early.belowQuorum.map(({ from }) => from),
      [at(2).toISOString()],
    );
    assert.equal(early.lowestHealthy, 1);
  });
});
