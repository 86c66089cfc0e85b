import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeclaredRole } from "../../../lab/cluster/identity";
import { nextPromotion, type PromotionNode } from "../../../lab/cluster/promotion-choice";

/** A cluster and what Harvester's own controller does with it; see test/model/fixtures/README.md. */
interface Case {
  nodes: {
    name: string;
    role: DeclaredRole;
    zone?: string;
    ready: boolean;
    controlPlane: boolean;
    etcd: boolean;
    promoteStatus?: string;
    createdOrder: number;
  }[];
  firstPick: string;
  promotedInOrder: string[];
  managementAtRest: string[];
}

const CASES = JSON.parse(
  readFileSync(join(__dirname, "../../model/fixtures/promotion.json"), "utf8"),
) as Case[];

function member(name: string, more: Partial<PromotionNode> = {}): PromotionNode {
  return {
    name,
    role: "default",
    healthy: true,
    management: false,
    managed: true,
    cordoned: false,
    created: 0,
    ...more,
  };
}

describe("lab: whom Harvester promotes", () => {
  it(`agrees with Harvester's own controller on ${CASES.length} clusters`, () => {
    assert.ok(CASES.length >= 400);
    for (const given of CASES) {
      const nodes = given.nodes.map((node) =>
        member(node.name, {
          role: node.role,
          zone: node.zone,
          healthy: node.ready,
          management: node.controlPlane || node.etcd,
          promoteStatus: node.promoteStatus,
          created: node.createdOrder,
        }),
      );
      const order: string[] = [];
      for (let next = nextPromotion(nodes, "v1.9.0"); next; next = nextPromotion(nodes, "v1.9.0")) {
        order.push(next.name);
        Object.assign(next, { management: true, promoteStatus: "complete" });
      }
      const rest = nodes.filter((node) => node.management).map((node) => node.name);
      assert.deepEqual(
        [order[0] ?? "", order, rest],
        [given.firstPick, given.promotedInOrder, given.managementAtRest],
      );
    }
  });

  it("leaves cordoned nodes alone only from 1.9 on", () => {
    const nodes = [
      member("n1", { management: true }),
      member("n2", { cordoned: true, created: 1 }),
      member("n3", { created: 2 }),
    ];
    assert.equal(nextPromotion(nodes, "v1.8.1")?.name, "n2");
    assert.equal(nextPromotion(nodes, "v1.9.0"), undefined);
    assert.equal(nextPromotion([...nodes, member("n4", { created: 3 })], "v1.9.0")?.name, "n3");
  });

  it("takes only nodes that Harvester manages", () => {
    const nodes = [member("n1", { management: true }), member("n2"), member("n3", { managed: false })];
    assert.equal(nextPromotion(nodes, "v1.6.1"), undefined);
  });
});
