import assert from "node:assert/strict";
import { type DecidedAct, type Judged, type PassOptions, runPass } from "../../../cli/guard/pass";
import { exitCodeOf, renderReport } from "../../../cli/guard/report";
import {
  type ActRecord,
  type Assessment,
  decide,
  type GuardedNode,
  recoveryPolicyOf,
} from "../../../model/recovery";
import { validNode } from "../../model/description";

const NOW = "2026-03-01T12:00:00Z";
const WELL: Assessment = { state: "well", remarks: [] };
const OFF: Assessment = {
  state: "repairable",
  act: "power-on",
  why: "its kubelet is silent for 16 min, and it is off",
};
const GONE: Assessment = { state: "beyond-repair", why: "reset did not help" };

/** Three members, the second of them being so, and one more node. */
function judged(second: Assessment, mode: "manual" | "automatic"): Judged {
  const policy = { ...recoveryPolicyOf(undefined, 4), mode };
  const nodes = ["n1", "n2", "n3", "n4"].map((name, at): GuardedNode => {
    const assessment = name === "n2" ? second : WELL;
    const seat = at < 3;
    return {
      name,
      role: "management",
      healthy: assessment.state === "well",
      controlPlane: seat,
      etcd: seat,
      created: at,
      assessment,
      votes: seat || null,
      etcdAnswers: null,
      reachable: assessment.state === "well",
    };
  });
  const situation = { now: NOW, policy, nodes, version: "v1.6.1", acts: [], evicted: [], unfit: { n4: [] } };
  return {
    seen: {
      look: { at: NOW, nodes: {} },
      nodes: nodes.map(({ name }, at) => ({
        key: name,
        described: validNode(at + 1),
        kube: undefined,
        facts: undefined,
      })),
    },
    judgement: {
      assessments: Object.fromEntries(nodes.map(({ name, assessment }) => [name, assessment])),
      situation,
      decision: decide(situation),
    },
  };
}

/** A pass over what is seen first and, once nobody else may change anything, second. */
async function pass(first: Judged, changes: Partial<PassOptions> = {}, second = first) {
  const acts: DecidedAct[] = [];
  const records: ActRecord[] = [];
  const looks = [first, second];
  const report = await runPass({
    stack: "lab",
    cluster: "demo",
    policy: first.judgement.situation.policy,
    evicted: [],
    fence: async () => [],
    judge: async () => looks.shift()!,
    alone: (_purpose, work) => work(new AbortController().signal),
    act: async (decided) => {
      acts.push(decided);
    },
    record: async (record) => {
      records.push(record);
    },
    signal: new AbortController().signal,
    ...changes,
  });
  return { report, acts: acts.map((each) => `${each.do} ${each.node}`), records };
}

