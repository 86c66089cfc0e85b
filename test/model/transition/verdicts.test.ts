import { planTransition } from "../../../model/transition";
import { check, verdicts } from "./verdicts";

describe("the verdict on", () => {
  for (const verdict of verdicts) {
    const word = verdict.refusedBy.length === 0 ? "passes" : `refused by ${verdict.refusedBy.join(", ")}`;
    it(`${verdict.of}: ${word}`, () => check(verdict, planTransition));
  }
});
