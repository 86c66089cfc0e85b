import assert from "node:assert/strict";
import type { Transition } from "../../model/transition";
import { readPreview } from "../../report/preview";
import { type Report, reportOf } from "../../report/report";
import { verdictLine } from "../../report/verdict";
import { digest, events, moment, rebuild, refusal, replacement, type Scene, step, upgrade } from "./fixtures";

const report = (scene: Scene): Report => reportOf(readPreview(events(scene)));
const line = (scene: Scene): string => verdictLine(report(scene).verdict);
const quiet: Transition = { ...replacement, findings: [], unknown: [] };

describe("the verdict", () => {
  it("says what the change does and what becomes of quorum at its worst", () => {
    assert.equal(
      line({ transition: quiet }),
      "PASS - replaces n3 by n5; etcd keeps quorum throughout (lowest: 2 voters, none may fail)",
    );
    assert.equal(
      line({ transition: upgrade }),
      "PASS - upgrades v1.6.1 to v1.7.0; etcd keeps quorum throughout (lowest: 2 of 3 voters, none may fail)",
    );
  });

  it("is a pass with warnings where there is something to read", () => {
    assert.match(line({ transition: replacement }), /^PASS with warnings - replaces n3 by n5; /);
    const advised = { policy: "one-version", level: "advisory" as const, message: "mind the gap" };
    assert.match(line({ transition: quiet, violations: [advised] }), /^PASS with warnings - /);
    const warned = { severity: "warning", message: "a BMC is silent" };
    assert.match(line({ transition: quiet, messages: [warned] }), /^PASS with warnings - /);
  });

  it("is a refusal with the property, the reason and the nearest way that is allowed", () => {
    assert.equal(
      line({ transition: refusal }),
      "REFUSED - removes n3: nodes.n3: the change would rest at 2 etcd voters (n1, n2), which survive no loss at all. → Join the replacement first, and remove n3 in the next change.",
    );
  });

  it("is a refusal where a mandatory policy is broken, and says which", () => {
    const broken = {
      policy: "voters-odd",
      level: "mandatory" as const,
      message: "Odd numbers only.\ncluster.nodes: 2 voters. Have 3.",
    };
    assert.equal(
      line({ transition: quiet, violations: [broken] }),
      "REFUSED - replaces n3 by n5: voters-odd: cluster.nodes: 2 voters. → Have 3.",
    );
  });

  it("is a refusal where the preview failed, also in the form that does not tell why", () => {
    const failed = { severity: "error", message: "the program threw. And more" };
    assert.equal(line({ messages: [failed] }), "REFUSED - the program threw.");
    const silent = reportOf(
      readPreview(
        digest({ transition: quiet, messages: [{ severity: "error", message: "preview failed" }] }),
      ),
    );
    assert.equal(silent.verdict.outcome, "refused");
    assert.match(
      silent.verdict.summary,
      /policy is broken, most likely: set PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true/,
    );
  });

  it("counts further errors instead of listing them", () => {
    const [finding] = refusal.findings;
    assert.match(
      line({ transition: { ...refusal, findings: [finding, finding, finding] } }),
      / \(and 2 more\) → /,
    );
  });

  it("asks for an approval until the description gives this one", () => {
    const given = (hash: string): Scene => ({
      transition: { ...rebuild, approval: { ...rebuild.approval, given: hash } },
    });
    assert.equal(
      line({ transition: rebuild }),
      "PASS once approved - rebuilds the cluster from nothing, as 1 node; etcd ends with 1 voter, none may fail",
    );
    assert.match(line(given("000000000000")), /^PASS once approved - /);
    assert.match(line(given("4f1c2a9be07d")), /^PASS - rebuilds/);
  });

  it("never passes over a loss of quorum", () => {
    const lost = [
      step({ kind: "leave", node: "n3", about: "x", after: moment(["n1", "n2", "n3"], ["n4"], 1) }),
    ];
    assert.equal(
      line({ transition: { ...quiet, steps: lost } }),
      "PASS with warnings - replaces n3 by n5; etcd LOSES QUORUM in step 1",
    );
  });

  it("says so where the cluster stays as it is, or is forgotten by the stack", () => {
    assert.equal(line({ same: 12 }), "PASS - the cluster stays as it is");
    const forgotten = { op: "delete", type: "metal:index:Plan", name: "plan" };
    assert.match(line({ resources: [forgotten] }), /^PASS with warnings - the stack forgets the cluster/);
  });

  it("has words for every kind of change", () => {
    const kinds = [
      ["none", /^PASS - changes nothing in the cluster; etcd stays as it is/],
      ["settings", /^PASS - changes settings/],
      ["grow", /^PASS - adds n5/],
      ["shrink", /^PASS - removes n3/],
      ["role-change", /^PASS - changes the role of n5/],
      ["maintenance", /^PASS - changes what is in maintenance/],
      ["retire", /^PASS - ends the cluster/],
    ] as const;
    for (const [kind, words] of kinds) {
      assert.match(
        line({ transition: { ...quiet, kind, ...(kind === "none" ? { steps: [] } : {}) } }),
        words,
      );
    }
    const many = moment(["n1", "n2", "n3"], ["n5", "n6", "n7", "n8", "n9", "n10"]);
    assert.match(
      line({ transition: { ...quiet, kind: "grow", after: many } }),
      /adds n10, n5, n6 and 3 others;/,
    );
  });
});

