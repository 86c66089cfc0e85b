import assert from "node:assert/strict";
import { leaversOf, nextLeaver } from "../../../../provider/resources/membership/leave/leavers";
import type { Member } from "../../../../provider/resources/membership/verify";
import { clusterOf, factsOf } from "../../../model/transition/cluster";

const before = clusterOf("management management management default worker worker");
const { nodes: _nodes, ...shared } = before;
const member = (key: string): Member => ({ key, node: before.nodes[key]!, installation: "aaaaaaaaaaaa" });
const all = Object.keys(before.nodes).map(member);

function now(leaving: string[], more: Partial<Parameters<typeof nextLeaver>[0]> = {}) {
  return nextLeaver({
    cluster: shared,
    leavers: leaving.map(member),
    stay: all.filter(({ key }) => !leaving.includes(key)),
    facts: factsOf(before),
    begun: [],
    leader: undefined,
    ...more,
  });
}

function nextOf(judged: ReturnType<typeof nextLeaver>): string {
  return "next" in judged ? judged.next.key : `refused: ${judged.refusal}`;
}

describe("who leaves next", () => {
  it("is whoever belongs no more, by the host and not by the key", () => {
    const renamed = { ...member("n1"), key: "first" };
    assert.deepEqual(
      leaversOf(all, [renamed, ...all.slice(2)]).map(({ key }) => key),
      ["n2"],
    );
  });

  it("is a node without a vote before one with", () => {
    assert.equal(nextOf(now(["n2", "n6"])), "n6");
  });

  it("is a dead member before a living one", () => {
    const facts = factsOf(before);
    const nodes = facts.nodes.map((node) => (node.name === "n3" ? { ...node, healthy: false } : node));
    const spare = { ...facts, nodes };
    const judged = now(["n3", "n5"], { facts: spare });
    assert.equal(nextOf(judged), "n5");
    assert.equal(nextOf(now(["n3"], { facts: spare })), "n3");
  });

  it("is whoever's leaving was begun, before anything is judged", () => {
    assert.equal(nextOf(now(["n2", "n6"], { begun: ["n2"] })), "n2");
  });

  it("is the leader of etcd last", () => {
    const more = clusterOf("management management management default default");
    const { nodes, ...rest } = more;
    const members = Object.keys(nodes).map((key) => ({
      key,
      node: nodes[key]!,
      installation: "aaaaaaaaaaaa",
    }));
    const of = (leader: string) =>
      nextLeaver({
        cluster: rest,
        leavers: members.slice(0, 2),
        stay: members.slice(2),
        facts: factsOf(more),
        begun: [],
        leader,
      });
    assert.equal(nextOf(of("n1")), "n2");
    assert.equal(nextOf(of("n2")), "n1");
  });

  it("is nobody, where the cluster has changed since the change was judged", () => {
    const facts = factsOf(before);
    const nodes = facts.nodes.map((node) => (node.name === "n3" ? { ...node, healthy: false } : node));
    assert.match(
      nextOf(now(["n2"], { facts: { ...facts, nodes } })),
      /refused: nodes\.n2: .*rule quorum-kept/,
    );
    assert.match(
      nextOf(now(["n2"], { facts: { ...facts, upgrade: "hvst-upgrade-1" } })),
      /refused: .*upgrade/,
    );
  });

  it("is who breaks a rule that the description overrides, and nobody without", () => {
    const lab = clusterOf("management management management worker");
    const { nodes, ...rest } = lab;
    const members = Object.keys(nodes).map((key) => ({ ...member("n1"), key, node: nodes[key]! }));
    const [leavers, stay] = [members.slice(1, 2), members.filter(({ key }) => key !== "n2")];
    const judged = { leavers, stay, facts: factsOf(lab), begun: [], leader: undefined };
    const overrides = [{ rule: "voters-odd-at-rest", reason: "n5 is delivered tomorrow" }];
    assert.match(nextOf(nextLeaver({ ...judged, cluster: rest })), /refused: .*rule voters-odd-at-rest/);
    assert.equal(nextOf(nextLeaver({ ...judged, cluster: { ...rest, overrides } })), "n2");
  });
});
