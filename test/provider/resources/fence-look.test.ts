import assert from "node:assert/strict";
import { sorted } from "../../../provider/resources/membership/fence";
import { explainsSilence, isAttested } from "../../../provider/resources/membership/fence/look";
import { switchOff } from "../../../provider/resources/membership/fence/put-out";
import { UserError } from "../../../provider/shell/errors";
import { CommandCutOff } from "../../../provider/ssh/exec";
import { validDescription } from "../../model/description";

describe("what tells that a machine that came back is off", () => {
  const toldOff = "2026-03-01T12:00:00Z";
  const silent = (readySince: string, told: string | undefined = toldOff) =>
    explainsSilence({ ready: false, readySince, toldOff: told });

  it("an order to go off on its Node, where its kubelet fell silent with it, or was silent already", () => {
    assert.equal(silent("2026-03-01T12:01:00Z"), true);
    assert.equal(silent("2026-03-01T11:50:00Z"), true);
  });

  it("not an order that a silence long afterwards has nothing to do with, and not where it reports", () => {
    assert.equal(silent("2026-03-01T13:00:00Z"), false);
    assert.equal(silent("2026-03-01T12:01:00Z", ""), false);
    assert.equal(explainsSilence({ ready: false, readySince: undefined, toldOff }), false);
    assert.equal(explainsSilence({ ready: true, readySince: "2026-03-01T12:01:00Z", toldOff }), false);
  });

  it("a person's word, but not the one under which it was let go: it came back in spite of that", () => {
    const attested = (reason: string) => ({
      cluster: { ...validDescription(3), attestations: [{ serial: "sn2", by: "Ada", reason }] },
      identity: undefined as never,
    });
    const released = { serial: "SN2", fence: "attested by Ada: power cables pulled" };
    assert.equal(isAttested(attested("pulled again"), released), true);
    assert.equal(isAttested(attested("power cables pulled"), released), false);
    assert.equal(isAttested(attested("pulled again"), { ...released, serial: "SN3" }), false);
  });
});

describe("a machine that came back is told to switch off", () => {
  const answered = (code: number) => async () => ({ code, stdout: "", stderr: "no sudo" });
  const failed = (error: Error) => async () => {
    throw error;
  };
  const TABLE: [what: string, ask: Parameters<typeof switchOff>[2], taken: boolean, refusal?: RegExp][] = [
    ["and takes it", answered(0), true],
    ["and goes down before it answers", failed(new CommandCutOff("reset")), true],
    ["and is not reached", failed(new UserError("refused")), false],
    ["and refuses", answered(1), false, /`sudo systemctl poweroff` ended with 1: no sudo/],
  ];
  for (const [what, ask, taken, refusal] of TABLE) {
    it(`${what}: its Node ${taken ? "keeps the record of that" : "does not say so"}`, async () => {
      const log: string[] = [];
      const kube = {
        merge: async (_path: string, change: unknown) => {
          log.push(JSON.stringify(change).includes("null") ? "record taken back" : "recorded");
        },
      } as unknown as Parameters<typeof switchOff>[0];
      const memory: Parameters<typeof switchOff>[3] = { askedAt: undefined, refusal: undefined };
      const told: typeof ask = (command) => {
        log.push("told");
        return ask(command);
      };
      await switchOff(kube, "n2", told, memory);
      assert.deepEqual(log, ["recorded", "told", ...(taken ? [] : ["record taken back"])]);
      assert.equal(memory.askedAt !== undefined, taken);
      assert.match(memory.refusal ?? "", refusal ?? /^$/);
    });
  }
});

describe("what is left of putting machines out", () => {
  const put = (held?: { guard: string; passes: boolean; why: string }) => {
    const released = {
      key: "n2",
      uuid: "",
      serial: "SN2",
      installation: "",
      at: "",
      how: "left" as const,
      fence: "",
    };
    return sorted([held === undefined ? { node: "n2", released } : { node: "n2", released, held }]);
  };
  const counts = ({ out, open, overdue, stuck }: ReturnType<typeof put>) =>
    [out, open, overdue, stuck].map(({ length }) => length);

  it("is nothing where it is out", () => assert.deepEqual(counts(put()), [1, 0, 0, 0]));

  it("is waited for where that mends it, and not where its own time is up: then what is open is named", () => {
    assert.deepEqual(counts(put({ guard: "quorum", passes: true, why: "2 of 4" })), [0, 1, 0, 0]);
    const late = put({ guard: "deadline", passes: true, why: "gave up waiting: default/web to move off n2" });
    assert.deepEqual(counts(late), [0, 0, 1, 0]);
    assert.match(late.overdue[0]!, /n2, which came back, to be put out: .*default\/web to move off n2/);
  });

  it("is a person's where nothing else mends it", () =>
    assert.deepEqual(counts(put({ guard: "by-hand", passes: false, why: "no key" })), [0, 0, 0, 1]));
});
