import assert from "node:assert/strict";
import {
  type Decision,
  decide,
  type Intent,
  type Observation,
} from "../../../provider/resources/machine/decide";

const creator: Intent = { id: "aaaaaaaaaaaa", earlier: [], creator: true };
const joiner: Intent = { id: "bbbbbbbbbbbb", earlier: [], creator: false };
const again: Intent = { id: "cccccccccccc", earlier: ["aaaaaaaaaaaa"], creator: true };
const fresh: Observation = {
  poweredOn: false,
  mark: undefined,
  remembered: undefined,
  formerly: undefined,
  cluster: "silent",
  clusterSays: "nothing answers",
  node: undefined,
};

describe("deciding about a machine", () => {
  const cases: [string, Intent, Partial<Observation>, Decision | "refuse"][] = [
    ["fresh creator, VIP silent: creates", creator, {}, { act: "install", mode: "create" }],
    ["fresh joiner: joins", joiner, { cluster: "ours" }, { act: "install", mode: "join" }],
    ["a joiner never creates, silent VIP or not", joiner, {}, { act: "install", mode: "join" }],
    ["VIP answers as something else", creator, { cluster: "other" }, "refuse"],
    ["fresh creator, VIP answers and cannot be asked yet", creator, { cluster: "unclear" }, "refuse"],
    [
      "creator that was served, its cluster coming up: waited for",
      creator,
      { mark: mark(creator, "served"), poweredOn: true, cluster: "unclear" },
      { act: "await-installation", mode: "join" },
    ],
    ["killed after marking", creator, { mark: mark(creator, "armed") }, { act: "install", mode: "create" }],
    [
      "killed after serving: waited for, whatever the power",
      creator,
      { mark: mark(creator, "served"), poweredOn: true },
      { act: "await-installation", mode: "create" },
    ],
    [
      "killed after the disk was written, machine off",
      creator,
      { mark: mark(creator, "done") },
      { act: "await-membership", powerOn: true },
    ],
    [
      "the state knows more than a mark that was lost",
      creator,
      { remembered: "served", poweredOn: true },
      { act: "await-installation", mode: "create" },
    ],
    [
      "member in the cluster, nothing in the state: adopted",
      creator,
      { cluster: "ours", node: { installation: creator.id } },
      { act: "adopt" },
    ],
    [
      "member, reinstall raised: it leaves first",
      again,
      { cluster: "ours", node: { installation: creator.id } },
      { act: "leave", installation: creator.id },
    ],
    [
      "member under an intent that nobody knows",
      again,
      { cluster: "ours", node: { installation: "ffffffffffff" } },
      "refuse",
    ],
    [
      "a member that carries no label of ours, nor a mark on its hardware",
      joiner,
      { cluster: "ours", poweredOn: true, node: { installation: undefined } },
      "refuse",
    ],
    ["mark of a stranger", creator, { mark: { intent: "ffffffffffff", phase: "done" } }, "refuse"],
    ["was a member, deleted in the cluster", creator, { remembered: "member", cluster: "ours" }, "refuse"],
    [
      "was a member, VIP silent: waited for, nothing installed",
      creator,
      { remembered: "member" },
      { act: "await-membership", powerOn: true },
    ],
    [
      "failed installation, reinstall raised",
      again,
      { mark: mark(creator, "served"), poweredOn: true },
      { act: "install", mode: "create" },
    ],
    [
      "a member in the state, mark lost, reinstall raised, VIP silent",
      again,
      { formerly: "member", poweredOn: true },
      "refuse",
    ],
    ["switched on without a mark: it runs something", joiner, { cluster: "ours", poweredOn: true }, "refuse"],
    ["creator done earlier, VIP silent: no second cluster", again, { mark: mark(creator, "done") }, "refuse"],
    [
      "creator reinstalled beside the living cluster: joins",
      again,
      { mark: mark(creator, "done"), cluster: "ours" },
      { act: "install", mode: "join" },
    ],
    ["creator without mark, cluster lives without it", creator, { cluster: "ours" }, "refuse"],
  ];

  for (const [title, intent, seen, expected] of cases) {
    it(title, () => {
      const decision = decide(intent, { ...fresh, ...seen });
      if (expected === "refuse") assert.equal(decision.act, "refuse", JSON.stringify(decision));
      else assert.deepEqual(decision, expected);
    });
  }

  it("that was switched on to be installed while another cluster answers may have started its old disk, and is switched off by a person", () => {
    const reasonWith = (seen: Partial<Observation>) => {
      const decision = decide(creator, { ...fresh, cluster: "other", ...seen });
      assert.ok(decision.act === "refuse");
      return decision.reason;
    };
    const armed = mark(creator, "armed");
    assert.match(
      reasonWith({ poweredOn: true, mark: armed }),
      /what its disk held before.*switch it off and run again/,
    );
    for (const seen of [
      { mark: armed },
      { poweredOn: true },
      { poweredOn: true, mark: mark(creator, "served") },
    ])
      assert.doesNotMatch(reasonWith(seen), /what its disk held before/);
  });

  it("never installs what was finished under an earlier intent while the cluster cannot be asked", () => {
    for (const creates of [true, false])
      for (const poweredOn of [true, false])
        for (const cluster of ["silent", "unclear", "other"] as const)
          for (const via of ["mark", "state"] as const)
            for (const phase of ["done", "member"] as const) {
              if (via === "mark" && phase === "member") continue;
              const seen: Observation = {
                ...fresh,
                poweredOn,
                cluster,
                mark: via === "mark" ? { intent: creator.id, phase: phase as "done" } : undefined,
                formerly: via === "state" ? phase : undefined,
              };
              assert.equal(decide({ ...again, creator: creates }, seen).act, "refuse", JSON.stringify(seen));
            }
  });

  it("never installs what was served, done or a member under the same intent (all combinations)", () => {
    for (const intent of [creator, joiner, again])
      for (const poweredOn of [true, false])
        for (const cluster of ["silent", "unclear", "ours", "other"] as const)
          for (const phase of ["served", "started", "done", "member"] as const)
            for (const via of ["mark", "state"] as const) {
              if (via === "mark" && phase === "member") continue;
              const seen: Observation = {
                ...fresh,
                poweredOn,
                cluster,
                mark: via === "mark" ? { intent: intent.id, phase: phase as "served" } : undefined,
                remembered: via === "state" ? phase : undefined,
              };
              assert.notEqual(decide(intent, seen).act, "install", JSON.stringify(seen));
            }
  });
});

function mark(intent: Intent, phase: "armed" | "served" | "started" | "done"): Observation["mark"] {
  return { intent: intent.id, phase };
}
