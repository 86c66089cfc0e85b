import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "../../model/description";
import {
  apiServersOf,
  isAtRest,
  membersOf,
  nextPromotion,
  type PromoteStatus,
  type PromotionNode,
  replayPromotions,
  standbyOf,
  votersOf,
} from "../../model/promotion";

interface Case {
  nodes: {
    name: string;
    role: Role;
    zone?: string;
    ready: boolean;
    controlPlane: boolean;
    etcd: boolean;
    promoteStatus?: PromoteStatus;
    createdOrder: number;
  }[];
  firstPick: string;
  promotedInOrder: string[];
  managementAtRest: string[];
}

const cases = JSON.parse(readFileSync(join(__dirname, "fixtures", "promotion.json"), "utf8")) as Case[];

const nodesOf = ({ nodes }: Case): PromotionNode[] =>
  nodes.map(({ ready, createdOrder, ...node }) => ({ ...node, healthy: ready, created: createdOrder }));

const node = (name: string, more: Partial<PromotionNode> = {}): PromotionNode => ({
  name,
  healthy: true,
  controlPlane: false,
  etcd: false,
  created: Number(name.replace(/\D/g, "")),
  ...more,
});
const creator = node("n0", { controlPlane: true, etcd: true });

describe("replayed promotion and Harvester's own controller", () => {
  it("has many cases to agree on", () => {
    assert.equal(cases.length, 400);
  });

  for (const [index, sample] of cases.entries()) {
    it(`agree on case ${index}`, () => {
      const nodes = nodesOf(sample);
      assert.equal(nextPromotion(nodes).pick ?? "", sample.firstPick);
      const { promoted, nodes: atRest } = replayPromotions(nodes);
      assert.deepEqual(promoted, sample.promotedInOrder);
      assert.deepEqual(membersOf(atRest).sort(), [...sample.managementAtRest].sort());
    });
  }

  it("do not depend on the order of the list, where ages differ", () => {
    for (const sample of cases) {
      assert.equal(nextPromotion([...nodesOf(sample)].reverse()).pick ?? "", sample.firstPick);
    }
  });
});

describe("promotion", () => {
  it("prefers management nodes, then the witness, then the rest; older before younger", () => {
    const nodes = [creator, node("n1"), node("n2", { role: "witness" }), node("n3", { role: "management" })];
    assert.deepEqual(replayPromotions(nodes).promoted, ["n3", "n2"]);
    assert.deepEqual(
      replayPromotions([creator, node("n2"), node("n1"), node("n3", { role: "worker" })]).promoted,
      ["n1", "n2"],
    );
  });

  it("is not at rest while somebody can be promoted", () => {
    assert.equal(isAtRest(nextPromotion([creator, node("n1"), node("n2")])), false);
  });

  it("gives a witness etcd, but no API server", () => {
    const { nodes } = replayPromotions([
      creator,
      node("n1", { role: "management" }),
      node("n2", { role: "witness" }),
    ]);
    assert.deepEqual(membersOf(nodes), ["n0", "n1", "n2"]);
    assert.deepEqual(votersOf(nodes), ["n0", "n1", "n2"]);
    assert.deepEqual(apiServersOf(nodes), ["n0", "n1"]);
  });

  it("passes over cordoned nodes from v1.9 on, and not before", () => {
    const nodes = [creator, node("n1", { cordoned: true }), node("n2"), node("n3")];
    assert.equal(nextPromotion(nodes, "v1.8.2").pick, "n1");
    assert.equal(nextPromotion(nodes, "v1.9.0").pick, "n2");
    assert.equal(nextPromotion(nodes.slice(0, 3), "v1.9.0-rc6").standstill?.reason, "too-few-candidates");
  });

  it("cordons what was installed as such first, from v1.9 on", () => {
    const nodes = [creator, node("n1", { installCordoned: true }), node("n2"), node("n3")];
    assert.equal(nextPromotion(nodes, "v1.8.2").pick, "n1");
    assert.deepEqual(replayPromotions(nodes, "v1.9.0").promoted, ["n2", "n3"]);
  });

  it("takes the cordon of a promotion off again", () => {
    const { nodes } = replayPromotions([creator, node("n1", { cordoned: true }), node("n2")], "v1.8.2");
    assert.equal(nodes[1]?.cordoned, false);
  });

  it("leaves alone what is not Harvester's", () => {
    const nodes = [creator, node("n1", { managed: false }), node("n2")];
    assert.equal(nextPromotion(nodes).standstill?.reason, "too-few-candidates");
  });

  it("lists who stands by, those preferred first", () => {
    const { nodes } = replayPromotions([
      creator,
      node("n1", { role: "management" }),
      node("n2"),
      node("n3", { role: "management" }),
      node("n4", { role: "management" }),
      node("n5", { role: "worker" }),
      node("n6", { healthy: false }),
    ]);
    assert.deepEqual(
      standbyOf(nodes).map(({ name }) => name),
      ["n4", "n2"],
    );
  });

  const standstills: [nodes: PromotionNode[], reason: string, said: RegExp, about: string[]][] = [
    [[creator, node("n1")], "too-few-nodes", /fewer than 3 nodes/, ["n0", "n1"]],
    [
      [creator, node("n1", { etcd: true }), node("n2", { controlPlane: true }), node("n3")],
      "enough-members",
      /n0, n1, n2 are the control plane/,
      ["n0", "n1", "n2"],
    ],
    [
      [creator, node("n1", { promoteStatus: "running" }), node("n2")],
      "promotion-running",
      /n1 is being promoted/,
      ["n1"],
    ],
    [
      [creator, node("n1", { promoteStatus: "complete" }), node("n2")],
      "promotion-not-visible",
      /of n1 is complete/,
      ["n1"],
    ],
    [
      [creator, node("n1", { promoteStatus: "failed" }), node("n2")],
      "promotion-blocked",
      /n1: failed.*promote-status/,
      ["n1"],
    ],
    [
      [creator, node("n1"), node("n2", { role: "worker" }), node("n3", { healthy: false })],
      "too-few-candidates",
      /only n0, n1 can be/,
      ["n0", "n1"],
    ],
    [
      [
        { ...creator, zone: "a" },
        node("n1", { zone: "b" }),
        node("n2", { zone: "b" }),
        node("n3", { zone: "" }),
      ],
      "too-few-zones",
      /there are 2 \(a, b\)/,
      ["n0", "n1", "n2", "n3"],
    ],
    [
      [
        { ...creator, zone: "a" },
        node("n1", { role: "management", zone: "a" }),
        node("n2", { zone: "b" }),
        node("n3", { zone: "c" }),
      ],
      "no-free-zone",
      /only n1 may be next .*taken: a/,
      ["n1"],
    ],
  ];
  for (const [nodes, reason, said, about] of standstills) {
    it(`says why it rests: ${reason}`, () => {
      const { pick, standstill } = nextPromotion(nodes);
      assert.equal(pick, undefined);
      assert.equal(standstill?.reason, reason);
      assert.match(standstill?.message ?? "", said);
      assert.deepEqual(standstill?.nodes, about);
      const underWay = ["promotion-running", "promotion-not-visible"].includes(reason);
      assert.equal(isAtRest(nextPromotion(nodes)), !underWay);
    });
  }
});
