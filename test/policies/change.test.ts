/** Policies over a change: each with a change that it refuses and one that it lets pass, planned as the provider plans them. */
import assert from "node:assert/strict";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import type { ClusterDescription } from "../../model/description";
import { approvalOf, type ClusterFacts, planTransition, type Transition } from "../../model/transition";
import { approvalPresent } from "../../policies/approval";
import { legalUpgrade, quorumKept, replicasKept, topologyOrVersion } from "../../policies/change";
import { overridesAnnounced } from "../../policies/overrides";
import { reinstallsAnnounced } from "../../policies/reinstalls";
import { releaseBudget } from "../../policies/release-budget";
import { clusterOf, factsOf, LAB, withNodes } from "../model/transition/cluster";
import { UNKNOWN, violationsOf } from "./support";

const lab = clusterOf(LAB);
const five = clusterOf("management management management worker worker");

/** The change from one description to another, in a cluster that is well but for what is said. */
function change(
  before: ClusterDescription,
  after: ClusterDescription,
  more: Partial<ClusterFacts> = {},
): Transition {
  return planTransition({ before, after, facts: factsOf(before, {}, more) });
}

const without = (...keys: string[]) =>
  withNodes(five, Object.fromEntries(keys.map((key) => [key, undefined])));
const volume = (...healthyOn: string[]) => ({
  volumes: [{ name: "default/db", replicas: 1, healthyOn }],
  virtualMachines: [],
});

/** A member less, which rests at two voters, as the description wants it. */
const overridden: ClusterDescription = {
  ...withNodes(lab, { n3: undefined }),
  overrides: [{ rule: "voters-odd-at-rest", reason: "n5 is delivered tomorrow" }],
};

interface Case {
  policy: ResourceValidationPolicy;
  refuses: [what: string, transition: Transition, said: RegExp][];
  accepts: [what: string, transition: Transition, config?: object][];
}

const cases: Case[] = [
  {
    policy: quorumKept,
    refuses: [
      [
        "a member that leaves while only a worker is there to follow",
        change(lab, withNodes(lab, { n3: undefined })),
        /^cluster\.nodes\.n3: .*Join the replacement first/,
      ],
      [
        "two members installed anew at once",
        change(lab, withNodes(lab, { n2: { reinstall: 1 }, n3: { reinstall: 1 } })),
        /reinstall/,
      ],
    ],
    accepts: [
      ["a worker that leaves", change(lab, withNodes(lab, { n4: undefined }))],
      ["a rule that is overridden", change(lab, overridden)],
    ],
  },
  {
    policy: topologyOrVersion,
    refuses: [
      [
        "another version and a node less",
        change(lab, { ...withNodes(lab, { n4: undefined }), version: "v1.7.0" }),
        /^cluster\./,
      ],
    ],
    accepts: [["another version alone", change(lab, { ...lab, version: "v1.7.0" })]],
  },
  {
    policy: legalUpgrade,
    refuses: [
      [
        "a minor that is skipped",
        change(clusterOf(LAB, "v1.4.0"), clusterOf(LAB, "v1.6.0")),
        /^cluster\.version: .*v1\.5/,
      ],
      ["a version that was left behind", change(lab, { ...lab, version: "v1.6.0" }), /^cluster\.version: /],
    ],
    accepts: [["the next minor", change(lab, { ...lab, version: "v1.7.0" })]],
  },
  {
    policy: replicasKept,
    refuses: [
      [
        "a machine that is released with the last healthy replica, dead",
        planTransition({
          before: five,
          after: without("n5"),
          facts: factsOf(five, { n5: { healthy: false } }, volume("n5")),
        }),
        /default\/db/,
      ],
    ],
    accepts: [["one whose volumes are healthy elsewhere", change(five, without("n5"), volume("n1", "n2"))]],
  },
  {
    policy: releaseBudget,
    refuses: [
      ["two workers at once", change(five, without("n4", "n5")), /^cluster\.nodes: .*n5.*the budget is 1/],
    ],
    accepts: [
      ["one worker", change(five, without("n5"))],
      ["two where two may", change(five, without("n4", "n5")), { machines: 2 }],
    ],
  },
  {
    policy: reinstallsAnnounced,
    refuses: [
      [
        "a worker installed anew",
        change(lab, withNodes(lab, { n4: { reinstall: 1 } })),
        /^cluster\.nodes\.n4\.reinstall: .*OS4/,
      ],
    ],
    accepts: [["a node that joins", change(lab, withNodes(lab, { n5: {} }))]],
  },
  {
    policy: overridesAnnounced,
    refuses: [
      [
        "a rule that is overridden",
        change(lab, overridden),
        /^cluster\.nodes\.n3: .* voters-odd-at-rest is overridden: n5 is delivered tomorrow$/,
      ],
    ],
    accepts: [["an override that fits nothing", change(lab, { ...lab, overrides: overridden.overrides! })]],
  },
  {
    policy: approvalPresent,
    refuses: [
      [
        "an upgrade that nobody has approved",
        asking({}),
        /^cluster\.approve: is missing; .* approve: "[0-9a-f]{12}"/,
      ],
      [
        "an approval of another change",
        asking({ given: "0123456789ab" }),
        /"0123456789ab" approves another change/,
      ],
    ],
    accepts: [
      ["one that was approved", asking({ given: asking({}).approval!.hash })],
      [
        "beside the approval of an earlier one",
        asking({ given: `0123456789ab ${asking({}).approval!.hash}` }),
      ],
      ["a change that can be undone", change(lab, withNodes(lab, { n5: {} }))],
    ],
  },
];

/** An upgrade, which has no way back, with the approval as the plan carries it. */
function asking(given: { given?: string }): Transition {
  const transition = change(lab, { ...lab, version: "v1.7.0" });
  const hash = approvalOf(transition, { incarnation: "aaaaaaaaaaaa", hardware: {} });
  return { ...transition, approval: { hash, steps: 1, ...given } };
}

for (const { policy, refuses, accepts } of cases) {
  describe(`policy ${policy.name}`, () => {
    const judge = (transition: unknown, config: object = {}) =>
      violationsOf(policy, { cluster: lab, transition }, config);

    for (const [what, transition, said] of refuses) {
      it(`refuses ${what}`, async () => assert.match((await judge(transition)).join("\n"), said));
    }
    for (const [what, transition, config] of accepts) {
      it(`lets pass ${what}`, async () => assert.deepEqual(await judge(transition, config), []));
    }

    it("keeps silent where no change was judged", async () => {
      assert.deepEqual(await judge(undefined), []);
      assert.deepEqual(await judge(UNKNOWN), []);
      assert.deepEqual(
        await violationsOf(policy, { transition: refuses[0]![1] }, {}, { type: "metal:index:Machine" }),
        [],
      );
    });
  });
}
