import assert from "node:assert/strict";
import fc from "fast-check";
import { replayPromotions } from "../../../model/promotion";
import { isRestingVoterCount, quorumOf } from "../../../model/quorum";
import {
  type Assessment,
  type Decision,
  decide,
  type GuardedNode,
  RECOVERY_GUARDS,
  type RecoverySituation,
  recoveryPolicyOf,
} from "../../../model/recovery";
import { holds } from "../property";

const NOW = "2026-03-01T12:00:00Z";
const VERSION = "v1.6.1";
const WELL: Assessment = { state: "well", remarks: [] };
const HICCUP: Assessment = { state: "hiccup", why: "its kubelet is silent" };
const RESET: Assessment = { state: "repairable", act: "reset", why: "nothing answers" };
const POWER_ON: Assessment = { state: "repairable", act: "power-on", why: "it is off" };
const UNCORDON: Assessment = { state: "repairable", act: "uncordon", why: "it is back" };
const GONE: Assessment = { state: "beyond-repair", why: "its install disk is gone" };
const UNKNOWN: Assessment = { state: "unknown", why: "its BMC does not answer" };

function node(name: string, changes: Partial<GuardedNode> = {}): GuardedNode {
  const { assessment = WELL } = changes;
  const dead =
    assessment.state === "beyond-repair" ||
    (assessment.state === "repairable" && assessment.act !== "uncordon");
  return {
    name,
    role: "default",
    healthy: assessment.state === "well",
    controlPlane: false,
    etcd: false,
    created: Number(name.slice(1)),
    assessment,
    votes: null,
    etcdAnswers: null,
    reachable: !dead,
    ...changes,
  };
}

const member = (name: string, assessment: Assessment = WELL, changes: Partial<GuardedNode> = {}) =>
  node(name, { role: "management", controlPlane: true, etcd: true, votes: true, assessment, ...changes });
const witness = (name: string, assessment: Assessment = WELL) =>
  node(name, { role: "witness", etcd: true, votes: true, assessment });

/** Three members, the second being so, and two nodes that may follow. */
const three = (second: Assessment) => [
  member("n1"),
  member("n2", second),
  member("n3"),
  node("n4"),
  node("n5"),
];

function situation(nodes: GuardedNode[], changes: Partial<RecoverySituation> = {}): RecoverySituation {
  return {
    now: NOW,
    policy: recoveryPolicyOf({ mode: "automatic" }, nodes.length),
    nodes,
    version: VERSION,
    acts: [],
    evicted: [],
    unfit: Object.fromEntries(nodes.map(({ name }) => [name, []])),
    ...changes,
  };
}

/** What was decided, in few words. */
function told(decision: Decision): string {
  if (decision.do === "nothing") return "nothing";
  if (decision.do === "repair") return `${decision.act} ${decision.node}`;
  if (decision.do === "evict") return `evict ${decision.node} for ${decision.successor}`;
  return `refuse: ${decision.guard}${decision.passes ? " for now" : ""}`;
}

const minutesAgo = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const acted = (minutes: number) =>
  ({ at: minutesAgo(minutes), node: "n2", act: "reset", result: "done" }) as const;
const policy = recoveryPolicyOf({ mode: "automatic", minimumHealthy: 1 }, 5);