describe("the report", () => {
  it("does not repeat what a provider says after the judgement", () => {
    const [finding] = replacement.findings;
    const message = `cluster.nodes.n3: ${finding!.message}`;
    const { remarks } = report({ transition: replacement, messages: [{ severity: "warning", message }] });
    assert.equal(remarks.length, 1);
  });

  it("does not repeat what a policy says of a refusal, and hears one that is stricter than the judgement", () => {
    const said = ({ findings }: Transition) => ({
      policy: "quorum-kept",
      level: "mandatory" as const,
      message: `cluster.nodes.n3: ${findings[0]!.message} ${findings[0]!.next}`,
    });
    const refused = report({ transition: refusal, violations: [said(refusal)] });
    assert.deepEqual(
      refused.remarks.map(({ from, severity }) => [from, severity]),
      [["plan", "error"]],
    );
    const stricter = report({ transition: replacement, violations: [said(replacement)] });
    assert.equal(stricter.verdict.outcome, "refused");
  });

  it("does not repeat what a policy says of a description that the plan has refused", () => {
    const about = { type: "metal:index:Plan", name: "plan" };
    const { remarks } = report({
      messages: [
        {
          severity: "error",
          about,
          message:
            "metal:index:Plan resource 'plan' has a problem: cluster.featureGates.A: is locked. Take it out. (rule feature-gate-locked)",
        },
      ],
      violations: [
        { policy: "valid-gates", level: "mandatory", message: "cluster.featureGates.A: is locked." },
      ],
    });
    assert.deepEqual(
      remarks.map(({ rule, about }) => [rule, about]),
      [["feature-gate-locked", "cluster.featureGates.A"]],
    );
  });

  it("names a resource whose preview failed once", () => {
    const about = { type: "metal:index:Machine", name: "n2" };
    const { remarks } = report({
      transition: quiet,
      messages: [{ severity: "error", about, message: "Preview failed: n2: it is a living member" }],
    });
    assert.deepEqual(
      remarks.map(({ about, message }) => [about, message]),
      [["n2", "it is a living member"]],
    );
  });

  it("asks for an approval in its own part alone, also where a mandatory policy and the plan ask for it", () => {
    const asking: Scene = {
      transition: rebuild,
      violations: [
        {
          policy: "approval-present",
          level: "mandatory",
          message: 'cluster.approve: is missing; 1 final step asks for approve: "4f1c2a9be07d".',
        },
      ],
      messages: [
        {
          severity: "warning",
          message: 'cluster.approve: nobody has approved that. Set approve: "4f1c2a9be07d". (rule approval)',
        },
      ],
    };
    const { verdict, remarks, approval } = report(asking);
    assert.deepEqual([verdict.outcome, remarks, approval?.hash], ["approval", [], "4f1c2a9be07d"]);
    const other = { policy: "release-budget", level: "mandatory" as const, message: "too many leave" };
    const refused = report({ ...asking, violations: [...asking.violations!, other] });
    assert.deepEqual(
      [refused.verdict.outcome, refused.remarks.map(({ rule }) => rule)],
      ["refused", ["release-budget"]],
    );
  });

  it("says what it could not learn about policies", () => {
    const plain = reportOf(readPreview(digest({ transition: quiet })));
    assert.match(plain.unknown.join(), /PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true/);
    assert.match(report({ transition: quiet, policies: false }).unknown.join(), /--policy-pack policies/);
    assert.deepEqual(report({ transition: quiet }).unknown, []);
  });

  it("lists a disk as kept only if no step wipes it", () => {
    const { wiped, kept } = report({
      transition: {
        ...rebuild,
        steps: [...rebuild.steps, { ...rebuild.steps[0]!, kept: rebuild.steps[1]!.wiped }],
      },
    });
    assert.deepEqual(
      wiped.map(({ serial }) => serial),
      ["S4XLAB0001A", "P7NLAB0001B"],
    );
    assert.equal(kept.length, 6);
    assert(!kept.some(({ node }) => node === "n1"));
  });

  it("marks the first of the worst moments, and none where etcd begins or ends", () => {
    const worst = (transition: unknown) =>
      report({ transition }).timeline.flatMap(({ title, phase, worst: is }) =>
        is ? [`${title} ${phase}`] : [],
      );
    assert.deepEqual(worst(replacement), ["leave n3 after"]);
    assert.deepEqual(worst(upgrade), ["upgrade during"]);
    assert.deepEqual(worst(rebuild), []);
  });
});
