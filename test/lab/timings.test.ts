import assert from "node:assert/strict";
import type { LedgerRecord } from "../../lab/ledger";
import { timings } from "../../lab/timings";

function at(lab: number, machine: string, event: string, more: object = {}): LedgerRecord {
  return { time: "2026-11-21T00:00:00.000Z", lab, machine, event, ...more };
}

const DELAYS = { post: 10, kernel: 10, installer: 5, diskWrite: 50, reboot: 5, osBoot: 15 };

describe("lab: timings", () => {
  const start = at(0, "site", "lab-started", { speed: 10, delays: JSON.stringify(DELAYS) });
  const install = (machine: string, from: number, to: number) => [
    at(from, machine, "power-on"),
    at(from + 90, machine, "installed"),
    at(to, machine, "node-ready"),
  ];

  it("adds up the delays of what waited for each other, and only of that", () => {
    const records = [
      start,
      ...install("m1", 10, 150),
      ...install("m2", 160, 300),
      ...install("m3", 165, 290),
      at(310, "m2", "promotion-started"),
      at(360, "m2", "promotion-complete"),
    ];
    const { toReady, toRest, speed } = timings(records);
    assert.equal(speed, 10);
    assert.deepEqual(toReady, { measured: 290, criticalPath: 210 });
    assert.deepEqual(toRest, { measured: 350, criticalPath: 230 });
  });

  it("looks at the lab's present run only, and says nothing where nothing was installed", () => {
    assert.deepEqual(timings([start, ...install("m1", 1, 100), start]).toReady, undefined);
    assert.deepEqual(timings([]).tasks, []);
  });
});