const TABLE: [what: string, situation: RecoverySituation, decided: string][] = [
  ["all is well", situation(three(WELL)), "nothing"],
  ["a hiccup", situation(three(HICCUP)), "nothing"],
  ["a member that is off", situation(three(POWER_ON)), "power-on n2"],
  ["a member that hangs", situation(three(RESET)), "reset n2"],
  [
    "a member that is back, cordoned",
    situation([...three(WELL), member("n6", UNCORDON)].slice(1)),
    "uncordon n6",
  ],
  ["a member beyond repair", situation(three(GONE)), "evict n2 for n4"],
  [
    "the node that created the cluster",
    situation([member("n1", GONE), ...three(WELL).slice(1)]),
    "evict n1 for n4",
  ],
  [
    "a witness beyond repair",
    situation([member("n1"), member("n2"), witness("n3", GONE), node("n4")]),
    "evict n3 for n4",
  ],
  [
    "a management node goes before a default one",
    situation([...three(GONE), node("n6", { role: "management" })]),
    "evict n2 for n6",
  ],

  ["nobody is certain", situation(three(UNKNOWN)), "refuse: not-certain"],
  [
    "two members at once",
    situation([member("n1"), member("n2", RESET), member("n3", GONE), node("n4")], { policy }),
    "refuse: majority",
  ],
  [
    "two members at once, one of them off: only that puts nothing at risk",
    situation([member("n1"), member("n2", POWER_ON, { reachable: true }), member("n3", GONE), node("n4")], {
      policy,
    }),
    "power-on n2",
  ],
  [
    "a member and a worker at once",
    situation([...three(GONE).slice(0, 4), node("n5", { assessment: GONE })]),
    "refuse: minimum-healthy",
  ],
  [
    "a member, while another is in maintenance",
    situation([member("n1"), member("n2", GONE), member("n3", UNKNOWN), node("n4")], { policy }),
    "refuse: quorum",
  ],
  [
    "a hanging member whose etcd still counts, no other to spare",
    situation(
      [member("n1"), member("n2", RESET, { etcdAnswers: true, reachable: true }), member("n3", HICCUP)],
      { policy },
    ),
    "refuse: quorum",
  ],
  [
    "cut off from the others",
    situation([member("n1"), member("n2", GONE), member("n3", WELL, { reachable: false }), node("n4")]),
    "refuse: majority",
  ],
  [
    "whether they answer is not known",
    situation([member("n1"), member("n2", GONE), member("n3", WELL, { reachable: null }), node("n4")]),
    "refuse: majority",
  ],
  ["an upgrade", situation(three(GONE), { upgrade: "hvst-upgrade-x" }), "refuse: upgrade for now"],
  [
    "another change",
    situation(three(RESET), { change: "pulumi up by somebody" }),
    "refuse: other-change for now",
  ],
  ["within the retry period", situation(three(GONE), { acts: [acted(29)] }), "refuse: retry-period for now"],
  ["after the retry period", situation(three(GONE), { acts: [acted(31)] }), "evict n2 for n4"],
  ["an eviction that nobody has answered", situation(three(GONE), { evicted: ["n9"] }), "refuse: limit"],
  [
    "an eviction that nobody has answered, and a repair",
    situation(three(RESET), { evicted: ["n9"] }),
    "reset n2",
  ],
  ["no evictions wanted", situation(three(GONE), { policy: { ...policy, limit: 0 } }), "refuse: limit"],
  ["nobody to follow", situation(three(GONE).slice(0, 3)), "refuse: successor"],
  [
    "only workers to follow",
    situation([...three(GONE).slice(0, 3), node("n4", { role: "worker" })]),
    "refuse: successor",
  ],
  [
    "a promotion that failed blocks all others",
    situation([...three(GONE).slice(0, 4), node("n5", { promoteStatus: "failed" })]),
    "refuse: successor",
  ],
  [
    "the follower is not fit",
    situation(three(GONE), { unfit: { n4: ["it does not reach n3"] } }),
    "refuse: candidate",
  ],
  ["the follower was not looked at", situation(three(GONE), { unfit: {} }), "refuse: candidate"],
  [
    "a worker beyond repair",
    situation([...three(WELL).slice(0, 4), node("n5", { role: "worker", assessment: GONE })]),
    "refuse: no-member",
  ],
  [
    "the only node",
    situation([member("n1", RESET, { reachable: true })], { policy }),
    "refuse: minimum-healthy",
  ],
  [
    "one of two voters",
    situation([member("n1"), member("n2", GONE), node("n3"), node("n4")], { policy }),
    "refuse: majority",
  ],
];

