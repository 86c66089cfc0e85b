import assert from "node:assert/strict";
import { type ActRecord, NO_MEMORY, recordAct, remember } from "../../../model/recovery";
import { but, DEAD, story, WELL } from "./scenario";

describe("what is remembered between passes", () => {
  it("looks in a row that saw the same are one spell", () => {
    const { memory } = story([200, WELL], [30, DEAD], [1, WELL]);
    const spells = memory.spells.n2!.map(({ ready, looks, renewed }) => [ready, looks, renewed]);
    assert.deepEqual(spells, [
      ["True", 200, true],
      ["Unknown", 30, false],
      ["True", 1, false],
    ]);
  });

  it("looks an hour and more apart are not: nobody knows what was between them", () => {
    const look = (at: string) => ({ at, nodes: { n2: WELL } });
    let memory = remember(NO_MEMORY, look("2026-03-01T08:00:00Z"));
    memory = remember(memory, look("2026-03-01T08:59:00Z"));
    memory = remember(memory, look("2026-03-01T10:00:00Z"));
    assert.deepEqual(
      memory.spells.n2!.map(({ looks }) => looks),
      [2, 1],
    );
  });

  it("stays small, however long it is kept and however much happens", () => {
    const flapping = Array.from({ length: 500 }, (_, at) => [1, at % 2 === 0 ? DEAD : WELL] as const);
    const { memory } = story(
      ...flapping,
      ...Array.from({ length: 100 }, () => ({ act: "reset", result: "done" }) as const),
    );
    assert.ok(JSON.stringify(memory).length < 20_000, `${JSON.stringify(memory).length} bytes`);
  });

  it("a node that is no longer described is forgotten; what was done to it is not", () => {
    const { memory } = story([3, WELL], { act: "reset", result: "done" });
    const later = remember(memory, { at: "2026-03-01T09:00:00Z", nodes: { n9: but() } });
    assert.deepEqual(Object.keys(later.spells), ["n9"]);
    assert.equal(later.acts.length, 1);
  });

  it("the end of an act replaces its beginning", () => {
    const begun: ActRecord = { at: "2026-03-01T09:00:00Z", node: "n2", act: "reset", result: "begun" };
    const memory = recordAct(recordAct(NO_MEMORY, begun), { ...begun, result: "failed", detail: "no power" });
    assert.deepEqual(memory.acts, [{ ...begun, result: "failed", detail: "no power" }]);
  });
});