describe("a pass of the guard", () => {
  it("does nothing where all is well", async () => {
    const { report, acts, records } = await pass(judged(WELL, "automatic"));
    assert.deepEqual([exitCodeOf(report), acts, records], [0, [], []]);
    assert.match(renderReport(report), /Nothing to do: every node is well\./);
  });

  it("a person is told which node nobody is certain about", async () => {
    const { report } = await pass(
      judged({ state: "unknown", why: "the description does not name it" }, "manual"),
    );
    assert.match(renderReport(report), /A person is needed: n2: the description does not name it\./);
  });

  it("manual: says what it would do, and touches nothing", async () => {
    for (const state of [OFF, GONE]) {
      const { report, acts, records } = await pass(judged(state, "manual"), {
        alone: () => assert.fail("the Lease is no matter of a report"),
      });
      assert.deepEqual(
        [exitCodeOf(report), report.outcome, acts, records],
        [1, { result: "left-to-a-person" }, [], []],
      );
      assert.match(renderReport(report), /A person is needed: (power-on|evict) n2/);
      assert.match(renderReport(report), /recovery is manual/);
    }
  });

  it("automatic: acts once, and has said so before and after", async () => {
    const { report, acts, records } = await pass(judged(OFF, "automatic"));
    assert.deepEqual(acts, ["repair n2"]);
    assert.deepEqual(
      records.map(({ act, result }) => [act, result]),
      [
        ["power-on", "begun"],
        ["power-on", "done"],
      ],
    );
    assert.equal(exitCodeOf(report), 1);
    assert.match(renderReport(report), /Done: power-on n2, because its kubelet is silent/);
  });

  it("looks once more when nobody else may act: what mended itself meanwhile is left alone", async () => {
    const { report, acts, records } = await pass(judged(GONE, "automatic"), {}, judged(WELL, "automatic"));
    assert.deepEqual([exitCodeOf(report), report.decision.do, acts, records], [0, "nothing", [], []]);
  });

  it("does nothing while somebody else holds the Lease, and names who", async () => {
    const { report, acts } = await pass(judged(GONE, "automatic"), {
      alone: async () => ({ busy: "ops@jump holds the Lease" }),
    });
    assert.deepEqual([exitCodeOf(report), acts], [0, []]);
    assert.ok(report.decision.do === "refuse" && report.decision.guard === "other-change");
    assert.match(renderReport(report), /Nothing for now: n2 would be evicted .*ops@jump holds the Lease/);
  });

  it("an act that fails is remembered as failed, with the reason", async () => {
    const { report, records } = await pass(judged(OFF, "automatic"), {
      act: async () => {
        throw new Error("its BMC refuses");
      },
    });
    assert.deepEqual(
      records.map(({ result, detail }) => [result, detail]),
      [
        ["begun", undefined],
        ["failed", "its BMC refuses"],
      ],
    );
    assert.equal(exitCodeOf(report), 1);
    assert.match(renderReport(report), /it failed: its BMC refuses/);
  });

  it("an act that is cut short is remembered as begun, not as failed", async () => {
    const cut = new AbortController();
    const records: ActRecord[] = [];
    const run = pass(judged(OFF, "automatic"), {
      alone: (_purpose, work) => work(cut.signal),
      record: async (record) => {
        records.push(record);
      },
      act: async () => {
        cut.abort(new Error("interrupted"));
        throw new Error("interrupted");
      },
    });
    await assert.rejects(run, /interrupted/);
    assert.deepEqual(
      records.map(({ result }) => result),
      ["begun"],
    );
  });

  describe("finds a machine that had left", () => {
    const released = {
      key: "n9",
      uuid: "",
      serial: "SN9",
      installation: "installed-once",
      at: NOW,
      how: "removed" as const,
      fence: "attested by Ada: power cables pulled",
    };
    const held = { guard: "by-hand", passes: false, why: "SSH does not answer. Switch it off by hand" };

    it("tells that it was put out, and does nothing else in the same pass", async () => {
      const fence = async () => [{ node: "n9", released }];
      const { report, acts } = await pass(judged(OFF, "automatic"), { fence });
      assert.deepEqual([exitCodeOf(report), acts, report.outcome], [1, [], { result: "none" }]);
      assert.match(
        renderReport(report),
        /The machine of n9 \(serial SN9\), which was removed dead .* Done: it was switched off, and its node removed/,
      );
      assert.match(renderReport(report), /n2 would be switched on .*this pass has just put n9 out/);
    });

    it("asks for a person where it could not be, and goes on with what failed", async () => {
      const fence = async () => [{ node: "n9", released, held }];
      const { report, acts } = await pass(judged(OFF, "automatic"), { fence });
      assert.deepEqual([exitCodeOf(report), acts], [1, ["repair n2"]]);
      assert.match(renderReport(report), /A person is needed: it is not out, because SSH does not answer\./);
    });

    it("also where all else is well and recovery is manual", async () => {
      const fence = async () => [{ node: "n9", released }];
      const { report } = await pass(judged(WELL, "manual"), { fence });
      assert.equal(exitCodeOf(report), 1);
    });
  });

  it("an eviction that nobody has answered asks for a person, though all is well", async () => {
    const evicted = [
      { node: "n9", installation: "0123456789ab", at: NOW, by: "ops@jump", why: "reset did not help" },
    ];
    const { report } = await pass(judged(WELL, "automatic"), { evicted });
    assert.equal(exitCodeOf(report), 1);
    assert.match(
      renderReport(report),
      /n9 was evicted at 2026-03-01T12:00:00Z: reset did not help\. Replace it/,
    );
  });
});
