/** Verdicts that a person relies on: an edit, and what is said of it. */
import assert from "node:assert/strict";
import type { ClusterDescription } from "../../../model/description";
import type { ClusterFacts, Finding, Step, Transition, TransitionRequest } from "../../../model/transition";
import { clusterOf, factsOf, LAB, type Plan, withNodes } from "./cluster";

/** An edit and its verdict. */
export interface Verdict {
  /** The edit, as a sentence's object. */
  of: string;
  request: TransitionRequest;
  /** Rules that refuse it, each once; none: it passes. */
  refusedBy: readonly string[];
  /** What else is to hold. */
  holds?: (transition: Transition) => void;
}

const lab = clusterOf(LAB);
const spare = clusterOf("management management management default");

const witnessed = clusterOf("management management witness worker");
const threes = clusterOf("management management management");
const fives = clusterOf("management management management management management");
const pair = clusterOf("management management worker");
const zoned = clusterOf("management/a management/b management/c management/b");

function errors(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity }) => severity === "error");
}

function kindsOf(steps: readonly Step[]): string[] {
  return steps.map(({ kind, node }) => (node === undefined ? kind : `${kind} ${node}`));
}

/** Says something under a rule, at a property. */
function says(rule: string, property: string, message: RegExp) {
  return ({ findings }: Transition): void => {
    const found = findings.find((finding) => finding.rule === rule);
    assert.equal(found?.property, property);
    assert.match(found!.message, message);
  };
}

function edit(
  before: ClusterDescription,
  after: ClusterDescription,
  facts: ClusterFacts | undefined = factsOf(before),
) {
  return { before, after, facts };
}

/** The description with a rule overridden. */
function overriding(
  cluster: ClusterDescription,
  rule: string,
  reason = "n5 is delivered tomorrow",
): ClusterDescription {
  return { ...cluster, overrides: [{ rule, reason }] };
}

const OFF = { maintenance: true, power: "off" } as const;
const IS_OFF = { maintenance: true, cordoned: true, healthy: false, switchedOff: true } as const;

