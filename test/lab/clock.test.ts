import assert from "node:assert/strict";
import { ScaledClock } from "../../lab/clock";

describe("lab clock", () => {
  it("stands still at speed 0 until it is pushed", async () => {
    const clock = new ScaledClock(0);
    const woken: number[] = [];
    const sleeps = [30, 10, 20].map((seconds) => clock.sleep(seconds).then(() => woken.push(seconds)));
    clock.advance(15);
    await sleeps[1];
    assert.deepEqual(woken, [10]);
    assert.equal(clock.now(), 15);
    clock.advance(15);
    await Promise.all(sleeps);
    assert.equal(woken.length, 3);
  });

  it("runs as fast as it is told", async () => {
    const clock = new ScaledClock(10_000);
    const begin = performance.now();
    await clock.sleep(500);
    assert.ok(clock.now() >= 500);
    assert.ok(performance.now() - begin < 2000);
  });

  it("lets a sleeper go when its signal is aborted", async () => {
    const clock = new ScaledClock(0);
    const stop = new AbortController();
    const sleep = clock.sleep(1, stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(sleep, /enough/);
    await assert.rejects(clock.sleep(1, stop.signal), /enough/);
    clock.advance(10);
  });

  it("refuses a speed that is none", () => {
    for (const speed of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => new ScaledClock(speed));
  });
});
