import assert from "node:assert/strict";
import type { Transition } from "../../model/transition";
import { LONGEST_COMMENT, renderMarkdown } from "../../report/markdown";
import { readPreview } from "../../report/preview";
import { reportOf } from "../../report/report";
import { disksOf, events, moment, rebuild, refusal, replacement, type Scene, step } from "./fixtures";

const markdown = (scene: Scene): string => renderMarkdown(reportOf(readPreview(events(scene))));

/** The text below a heading, up to the next one. */
function below(text: string, heading: string): string {
  const start = text.indexOf(`#### ${heading}\n`);
  assert(start >= 0, `${heading} is missing in:\n${text}`);
  return text.slice(start).split(/\n(?=####|<details)/)[0]!;
}

describe("the comment", () => {
  it("begins with the verdict, in its first line", () => {
    assert.match(
      markdown({ transition: replacement }),
      /^### ⚠️ PASS with warnings - replaces n3 by n5; etcd keeps quorum/,
    );
    assert.match(
      markdown({ transition: refusal }),
      /^### ⛔ REFUSED - removes n3: nodes\.n3: the change would rest at 2/,
    );
    assert.match(
      markdown({ transition: { ...replacement, findings: [] } }),
      /^### ✅ PASS - replaces n3 by n5/,
    );
    assert.match(markdown({ transition: rebuild }), /^### ✋ PASS once approved - rebuilds/);
  });

  it("shows who votes and what quorum needs at every moment, and marks the worst", () => {
    assert.deepEqual(
      below(markdown({ transition: replacement }), "etcd's quorum, step by step")
        .split("\n")
        .slice(3, 8),
      [
        "now                  ●●┃●  3 voters, 1 may fail          n1 n2 n3",
        "1 join n5            ●●┃●  3 voters, 1 may fail          n1 n2 n3",
        "2 leave n3           ●●┃   2 voters, none may fail       n1 n2     ◀ lowest",
        "3 promote n5  while  ●●┃○  2 of 3 voters, none may fail  n1 n2 n5",
        "              then   ●●┃●  3 voters, 1 may fail          n1 n2 n5",
      ],
    );
  });

  it("says of each node what it is before and after, and stresses those that change", () => {
    const nodes = below(markdown({ transition: { ...replacement, standby: ["n4"] } }), "Nodes");
    assert.match(nodes, /\| `n1` \| voter, API server \| voter, API server \|/);
    assert.match(nodes, /\| `n3` \| \*\*voter, API server\*\* \| \*\*–\*\* \|/);
    assert.match(nodes, /\| `n4` \| worker \| worker, stands by for promotion \|/);
    assert.match(nodes, /\| `n5` \| \*\*–\*\* \| \*\*voter, API server\*\* \|/);
  });

  it("lists each disk that is wiped by serial number, and apart from them those that are kept", () => {
    const text = markdown({ transition: replacement });
    assert.match(
      below(text, "Disks that are wiped"),
      /`n5` \| `S4XLAB0005A` \| `\/dev\/disk\/by-id\/ata-LAB_SSD_480G_S4XLAB0005A`/,
    );
    assert.doesNotMatch(below(text, "Disks that are wiped"), /n3/);
    assert.match(
      text,
      /<summary>Disks of the same machines that are kept: 2<\/summary>\n\n[^#]*`S4XLAB0003A`/,
    );
  });

  it("names the virtual machines that move and stop, and says where that is not known", () => {
    const steps = (transition: Transition) => below(markdown({ transition }), "Steps, in this order");
    assert.match(
      steps(replacement),
      /move: `default\/web-1`, `default\/web-2`; \*\*stop:\*\* `lab\/gpu-render`/,
    );
    assert.match(
      steps(rebuild),
      /every machine of this cluster will be retired \| not known \| \*\*never\*\* \|/,
    );
  });

  it("prints the line that approves the change, to be pasted as it is, and above it what cannot be undone is named", () => {
    const text = markdown({ transition: rebuild });
    assert.match(
      below(text, "Approval needed"),
      /in `stacks\/Pulumi\.lab\.yaml`:\n\n```yaml\napprove: "4f1c2a9be07d"\n```/,
    );
    assert.match(below(text, "What cannot be undone"), /\*\*Step 1:\*\* virtual machines will be backed up/);
  });

  it("says whether the approval in the description is for this change", () => {
    const given = (hash: string) =>
      markdown({ transition: { ...rebuild, approval: { ...rebuild.approval, given: hash } } });
    assert.match(
      given("000000000000"),
      /The one in the description, `000000000000`, is for another change\./,
    );
    assert.match(
      below(given("4f1c2a9be07d"), "Approved"),
      /approves the 1 step of this change that cannot be undone/,
    );
    assert.doesNotMatch(given("4f1c2a9be07d"), /approve: "/);
  });

  it("offers no approval of what is refused anyway", () => {
    assert.doesNotMatch(markdown({ transition: { ...rebuild, findings: refusal.findings } }), /approve: "/);
  });

  it("shows who has overridden which rule, and why", () => {
    const [finding] = refusal.findings;
    const overridden = { ...finding!, severity: "warning" as const, overridden: "spare arrives on Monday" };
    assert.match(
      markdown({ transition: { ...replacement, findings: [overridden] } }),
      /\*\*Overridden:\*\* spare arrives on Monday/,
    );
  });

  it("says whether the cluster was looked at, and what could not be known", () => {
    const text = markdown({
      transition: { ...replacement, facts: { source: "state", asOf: "2026-08-19T09:30:00Z" } },
    });
    assert.match(text, /judged from the state, the cluster was not looked at, 2026-08-19 09:30 UTC/);
    assert.match(below(text, "What could not be known"), /- Whether n5's data disk is worn/);
  });

  it("fits into a comment however large the change, says what it leaves out, and keeps verdict, worst moment and approval", () => {
    const name = (index: number) => `rack-${index}-${"long".repeat(20)}`;
    const names = Array.from({ length: 600 }, (_, index) => name(index));
    const huge: Transition = {
      ...rebuild,
      kind: "upgrade",
      steps: names.map((node, index) =>
        step({
          kind: "maintain",
          node,
          about: `${node} ${"is drained, ".repeat(50)}`,
          after: index === 500 ? moment(["n1", "n2"], names) : moment(["n1", "n2", "n3"]),
          finality: "final",
          wiped: disksOf("n5").map((disk) => ({ ...disk, serial: node })),
          kept: disksOf("n4").map((disk) => ({ ...disk, serial: `${node}k` })),
          moving: names.slice(0, 5),
        }),
      ),
      findings: names.map((node) => ({
        ...replacement.findings[0]!,
        property: node,
        message: "|*`_<@#".repeat(900),
      })),
      unknown: names.map((node) => `${node} is not known. ${"$".repeat(500)}`),
    };
    const text = markdown({ transition: huge });
    assert(text.length <= LONGEST_COMMENT, String(text.length));
    assert.match(text, /^### ✋ PASS once approved - upgrades/);
    assert.match(text, /> Shortened, because a comment holds 65536 characters: left out: \d+ of 600 remarks/);
    assert.match(text, /\d+ of 1200 wiped disks/);
    assert.match(text, /501 maintain.*◀ lowest/);
    assert.match(text, /approve: "4f1c2a9be07d"/);
    assert(
      renderMarkdown(reportOf(readPreview(events({ transition: huge }))), 1e9).length > 1e6,
      "all of it, where there is room",
    );
  });

  it("reports what could be learnt of a change that was refused before it could be planned", () => {
    const message =
      "metal:index:Plan resource 'plan': property cluster.vip.address value {<nil>} has a problem: is missing. Give an address. (rule missing)";
    const text = markdown({
      messages: [{ severity: "error", message, about: { type: "metal:index:Plan", name: "plan" } }],
    });
    assert.match(text, /^### ⛔ REFUSED - cluster\.vip\.address: is missing\. → Give an address\.\n/);
    assert.match(
      below(text, "Why it is refused"),
      /- `cluster\.vip\.address`: is missing\. Give an address\. \(rule `missing`\)/,
    );
    assert.doesNotMatch(text, /preview failed|Nodes|Steps/);
  });
});