/** Every verdict. */
export const verdicts: readonly Verdict[] = [
  {
    of: "nothing at all",
    request: edit(lab, lab),
    refusedBy: [],
    holds: ({ kind, steps }) => assert.deepEqual([kind, steps], ["none", []]),
  },
  {
    of: "taking out the worker",
    request: edit(lab, withNodes(lab, { n4: undefined })),
    refusedBy: [],
    holds: ({ kind, steps, promoted, after }) => {
      assert.equal(kind, "shrink");
      assert.deepEqual(
        steps.map((step) => [step.kind, step.node]),
        [["leave", "n4"]],
      );
      assert.deepEqual(promoted, []);
      assert.deepEqual(after.quorum, { members: 3, healthy: 3, required: 2, tolerance: 1, reached: true });
      assert.deepEqual(
        steps[0]!.kept.map(({ serial }) => serial),
        ["OS4", "DATA4"],
      );
    },
  },
  {
    of: "taking out a management node when the fourth has role default",
    request: edit(spare, withNodes(spare, { n2: undefined })),
    refusedBy: [],
    holds: ({ promoted, steps, after, findings }) => {
      assert.deepEqual(promoted, ["n4"]);
      assert.deepEqual(
        steps.map((step) => [step.kind, step.node, step.after.quorum.members, step.after.quorum.tolerance]),
        [
          ["leave", "n2", 2, 0],
          ["promote", "n4", 3, 1],
        ],
      );
      assert.deepEqual(after.voters, ["n1", "n3", "n4"]);
      assert.ok(findings.some(({ message }) => message.includes("n4")));
    },
  },
  {
    of: "two more management nodes, which stand by",
    request: edit(
      clusterOf("management management management"),
      clusterOf("management management management management management"),
    ),
    refusedBy: [],
    holds: ({ kind, standby, promoted }) => {
      assert.equal(kind, "grow");
      assert.deepEqual([standby, promoted], [["n4", "n5"], []]);
    },
  },
  {
    of: "taking out a management node when the fourth is a worker",
    request: edit(lab, withNodes(lab, { n2: undefined })),
    refusedBy: ["voters-odd-at-rest"],
    holds: ({ findings, after }) => {
      assert.match(findings[0]!.next!, /Join the replacement first/);
      assert.equal(after.voters.length, 2);
    },
  },
  {
    of: "three nodes that become two",
    request: edit(clusterOf("management management management"), clusterOf("management management")),
    refusedBy: ["voters-odd-at-rest"],
  },
  {
    of: "four nodes that become one",
    request: edit(lab, withNodes(lab, { n2: undefined, n3: undefined, n4: undefined })),
    refusedBy: ["shrink-to-one"],
    holds: ({ findings }) => assert.match(findings[0]!.next!, /Rebuild instead/),
  },
  {
    of: "a management node that becomes a worker",
    request: edit(lab, withNodes(lab, { n2: { role: "worker" } })),
    refusedBy: ["no-demotion"],
    holds: says("no-demotion", "nodes.n2.role", /never demotes/),
  },
  {
    of: "a worker that becomes a node that stands by",
    request: edit(lab, withNodes(lab, { n4: { role: "default" } })),
    refusedBy: [],
    holds: ({ kind, standby, steps }) => {
      assert.deepEqual([kind, standby], ["role-change", ["n4"]]);
      assert.deepEqual(kindsOf(steps), ["relabel n4"]);
    },
  },
  {
    of: "a worker that is asked to take the seat of a management node that goes in the same diff",
    request: edit(lab, withNodes(lab, { n4: { role: "default" }, n2: undefined })),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["relabel n4", "leave n2", "promote n4"]),
  },
  {
    of: "a worker that becomes a witness in place",
    request: edit(lab, withNodes(lab, { n4: { role: "witness" } })),
    refusedBy: ["witness-in-place"],
  },
  {
    of: "a second witness",
    request: edit(witnessed, withNodes(witnessed, { n5: { role: "witness" } })),
    refusedBy: ["one-witness"],
    holds: says("one-witness", "nodes.n5.role", /is the witness already/),
  },
  {
    of: "a replacement that comes while the old one goes",
    request: edit(threes, withNodes(threes, { n3: undefined, n4: { role: "management" } })),
    refusedBy: [],
    holds: ({ kind, steps, after }) => {
      assert.equal(kind, "replace");
      assert.deepEqual(kindsOf(steps), ["join n4", "leave n3", "promote n4"]);
      assert.deepEqual(after.voters, ["n1", "n2", "n4"]);
    },
  },
  {
    of: "a dead member that is taken out without a replacement",
    request: edit(threes, withNodes(threes, { n3: undefined }), factsOf(threes, { n3: { healthy: false } })),
    refusedBy: ["voters-odd-at-rest"],
    holds: ({ findings }) => assert.match(errors(findings)[0]!.next!, /Join the replacement first/),
  },
  {
    of: "a dead member that is taken out while its replacement comes",
    request: edit(
      threes,
      withNodes(threes, { n3: undefined, n4: { role: "management" } }),
      factsOf(threes, { n3: { healthy: false } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => {
      assert.deepEqual(kindsOf(steps), ["join n4", "remove n3", "promote n4"]);
      assert.equal(steps[1]!.finality, "final");
    },
  },
  {
    of: "a living member that goes while another one is dead",
    request: edit(spare, withNodes(spare, { n2: undefined }), factsOf(spare, { n3: { healthy: false } })),
    refusedBy: ["quorum-kept"],
    holds: says("quorum-kept", "nodes.n2", /1 of 3 etcd voters would answer and 2 are needed, as n3 is away/),
  },
  {
    of: "one of two voters, as a failure left them",
    request: edit(
      pair,
      withNodes(pair, { n2: undefined }),
      factsOf(pair, { n2: { controlPlane: true, etcd: true } }),
    ),
    refusedBy: ["quorum-kept"],
    holds: says("quorum-kept", "nodes.n2", /1 of 2 etcd voters would answer and 2 are needed/),
  },
  {
    of: "a third voter, where a failure left two",
    request: edit(
      pair,
      withNodes(pair, { n4: { role: "management" } }),
      factsOf(pair, { n2: { controlPlane: true, etcd: true } }),
    ),
    refusedBy: [],
    holds: ({ promoted }) => assert.deepEqual(promoted, ["n4"]),
  },
  {
    of: "a worker, where a failure left two voters",
    request: edit(
      pair,
      withNodes(pair, { n3: undefined }),
      factsOf(pair, { n2: { controlPlane: true, etcd: true } }),
    ),
    refusedBy: [],
    holds: says("voters-even-already", "nodes", /n1, n2/),
  },
  {
    of: "two members that go, one of them dead: the dead one first",
    request: edit(
      fives,
      withNodes(fives, { n1: undefined, n2: undefined }),
      factsOf(fives, { n2: { healthy: false } }),
    ),
    refusedBy: [],
    holds: ({ steps }) =>
      assert.deepEqual(kindsOf(steps), ["remove n2", "promote n4", "leave n1", "promote n5"]),
  },
  {
    of: "any change of a cluster that has lost its quorum",
    request: edit(
      lab,
      withNodes(lab, { n4: undefined }),
      factsOf(lab, { n2: { healthy: false }, n3: { healthy: false } }),
    ),
    refusedBy: ["quorum-lost"],
    holds: says("quorum-lost", "nodes", /1 of 3 voters answer and 2 are needed/),
  },
  {
    of: "a node that is not Ready and stays",
    request: edit(lab, lab, factsOf(lab, { n2: { healthy: false } })),
    refusedBy: [],
    holds: says("node-not-ready", "nodes.n2", /keeps its seat/),
  },
  {
    of: "a member that goes while a promotion has failed",
    request: edit(
      fives,
      withNodes(fives, { n1: undefined }),
      factsOf(fives, { n5: { promoteStatus: "failed" } }),
    ),
    refusedBy: ["voters-odd-at-rest", "promotion-blocked"],
    holds: says("promotion-blocked", "nodes.n5", /has failed/),
  },
  {
    of: "the node whose promotion has failed, together with a member",
    request: edit(
      fives,
      withNodes(fives, { n1: undefined, n5: undefined }),
      factsOf(fives, { n5: { promoteStatus: "failed" } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["leave n5", "leave n1", "promote n4"]),
  },
  {
    of: "the reinstallation of a member in a cluster of three",
    request: edit(threes, withNodes(threes, { n2: { reinstall: 1 } })),
    refusedBy: [],
    holds: ({ kind, steps }) => {
      assert.equal(kind, "reinstall");
      assert.deepEqual(kindsOf(steps), ["reinstall n2", "promote n2"]);
      const [step] = steps;
      assert.deepEqual([step!.during!.quorum.members, step!.during!.quorum.tolerance], [2, 0]);
      assert.equal(step!.finality, "final");
      assert.deepEqual(
        step!.wiped.map(({ node, serial }) => [node, serial]),
        [
          ["n2", "OS2"],
          ["n2", "DATA2"],
        ],
      );
    },
  },
  {
    of: "the reinstallation of a member where another node takes its seat meanwhile",
    request: edit(spare, withNodes(spare, { n2: { reinstall: 1 } })),
    refusedBy: [],
    holds: ({ steps, promoted, after, standby }) => {
      assert.deepEqual(kindsOf(steps), ["reinstall n2"]);
      assert.deepEqual([promoted, after.voters, standby], [["n4"], ["n1", "n3", "n4"], ["n2"]]);
      assert.match(steps[0]!.about, /n4 will take its seat/);
    },
  },
  {
    of: "the reinstallation of two members at once",
    request: edit(fives, withNodes(fives, { n1: { reinstall: 1 }, n2: { reinstall: 1 } })),
    refusedBy: ["one-reinstall"],
    holds: says("one-reinstall", "nodes.n2.reinstall", /n1 and n2 are members/),
  },
  {
    of: "a reinstallation that the machine has seen already",
    request: edit(
      threes,
      withNodes(threes, { n2: { reinstall: 1 } }),
      factsOf(threes, { n2: { reinstall: 1 } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(steps, []),
  },
  {
    of: "a member that is reinstalled as a worker while another node takes its seat",
    request: edit(spare, withNodes(spare, { n2: { role: "worker", reinstall: 1 } })),
    refusedBy: [],
    holds: ({ after, standby }) => assert.deepEqual([after.voters, standby], [["n1", "n3", "n4"], []]),
  },
  {
    of: "another hostname without a reinstallation",
    request: edit(lab, withNodes(lab, { n2: { hostname: "two" } })),
    refusedBy: ["no-implied-reinstall"],
    holds: says("no-implied-reinstall", "nodes.n2.hostname", /no edit implies a reinstallation/),
  },
  {
    of: "another host under the same key",
    request: edit(
      lab,
      withNodes(lab, { n2: { hardware: { uuid: lab.nodes.n3!.hardware.uuid, serial: "X" } } }),
    ),
    refusedBy: ["hardware-is-identity"],
  },
  {
    of: "another VIP",
    request: edit(lab, { ...lab, vip: { address: "192.168.10.9" } }),
    refusedBy: ["fixed-at-creation"],
  },
  {
    of: "an upgrade by one hop",
    request: edit(lab, { ...lab, version: "v1.7.3" }),
    refusedBy: [],
    holds: ({ kind, steps, versions }) => {
      assert.deepEqual([kind, versions], ["upgrade", { from: "v1.6.1", to: "v1.7.3" }]);
      assert.deepEqual(kindsOf(steps), ["upgrade"]);
      assert.equal(steps[0]!.finality, "final");
      assert.deepEqual([steps[0]!.during!.quorum.healthy, steps[0]!.during!.quorum.tolerance], [2, 0]);
    },
  },
  {
    of: "an upgrade from v1.4.0 to v1.6.0",
    request: edit(clusterOf(LAB, "v1.4.0"), clusterOf(LAB, "v1.6.0")),
    refusedBy: ["upgrade-path"],
    holds: says("upgrade-path", "version", /v1\.4\.0 -> v1\.4\.1 -> v1\.4\.3 -> v1\.5\.1 -> v1\.6\.0/),
  },
  {
    of: "an older version",
    request: edit(lab, { ...lab, version: "v1.6.0" }),
    refusedBy: ["no-downgrade"],
  },
  {
    of: "a version that nobody knows",
    request: edit(lab, { ...lab, version: "v1.99.0" }),
    refusedBy: ["upgrade-unknown"],
  },
  {
    of: "a version and a node in one diff",
    request: edit(lab, { ...withNodes(lab, { n5: { role: "worker" } }), version: "v1.7.3" }),
    refusedBy: ["one-diff"],
    holds: says("one-diff", "version", /together with n5/),
  },
  {
    of: "an upgrade while a node is not Ready",
    request: edit(lab, { ...lab, version: "v1.7.3" }, factsOf(lab, { n4: { healthy: false } })),
    refusedBy: ["upgrade-nodes-ready"],
  },
  {
    of: "an upgrade while a node is cordoned",
    request: edit(lab, { ...lab, version: "v1.7.3" }, factsOf(lab, { n4: { cordoned: true } })),
    refusedBy: ["upgrade-nodes-ready"],
    holds: says("upgrade-nodes-ready", "nodes.n4", /cordoned/),
  },
  {
    of: "an upgrade while a volume has a single replica",
    request: edit(
      lab,
      { ...lab, version: "v1.7.3" },
      factsOf(lab, {}, { volumes: [{ name: "default/data", replicas: 1, healthyOn: ["n1"] }] }),
    ),
    refusedBy: ["upgrade-volumes"],
    holds: says("upgrade-volumes", "version", /a single replica/),
  },
  {
    of: "an upgrade while a volume is degraded",
    request: edit(
      lab,
      { ...lab, version: "v1.7.3" },
      factsOf(lab, {}, { volumes: [{ name: "default/data", replicas: 3, healthyOn: ["n1", "n2"] }] }),
    ),
    refusedBy: ["upgrade-volumes"],
  },
  {
    of: "a node that runs another version than the cluster",
    request: edit(lab, lab, factsOf(lab, { n3: { version: "v1.6.0" } })),
    refusedBy: ["one-version"],
    holds: says("one-version", "nodes.n3", /runs v1\.6\.0, and the cluster v1\.6\.1/),
  },
  {
    of: "the reinstallation of the node that runs another version",
    request: edit(lab, withNodes(lab, { n4: { reinstall: 1 } }), factsOf(lab, { n4: { version: "v1.6.0" } })),
    refusedBy: [],
  },
  {
    of: "an upgrade with a node left behind by an earlier one",
    request: edit(lab, { ...lab, version: "v1.7.3" }, factsOf(lab, { n4: { version: "v1.5.2" } })),
    refusedBy: ["kubernetes-skew"],
  },
  {
    of: "a node that joins a cluster which was upgraded behind the description's back",
    request: edit(lab, withNodes(lab, { n5: { role: "worker" } }), factsOf(lab, {}, { version: "v1.7.3" })),
    refusedBy: ["no-downgrade", "join-version"],
  },
  {
    of: "a node that comes while an upgrade is under way",
    request: edit(
      lab,
      withNodes(lab, { n5: { role: "worker" } }),
      factsOf(lab, {}, { upgrade: "hvst-upgrade-x" }),
    ),
    refusedBy: ["upgrade-under-way"],
  },
  {
    of: "the next version while an upgrade to another is under way",
    request: edit(
      lab,
      { ...lab, version: "v1.7.3" },
      factsOf(lab, {}, { upgrade: "hvst-upgrade-x", upgradeTo: "v1.7.0" }),
    ),
    refusedBy: ["upgrade-under-way"],
  },
  {
    of: "an upgrade that was interrupted",
    request: edit(
      { ...lab, version: "v1.7.3" },
      { ...lab, version: "v1.7.3" },
      factsOf(lab, { n1: { version: "v1.7.3" } }, { upgrade: "hvst-upgrade-x", upgradeTo: "v1.7.3" }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["upgrade"]),
  },
  {
    of: "a rebuild as one node",
    request: edit(lab, { ...withNodes(lab, { n2: undefined, n3: undefined, n4: undefined }), generation: 2 }),
    refusedBy: [],
    holds: ({ kind, steps, after }) => {
      assert.equal(kind, "rebuild");
      assert.deepEqual(kindsOf(steps), ["rebuild", "create n1"]);
      assert.deepEqual(
        steps[0]!.kept.map(({ node }) => node),
        ["n2", "n2", "n3", "n3", "n4", "n4"],
      );
      assert.equal(steps[0]!.finality, "final");
      assert.equal(after.quorum.members, 1);
    },
  },
  {
    of: "a generation left out",
    request: edit(lab, { ...lab, generation: 3 }),
    refusedBy: ["generation-by-one"],
  },
  {
    of: "a node that holds the last healthy replica",
    request: edit(
      lab,
      withNodes(lab, { n4: undefined }),
      factsOf(lab, {}, { volumes: [{ name: "default/data", replicas: 1, healthyOn: ["n4"] }] }),
    ),
    refusedBy: ["last-healthy-replica"],
    holds: says("last-healthy-replica", "nodes.n4", /last healthy replica of default\/data/),
  },
  {
    of: "a dead node beside which no healthy replica is left",
    request: edit(
      lab,
      withNodes(lab, { n4: undefined }),
      factsOf(
        lab,
        { n4: { healthy: false } },
        { volumes: [{ name: "default/data", replicas: 2, healthyOn: [] }] },
      ),
    ),
    refusedBy: ["last-healthy-replica"],
  },
  {
    of: "fewer nodes that store than a volume has replicas",
    request: edit(
      witnessed,
      withNodes(witnessed, { n4: undefined }),
      factsOf(
        witnessed,
        {},
        { volumes: [{ name: "default/data", replicas: 3, healthyOn: ["n1", "n2", "n4"] }] },
      ),
    ),
    refusedBy: ["replicas-have-room"],
  },
  {
    of: "maintenance of a member",
    request: edit(lab, withNodes(lab, { n2: { maintenance: true } })),
    refusedBy: [],
    holds: ({ kind, steps }) => {
      assert.deepEqual([kind, kindsOf(steps)], ["maintenance", ["maintain n2"]]);
      assert.deepEqual([steps[0]!.after.quorum.healthy, steps[0]!.after.quorum.tolerance], [2, 0]);
    },
  },
  {
    of: "maintenance of two members",
    request: edit(lab, withNodes(lab, { n2: { maintenance: true }, n3: { maintenance: true } })),
    refusedBy: ["quorum-kept", "maintenance-of-member"],
  },
  {
    of: "maintenance of a member while another one is not Ready",
    request: edit(
      lab,
      withNodes(lab, { n2: { maintenance: true } }),
      factsOf(lab, { n3: { healthy: false } }),
    ),
    refusedBy: ["quorum-kept"],
  },
  {
    of: "a member that goes while another one is in maintenance",
    request: edit(
      withNodes(spare, { n3: { maintenance: true } }),
      withNodes(spare, { n3: { maintenance: true }, n2: undefined }),
      factsOf(spare, { n3: { maintenance: true, cordoned: true } }),
    ),
    refusedBy: ["quorum-kept"],
  },
  {
    of: "maintenance of the only member",
    request: edit(
      clusterOf("management worker"),
      withNodes(clusterOf("management worker"), { n1: { maintenance: true } }),
    ),
    refusedBy: ["quorum-kept", "maintenance-of-member"],
  },
  {
    of: "maintenance of the last node in use",
    request: edit(
      clusterOf("management witness management worker"),
      withNodes(clusterOf("management witness management worker"), { n4: { maintenance: true } }),
      factsOf(clusterOf("management witness management worker"), {
        n1: { cordoned: true },
        n3: { cordoned: true },
      }),
    ),
    refusedBy: ["maintenance-of-last"],
  },
  {
    of: "the end of maintenance",
    request: edit(
      withNodes(lab, { n2: { maintenance: true } }),
      lab,
      factsOf(lab, { n2: { maintenance: true, cordoned: true } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["resume n2"]),
  },
  {
    of: "the end of maintenance of a member while another one is not Ready",
    request: edit(
      withNodes(lab, { n2: { maintenance: true } }),
      lab,
      factsOf(lab, { n2: { maintenance: true, cordoned: true }, n3: { healthy: false } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => {
      assert.deepEqual(kindsOf(steps), ["resume n2"]);
      assert.deepEqual([steps[0]!.after.quorum.healthy, steps[0]!.after.quorum.reached], [2, true]);
    },
  },
  {
    of: "the end of maintenance of a member while another one is not Ready, and somebody leaves",
    request: edit(
      withNodes(spare, { n2: { maintenance: true } }),
      withNodes(spare, { n3: undefined }),
      factsOf(spare, { n2: { maintenance: true, cordoned: true }, n3: { healthy: false } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["resume n2", "remove n3", "promote n4"]),
  },
  {
    of: "a member that comes back from maintenance and one that goes into it, while the third is not Ready",
    request: edit(
      withNodes(lab, { n2: { maintenance: true } }),
      withNodes(lab, { n1: { maintenance: true } }),
      factsOf(lab, { n2: { maintenance: true, cordoned: true }, n3: { healthy: false } }),
    ),
    refusedBy: ["quorum-kept"],
  },
  {
    of: "a member in maintenance that is switched off while another one is not Ready",
    request: edit(
      withNodes(lab, { n2: { maintenance: true } }),
      withNodes(lab, { n2: OFF }),
      factsOf(lab, { n2: { maintenance: true, cordoned: true }, n3: { healthy: false } }),
    ),
    refusedBy: ["quorum-lost"],
    holds: says(
      "quorum-lost",
      "nodes",
      /hangs on n2, in maintenance while n3 does not answer: 2 of 3 voters answer/,
    ),
  },
  {
    of: "a member that is drained and switched off",
    request: edit(lab, withNodes(lab, { n2: OFF })),
    refusedBy: [],
    holds: ({ kind, steps }) => {
      assert.deepEqual([kind, kindsOf(steps)], ["maintenance", ["maintain n2", "switch-off n2"]]);
      assert.deepEqual([steps[1]!.after.quorum.healthy, steps[1]!.after.quorum.tolerance], [2, 0]);
    },
  },
  {
    of: "a member that is switched off on purpose, and stays so",
    request: edit(withNodes(lab, { n2: OFF }), withNodes(lab, { n2: OFF }), factsOf(lab, { n2: IS_OFF })),
    refusedBy: [],
    holds: ({ steps, findings }) => assert.deepEqual([steps, findings], [[], []]),
  },
  {
    of: "a member that is to be off, and that somebody has switched on",
    request: edit(
      withNodes(lab, { n2: OFF }),
      withNodes(lab, { n2: OFF }),
      factsOf(lab, { n2: { ...IS_OFF, healthy: true } }),
    ),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["switch-off n2"]),
  },
  {
    of: "a member that comes back while the next one goes off",
    request: edit(withNodes(lab, { n2: OFF }), withNodes(lab, { n3: OFF }), factsOf(lab, { n2: IS_OFF })),
    refusedBy: [],
    holds: ({ steps }) => {
      assert.deepEqual(kindsOf(steps), ["switch-on n2", "resume n2", "maintain n3", "switch-off n3"]);
      assert.deepEqual(
        steps.map(({ after }) => after.quorum.healthy),
        [2, 3, 2, 2],
      );
    },
  },
  {
    of: "a second member that goes off",
    request: edit(
      withNodes(lab, { n2: OFF }),
      withNodes(lab, { n2: OFF, n3: OFF }),
      factsOf(lab, { n2: IS_OFF }),
    ),
    refusedBy: ["quorum-kept", "maintenance-of-member"],
  },
  {
    of: "the end of maintenance of a member that its run switched off before it was killed",
    request: edit(lab, lab, factsOf(lab, { n2: IS_OFF })),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["switch-on n2", "resume n2"]),
  },
  {
    of: "maintenance that somebody began by hand",
    request: edit(lab, lab, factsOf(lab, { n2: { maintenance: true, cordoned: true } })),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(steps, []),
  },
  {
    of: "a node that was never described",
    request: edit(threes, threes, factsOf(spare)),
    refusedBy: [],
    holds: (transition) => {
      says("unknown-node", "nodes", /n4 that was never described/)(transition);
      assert.deepEqual(transition.steps, []);
    },
  },
  {
    of: "a node that the roster says belongs, and that is not described any more",
    request: { ...edit(threes, threes, factsOf(lab)), roster: ["n1", "n2", "n3", "n4"] },
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(kindsOf(steps), ["leave n4"]),
  },
  {
    of: "a node that is described and that the cluster does not know",
    request: edit(lab, lab, factsOf(threes)),
    refusedBy: [],
    holds: (transition) => {
      says("missing-node", "nodes.n4", /the cluster does not know it/)(transition);
      assert.deepEqual(kindsOf(transition.steps), ["join n4"]);
    },
  },
  {
    of: "facts that are not live",
    request: {
      ...edit(lab, withNodes(lab, { n4: undefined }), factsOf(lab, {}, { source: "state" })),
      now: "2026-08-20T13:00:00Z",
    },
    refusedBy: [],
    holds: (transition) => {
      says("not-reachable", "access.url", /seen at 2026-08-20T10:00:00Z, 3 hours ago/)(transition);
      assert.deepEqual(transition.facts, { source: "state", asOf: "2026-08-20T10:00:00Z" });
    },
  },
  {
    of: "a cluster that was never looked at",
    request: { before: lab, after: withNodes(lab, { n4: undefined }) },
    refusedBy: [],
    holds: (transition) => {
      says("not-reachable", "access.url", /the description that was judged last/)(transition);
      assert.deepEqual(kindsOf(transition.steps), ["leave n4"]);
      assert.match(transition.unknown.join(), /never looked at/);
    },
  },
  {
    of: "a first cluster",
    request: { after: lab },
    refusedBy: [],
    holds: ({ kind, facts, steps, after, before }) => {
      assert.deepEqual([kind, facts.source, before], ["provision", "none", undefined]);
      assert.deepEqual(kindsOf(steps), [
        "create n1",
        "join n2",
        "join n3",
        "promote n2",
        "promote n3",
        "join n4",
      ]);
      assert.deepEqual(after.voters, ["n1", "n2", "n3"]);
      assert.deepEqual(
        steps[0]!.wiped.map(({ serial }) => serial),
        ["OS1", "DATA1"],
      );
    },
  },
  {
    of: "nothing at all, while the only voter is dead and others could be promoted",
    request: edit(
      threes,
      threes,
      factsOf(threes, {
        n1: { healthy: false },
        n2: { etcd: false, controlPlane: false },
        n3: { etcd: false, controlPlane: false },
      }),
    ),
    refusedBy: [],
    holds: ({ steps, promoted }) => assert.deepEqual([steps, promoted], [[], []]),
  },
  {
    of: "a count of reinstallations below the one that the machine was installed under",
    request: edit(lab, lab, factsOf(lab, { n2: { reinstall: 2 } })),
    refusedBy: [],
    holds: ({ steps }) => assert.deepEqual(steps, []),
  },
  {
    of: "three nodes of which the last described is to be promoted first",
    request: edit(clusterOf("management"), clusterOf("management default default management")),
    refusedBy: [],
    holds: ({ steps, standby }) => {
      assert.deepEqual(kindsOf(steps), ["join n4", "join n2", "promote n4", "promote n2", "join n3"]);
      assert.deepEqual(standby, ["n3"]);
    },
  },
  {
    of: "a second node",
    request: edit(clusterOf("management"), clusterOf("management management")),
    refusedBy: [],
    holds: says("two-nodes", "nodes", /the cluster stops with the first/),
  },
  {
    of: "the second and third node of a cluster",
    request: edit(clusterOf("management"), clusterOf("management management default")),
    refusedBy: [],
    holds: ({ steps, promoted }) => {
      assert.deepEqual(promoted, ["n2", "n3"]);
      assert.deepEqual(kindsOf(steps), ["join n2", "join n3", "promote n2", "promote n3"]);
    },
  },
  {
    of: "a third node when the second is a worker",
    request: edit(clusterOf("management worker"), clusterOf("management worker management")),
    refusedBy: [],
    holds: ({ after }) => assert.equal(after.quorum.members, 1),
  },
  {
    of: "the only member of a cluster with workers",
    request: edit(
      clusterOf("management worker worker"),
      withNodes(clusterOf("management worker worker"), { n1: undefined }),
    ),
    refusedBy: ["quorum-kept"],
    holds: ({ findings }) => assert.match(errors(findings)[0]!.next!, /Rebuild instead/),
  },
  {
    of: "a member of a zone for which nobody stands by",
    request: edit(zoned, withNodes(zoned, { n3: undefined })),
    refusedBy: ["voters-odd-at-rest"],
  },
  {
    of: "a member of the zone of the node that stands by",
    request: edit(zoned, withNodes(zoned, { n2: undefined })),
    refusedBy: [],
    holds: ({ promoted }) => assert.deepEqual(promoted, ["n4"]),
  },
  {
    of: "an error that somebody overrides for a reason",
    request: edit(lab, overriding(withNodes(lab, { n2: undefined }), "voters-odd-at-rest")),
    refusedBy: [],
    holds: ({ findings, steps }) => {
      assert.deepEqual(kindsOf(steps), ["leave n2"]);
      assert.equal(
        findings.find(({ rule }) => rule === "voters-odd-at-rest")?.overridden,
        "n5 is delivered tomorrow",
      );
      assert.ok(!findings.some(({ rule }) => rule === "override-unused"));
    },
  },
  {
    of: "an error that somebody overrides without a reason",
    request: edit(lab, overriding(withNodes(lab, { n2: undefined }), "voters-odd-at-rest", " ")),
    refusedBy: ["voters-odd-at-rest"],
  },
  {
    of: "an error beside an override of another rule",
    request: edit(lab, overriding(withNodes(lab, { n2: undefined }), "one-diff")),
    refusedBy: ["voters-odd-at-rest"],
    holds: says("override-unused", "overrides[0]", /one-diff/),
  },
  {
    of: "an override that was needed by the change before",
    request: edit(
      overriding(lab, "voters-odd-at-rest"),
      overriding(withNodes(lab, { n4: undefined }), "voters-odd-at-rest"),
    ),
    refusedBy: [],
    holds: says("override-unused", "overrides[0]", /voters-odd-at-rest/),
  },
  {
    of: "nothing, with an override that the change before needed",
    request: edit(overriding(lab, "voters-odd-at-rest"), overriding(lab, "voters-odd-at-rest")),
    refusedBy: [],
    holds: ({ kind, findings }) => assert.deepEqual([kind, findings], ["none", []]),
  },
  {
    of: "another host under a key, with an override of the rule against it",
    request: edit(
      lab,
      overriding(
        withNodes(lab, { n4: { hardware: { uuid: lab.nodes.n4!.hardware.uuid, serial: "OTHER" } } }),
        "hardware-is-identity",
      ),
    ),
    refusedBy: ["hardware-is-identity"],
  },
  {
    of: "an error with an override whose reason is not known yet",
    request: edit(
      lab,
      overriding(
        withNodes(lab, { n2: undefined }),
        "voters-odd-at-rest",
        Symbol("not known yet") as unknown as string,
      ),
    ),
    refusedBy: ["voters-odd-at-rest"],
  },
  {
    of: "virtual machines on a node that goes",
    request: edit(
      lab,
      withNodes(lab, { n4: undefined }),
      factsOf(
        lab,
        {},
        {
          virtualMachines: [
            { name: "default/web", node: "n4", migratable: true },
            { name: "default/gpu", node: "n4", migratable: false },
            { name: "default/other", node: "n1", migratable: false },
          ],
        },
      ),
    ),
    refusedBy: [],
    holds: (transition) => {
      assert.deepEqual(transition.steps[0]!.moving, ["default/web"]);
      assert.deepEqual(transition.steps[0]!.stopping, ["default/gpu"]);
      says("machines-stop", "nodes.n4", /default\/gpu/)(transition);
    },
  },
  {
    of: "a replacement with the name of the node that it replaces",
    request: edit(lab, withNodes(lab, { n3: undefined, n5: { ...lab.nodes.n5, hostname: "n3" } })),
    refusedBy: ["in-use-until-gone"],
    holds: says("in-use-until-gone", "nodes.n5.hostname", /the name n3 is that of n3/),
  },
  {
    of: "a replacement with the address of the node that it replaces",
    request: edit(lab, withNodes(lab, { n3: undefined, n5: { address: lab.nodes.n3!.address! } })),
    refusedBy: ["in-use-until-gone"],
    holds: says("in-use-until-gone", "nodes.n5.address", /which leaves only after n5 has joined/),
  },
  {
    of: "another key for a host that is there",
    request: edit(lab, withNodes(lab, { n3: undefined, n5: { hardware: lab.nodes.n3!.hardware } })),
    refusedBy: ["in-use-until-gone"],
    holds: says("in-use-until-gone", "nodes.n5.hardware.uuid", /host/),
  },
  {
    of: "the end of a cluster that was never allowed",
    request: { before: lab, after: undefined, facts: factsOf(lab) },
    refusedBy: ["allow-destroy"],
    holds: ({ kind }) => assert.equal(kind, "retire"),
  },
  {
    of: "the end of a cluster",
    request: { before: { ...lab, allowDestroy: true }, after: undefined, facts: factsOf(lab) },
    refusedBy: [],
  },
];

/** Holds a verdict against a planner. */
export function check({ request, refusedBy, holds }: Verdict, plan: Plan): void {
  const transition = plan(request);
  const refusals = errors(transition.findings);
  const rules = [...new Set(refusals.map(({ rule }) => rule))];
  assert.deepEqual(rules, refusedBy, JSON.stringify(refusals, null, 2));
  for (const { next, property } of refusals) assert.ok(next, `${property}: no way on`);
  if (refusals.length > 0) assert.deepEqual(transition.steps, []);
  holds?.(transition);
}