describe("the decision of one pass", () => {
  for (const [what, given, decided] of TABLE) {
    it(`${what}: ${decided}`, () => {
      const decision = decide(given);
      assert.equal(told(decision), decided, JSON.stringify(decision));
    });
  }

  it("a refusal names the node, what would be done, and why it is not", () => {
    const decision = decide(situation(three(GONE), { unfit: { n4: ["it does not reach n3"] } }));
    assert.ok(decision.do === "refuse");
    assert.equal(
      decision.why,
      "n2 would be evicted (its install disk is gone); it is not, because n4 would be promoted, and is not fit: it does not reach n3",
    );
  });

  it("the defaults: 15 minutes, half an hour between acts, one eviction, all nodes but one well; manual unless asked", () => {
    const wanted = { failureThresholdMs: 900_000, retryPeriodMs: 1_800_000, limit: 1, minimumHealthy: 4 };
    assert.deepEqual(recoveryPolicyOf(undefined, 5), { mode: "manual", ...wanted });
    assert.deepEqual(recoveryPolicyOf("manual", 5), { mode: "manual", ...wanted });
    assert.deepEqual(recoveryPolicyOf({ mode: "automatic" }, 5), { mode: "automatic", ...wanted });
    assert.equal(recoveryPolicyOf({ mode: "automatic", retryPeriod: "1h30m" }, 5).retryPeriodMs, 5_400_000);
  });
});

