import assert from "node:assert/strict";
import type { ClusterDescription } from "../../../model/description";
import { plan } from "../../../provider/resources/plan";
import { judgeChange } from "../../../provider/resources/plan/judgement";
import { type OperationContext, UNKNOWN } from "../../../provider/shell/resource";
import { clusterOf, LAB, withNodes } from "../../model/transition/cluster";

/** A cluster at whose VIP nobody answers: it is judged by the description that was judged last. */
const before: ClusterDescription = silent(clusterOf(LAB));
const smaller = withNodes(before, { n3: undefined });
const override = { rule: "voters-odd-at-rest", reason: "n5 is delivered tomorrow" };

function silent(cluster: ClusterDescription): ClusterDescription {
  return { ...cluster, access: { ...cluster.access, url: "https://127.0.0.1:1" } };
}

/** The judgement of a cluster that was seen running before. */
async function judged(wanted: ClusterDescription) {
  const ctx = { signal: new AbortController().signal } as OperationContext;
  const olds = { cluster: before, authority: "AB".repeat(32), incarnation: "0123456789ab" };
  return (await judgeChange(ctx, olds, wanted)).transition;
}

describe("the judgement of a change", () => {
  it("refuses what breaks a rule, and takes no step of it", async () => {
    const { findings, steps } = await judged(smaller);
    assert.deepEqual(
      findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule),
      ["voters-odd-at-rest"],
    );
    assert.deepEqual(steps, []);
  });

  it("lets it through with an override, and records the reason", async () => {
    const { findings, steps } = await judged({ ...smaller, overrides: [override] });
    const finding = findings.find(({ rule }) => rule === override.rule);
    assert.deepEqual([finding?.severity, finding?.overridden], ["warning", override.reason]);
    assert.deepEqual(
      steps.map(({ kind, node }) => [kind, node]),
      [["leave", "n3"]],
    );
  });

  it("counts no override whose reason is not known yet", async () => {
    const reason = UNKNOWN as unknown as string;
    const { findings } = await judged({ ...smaller, overrides: [{ ...override, reason }] });
    assert.equal(findings.find(({ rule }) => rule === override.rule)?.severity, "error");
  });

  it("warns of an override that fits nothing, also where there is no cluster yet", async () => {
    const warned: string[] = [];
    const ctx = { preview: false, warn: (what: string) => warned.push(what) } as unknown as OperationContext;
    const cluster = { ...before, overrides: [override] };
    const { transition } = await judgeChange(ctx, undefined, cluster);
    await plan.create(ctx, { cluster, transition });
    assert.equal(warned.length, 1);
    assert.match(warned[0]!, /^cluster\.overrides\[0\]: nothing in this change breaks voters-odd-at-rest/);
  });
});
