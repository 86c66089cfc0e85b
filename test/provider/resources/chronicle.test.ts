import assert from "node:assert/strict";
import { quorumOf } from "../../../model/quorum";
import { recordOf } from "../../../model/transition";
import { Chronicle, chronicleOf, type SeenNode } from "../../../provider/resources/chronicle";
import { RunFacts } from "../../../provider/shell/run";

const node = (name: string, changes: Partial<SeenNode> = {}): SeenNode => ({
  name,
  ready: true,
  etcd: false,
  etcdVoter: false,
  promoteStatus: undefined,
  ...changes,
});
const voter = (name: string, changes: Partial<SeenNode> = {}) =>
  node(name, { etcd: true, etcdVoter: true, ...changes });

describe("the chronicle of a run", () => {
  let chronicle: Chronicle;
  let seconds: number;

  beforeEach(() => {
    seconds = 0;
    chronicle = new Chronicle(() => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds++)));
  });

  const saw = (...nodes: SeenNode[]) => chronicle.saw(nodes);
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const kinds = () => recordOf(chronicle.steps)?.steps.map(({ kind, node }) => `${kind} ${node}`);

  it("has a step with the voters before it, at its worst, and after it, as they were counted", async () => {
    await chronicle.step(
      "n3",
      async () => {
        saw(voter("n1"), voter("n2"), voter("n3"));
        saw(voter("n1"), voter("n2"), voter("n3", { ready: false }));
        saw(voter("n1"), voter("n2"), voter("n3"));
      },
      () => "relabel",
    );
    assert.deepEqual(chronicle.steps, [
      {
        kind: "relabel",
        node: "n3",
        begin: at(0),
        end: at(4),
        before: quorumOf(3),
        during: quorumOf(3, 2),
        after: quorumOf(3),
      },
    ]);
  });

  it("names no worst moment where none was worse than both ends", async () => {
    const work = async () => {
      saw(voter("n1"), voter("n2"), voter("n3"));
      saw(voter("n1"), voter("n2"), voter("n3", { ready: false }));
    };
    await chronicle.step("n3", work, () => "switch-off");
    const [step] = chronicle.steps;
    assert.deepEqual([step?.before, step?.during, step?.after], [quorumOf(3), undefined, quorumOf(3, 2)]);
  });

  it("shows it where etcd had no quorum meanwhile", async () => {
    const away = { ready: false };
    const work = async () => {
      saw(voter("n1"), voter("n2"), voter("n3"));
      saw(voter("n1"), voter("n2", away), voter("n3", away));
      saw(voter("n1"), voter("n2"), voter("n3"));
    };
    await chronicle.step("n3", work, () => "maintain");
    assert.equal(chronicle.steps[0]?.during?.reached, false);
  });

  it("knows nothing of etcd before the first node, and does not call the one that formed the cluster promoted", async () => {
    const work = async () => {
      chronicle.saw(undefined);
      saw(voter("n1", { etcdVoter: false }));
      saw(voter("n1"));
    };
    await chronicle.step("n1", work, () => "create");
    const [step, ...others] = chronicle.steps;
    assert.deepEqual(others, []);
    assert.deepEqual([step?.before, step?.after], [undefined, quorumOf(1)]);
  });

  it("sees who is promoted, counts a member only once it votes, and dates it from where it was first seen", () => {
    saw(voter("n1"), node("n2"), node("n3"));
    saw(voter("n1"), voter("n2", { etcdVoter: false, promoteStatus: "running" }), node("n3"));
    saw(voter("n1"), voter("n2", { etcdVoter: false, promoteStatus: "running" }), node("n3"));
    saw(voter("n1"), voter("n2"), node("n3"));
    assert.deepEqual(chronicle.steps, [
      { kind: "promote", node: "n2", begin: at(0), end: at(3), before: quorumOf(1), after: quorumOf(2) },
    ]);
  });

  it("takes a voter that was away and comes back for the same, and one that left and joined again for another", () => {
    saw(voter("n1"), voter("n2"), voter("n3"));
    saw(voter("n1"), voter("n2"), voter("n3", { ready: false, etcdVoter: false }));
    saw(voter("n1"), voter("n2"), voter("n3"));
    assert.deepEqual(chronicle.steps, []);
    saw(voter("n1"), voter("n2"));
    saw(voter("n1"), voter("n2"), node("n3"));
    saw(voter("n1"), voter("n2"), voter("n3"));
    assert.deepEqual(kinds(), ["promote n3"]);
  });

  it("has no step that failed, and none in which nothing was done", async () => {
    const failing = chronicle.step(
      "n1",
      () => Promise.reject(new Error("no")),
      () => "leave",
    );
    await assert.rejects(failing, /no/);
    await chronicle.step(
      "n2",
      async () => undefined,
      () => undefined,
    );
    assert.equal(recordOf(chronicle.steps), undefined);
  });

  it("puts what happened inside a step after it, as the plan does", async () => {
    saw(voter("n1"), voter("n2"), voter("n3"), node("n4"));
    const work = async () => {
      saw(voter("n1"), voter("n2"), node("n4"));
      saw(voter("n1"), voter("n2"), voter("n4"));
    };
    await chronicle.step("n3", work, () => "leave");
    assert.deepEqual(kinds(), ["leave n3", "promote n4"]);
    const record = recordOf(chronicle.steps);
    assert.deepEqual([record?.begin, record?.end], [at(1), at(4)]);
  });

  it("is one for all resources of a run, and another one for another life of the cluster", () => {
    const facts = new RunFacts();
    const first = chronicleOf(facts, { incarnation: "one" });
    assert.equal(chronicleOf(facts, { incarnation: "one" }), first);
    assert.notEqual(chronicleOf(facts, { incarnation: "two" }), first);
  });
});