/** The first of these seven times of eight. */
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 7, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** A cluster of any kind, in any trouble; mostly one of three members and a few others. */
const anySituation = fc
  .record({
    seats: fc.array(
      fc.record({
        seat: fc.constantFrom(member, member, member, member, witness),
        assessment: fc.constantFrom(
          WELL,
          WELL,
          WELL,
          WELL,
          WELL,
          WELL,
          HICCUP,
          RESET,
          POWER_ON,
          GONE,
          GONE,
          GONE,
          UNKNOWN,
        ),
        votes: mostly(true, false, null),
        etcdAnswers: mostly(true, false, null),
        reachable: mostly(true, false, null),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    others: fc.array(
      fc.record({
        role: mostly("default", "management", "worker", "witness"),
        assessment: mostly<Assessment>(WELL, GONE),
        promoteStatus: mostly(undefined, "running", "failed"),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    minimumHealthy: fc.integer({ min: 1, max: 4 }),
    limit: fc.integer({ min: 0, max: 3 }),
    minutes: fc.integer({ min: 0, max: 90 }),
  })
  .map(({ seats, others, minimumHealthy, limit, minutes }) => {
    const nodes = [
      ...seats.map(({ seat, assessment, ...signs }, at) => ({ ...seat(`n${at + 1}`, assessment), ...signs })),
      ...others.map((signs, at) => node(`n${seats.length + at + 1}`, signs as Partial<GuardedNode>)),
    ];
    return situation(nodes, {
      policy: { ...recoveryPolicyOf({ mode: "automatic" }, nodes.length), minimumHealthy, limit },
      acts: [acted(minutes)],
    });
  });

/** Voters of which it is certain that they work. */
const certain = ({ etcd, assessment, votes, etcdAnswers }: GuardedNode) =>
  etcd && assessment.state === "well" && votes !== false && etcdAnswers !== false;

describe("properties of the decision", () => {
  it("whoever is left after an eviction holds quorum, also while the next voter is still coming, and its seat is taken", () => {
    let evictions = 0;
    holds(
      fc.property(anySituation, (given) => {
        const decision = decide(given);
        if (decision.do !== "evict") return;
        evictions++;
        const voters = given.nodes.filter(({ etcd }) => etcd);
        const rest = voters.filter(({ name }) => name !== decision.node);
        const works = rest.filter(certain).length;
        assert.ok(quorumOf(voters.length, works).reached, "the removal itself could not be written");
        assert.ok(quorumOf(rest.length, works).reached, "what remains has no quorum");
        const left = given.nodes.filter(({ name }) => name !== decision.node);
        const { promoted, nodes } = replayPromotions(left, VERSION);
        assert.equal(promoted[0], decision.successor);
        assert.ok(nodes.filter(({ etcd }) => etcd).length >= voters.length, "a seat stays empty");
        assert.ok(
          quorumOf(rest.length + 1, works).reached,
          "the new voter is not there yet, and counts already",
        );
      }),
      3000,
    );
    assert.ok(evictions > 5, `only ${evictions} evictions among them`);
  });

  it("a reset never interrupts a voter that the others need", () => {
    holds(
      fc.property(anySituation, (given) => {
        const decision = decide(given);
        if (decision.do !== "repair" || decision.act !== "reset") return;
        const voters = given.nodes.filter(({ etcd }) => etcd);
        const works = voters.filter((each) => certain(each) && each.name !== decision.node).length;
        assert.ok(quorumOf(voters.length, works).reached);
      }),
      3000,
    );
  });

  it("nothing is done to a node that works, or that nobody is certain of", () => {
    holds(
      fc.property(anySituation, (given) => {
        const decision = decide(given);
        if (decision.do !== "evict" && decision.do !== "repair") return;
        const { assessment } = given.nodes.find(({ name }) => name === decision.node)!;
        assert.equal(assessment.state, decision.do === "evict" ? "beyond-repair" : "repairable");
      }),
      3000,
    );
  });
});

/** For each guard a situation in which it alone stands between the cluster and a harm; and what that harm is. */
const HARMS: Record<string, { given: RecoverySituation; harm: (decision: Decision) => boolean }> = {
  quorum: {
    given: situation(
      [member("n1"), member("n2", GONE), member("n3", WELL, { etcdAnswers: false }), node("n4"), node("n5")],
      { policy },
    ),
    harm: (decision) => decision.do === "evict" && !quorumOf(2, 1).reached,
  },
  majority: {
    given: situation([
      member("n1"),
      member("n2", GONE),
      member("n3", WELL, { reachable: false }),
      node("n4"),
    ]),
    harm: (decision) => decision.do === "evict",
  },
  upgrade: {
    given: situation(three(RESET), { upgrade: "hvst-upgrade-x" }),
    harm: (decision) => decision.do === "repair" && decision.act === "reset",
  },
  "other-change": {
    given: situation(three(GONE), { change: "pulumi up by somebody" }),
    harm: (decision) => decision.do === "evict",
  },
  "retry-period": {
    given: situation(three(GONE), { acts: [acted(1)] }),
    harm: (decision) => decision.do === "evict",
  },
  "minimum-healthy": {
    given: situation([...three(GONE).slice(0, 4), node("n5", { assessment: GONE })]),
    harm: (decision) => decision.do === "evict",
  },
  limit: {
    given: situation(three(GONE), { evicted: ["n9"] }),
    harm: (decision) => decision.do === "evict",
  },
  successor: {
    given: situation(three(GONE).slice(0, 3)),
    harm: (decision) => decision.do === "evict" && !isRestingVoterCount(2),
  },
  candidate: {
    given: situation(three(GONE), { unfit: { n4: ["it does not reach n3"] } }),
    harm: (decision) => decision.do === "evict" && decision.successor === "n4",
  },
};

describe("each guard matters: with it the act is refused, without it the harm happens", () => {
  for (const { id, about } of RECOVERY_GUARDS) {
    it(`${id}: ${about}`, () => {
      const { given, harm } = HARMS[id]!;
      const guarded = decide(given);
      assert.ok(guarded.do === "refuse" && guarded.guard === id, JSON.stringify(guarded));
      const unguarded = decide(
        given,
        RECOVERY_GUARDS.filter((guard) => guard.id !== id),
      );
      assert.ok(harm(unguarded), JSON.stringify(unguarded));
    });
  }
});
