import assert from "node:assert/strict";
import fc from "fast-check";
import { creatorKeyOf, type DeclaredRoles, freshNode, previewControlPlane } from "../../model/control-plane";
import type { Role } from "../../model/description";
import { type JoinWaves, joinWaves } from "../../model/joins";
import { errorsOf } from "../../model/problem";
import { isMember, nextPromotion, type PromotionNode, promotedNode } from "../../model/promotion";
import { declare } from "./description";
import { holds } from "./property";

const ROLES: readonly Role[] = ["default", "management", "worker", "witness"];

/**
 * Plays every course that joining by these waves can take: nodes register in any order, become Ready at any later time, and each
 * promotion starts and ends at any time. Answers with every control plane that it may end in.
 */
function everyEnd(description: DeclaredRoles, creator: string, { first, rest }: JoinWaves): Set<string> {
  const ends = new Set<string>();
  const seen = new Set<string>();
  const waves = [...first, rest];
  const explore = (nodes: readonly PromotionNode[]): void => {
    const settled = nodes.filter(isMember).length === 3;
    // Who is older matters among those who may still be promoted, and to nobody once there are three members.
    const key = nodes.map(({ name, role, healthy, promoteStatus, etcd }) => {
      const age = settled || role === "worker" ? "" : nodes.findIndex((node) => node.name === name);
      return `${name}${healthy}${promoteStatus}${etcd}${age}`;
    });
    const state = (settled ? key.sort() : key).join();
    if (seen.has(state)) return;
    seen.add(state);

    const { pick } = nextPromotion(nodes);
    const running = nodes.find(({ promoteStatus }) => promoteStatus === "running");
    const isReady = (name: string) => nodes.some((node) => node.name === name && node.healthy);
    const wave = waves.find((group, index) => index === waves.length - 1 || !group.every(isReady))!;
    const isLast = wave === waves[waves.length - 1];
    const mayRegister = !isLast || wave.some((name) => nodes.some((node) => node.name === name));
    const atRest = pick === undefined && running === undefined;
    const registering = mayRegister || atRest ? wave : [];

    let moved = false;
    const go = (next: readonly PromotionNode[]) => {
      moved = true;
      explore(next);
    };
    const change = (name: string, more: Partial<PromotionNode>) =>
      nodes.map((node) => (node.name === name ? { ...node, ...more } : node));
    for (const name of registering) {
      if (nodes.some((node) => node.name === name)) continue;
      go([...nodes, { ...freshNode(description, name, nodes.length), healthy: false }]);
    }
    for (const { name, healthy } of nodes) if (!healthy) go(change(name, { healthy: true }));
    if (pick !== undefined) go(change(pick, { promoteStatus: "running", cordoned: true }));
    if (running !== undefined) go(change(running.name, promotedNode(running)));
    if (!moved) {
      ends.add(
        nodes
          .filter(isMember)
          .map(({ name }) => name)
          .sort()
          .join(" "),
      );
      assert.equal(nodes.length, Object.keys(description.nodes).length, "everybody has joined");
    }
  };
  explore([freshNode(description, creator, 0, true)]);
  return ends;
}

/** Every row of up to `length` roles, workers last: where a worker stands in a description changes nothing. */
function* rows(length: number, after: Role[] = []): Iterable<Role[]> {
  if (after.length > 0) yield after;
  if (after.length === length) return;
  for (const role of after.at(-1) === "worker" ? (["worker"] as const) : ROLES)
    yield* rows(length, [...after, role]);
}

function assertEndsAsPreviewed(description: DeclaredRoles): void {
  const creator = creatorKeyOf(description)!;
  const { controlPlane } = previewControlPlane(description);
  const waves = joinWaves(description, creator);
  assert.deepEqual(
    [...everyEnd(description, creator, waves)],
    [[...controlPlane].sort().join(" ")],
    JSON.stringify(waves),
  );
}

describe("the waves in which nodes join", () => {
  const table: [words: string, waves: JoinWaves][] = [
    ["management", { first: [], rest: [], indifferent: [] }],
    ["management management management worker", { first: [["n2", "n3"]], rest: ["n4"], indifferent: ["n4"] }],
    ["management default witness management", { first: [["n4", "n3"]], rest: ["n2"], indifferent: [] }],
    ["management management worker", { first: [], rest: ["n2", "n3"], indifferent: ["n3"] }],
    [
      "management/a management/b management/b management/c",
      { first: [["n2", "n4"]], rest: ["n3"], indifferent: [] },
    ],
  ];
  for (const [words, waves] of table) {
    it(`of ${words} are ${JSON.stringify(waves.first)} and ${JSON.stringify(waves.rest)}`, () => {
      assert.deepEqual(joinWaves(declare(...words.split(" ")), "n1"), waves);
    });
  }

  it("join one after another where the order would matter", () => {
    const mixed = declare("management", "management", "management/a");
    assert.deepEqual(joinWaves(mixed, "n1").first, [["n2"], ["n3"]]);
    assertEndsAsPreviewed(mixed);
  });

  it("start from the machine that created the cluster", () => {
    const roles = declare("management", "management", "management", "default");
    assert.deepEqual(joinWaves(roles, "n4"), { first: [["n1", "n2"]], rest: ["n3"], indifferent: [] });
  });

  it("make a difference: all at once may end otherwise", () => {
    const roles = declare("management", "management", "witness", "default");
    const atOnce = everyEnd(roles, "n1", { first: [], rest: ["n2", "n3", "n4"], indifferent: [] });
    assert.deepEqual([...atOnce].sort(), ["n1 n2 n3", "n1 n2 n4", "n1 n3 n4"]);
  });

  it("end as previewed in every course, for every cluster of up to six nodes", function everyMix() {
    this.timeout(60_000);
    let tried = 0;
    for (const row of rows(6)) {
      const description = declare(...row);
      const { creator, problems } = previewControlPlane(description);
      if (creator === undefined || errorsOf(problems).length > 0) continue;
      assertEndsAsPreviewed(description);
      tried++;
    }
    assert.ok(tried > 500, `${tried}`);
  });

  it("end as previewed in every course, also with zones", () => {
    const word = fc
      .tuple(fc.constantFrom(...ROLES), fc.constantFrom("", "/a", "/b", "/c", "/d"))
      .map((parts) => parts.join(""));
    const oneZoneEach = fc
      .array(fc.constantFrom(...ROLES), { minLength: 3, maxLength: 6 })
      .map((roles) => roles.map((role, index) => `${role}/${index}`));
    holds(
      fc.property(fc.oneof(fc.array(word, { minLength: 3, maxLength: 6 }), oneZoneEach), (words) => {
        const description = declare(...words);
        const { creator, problems } = previewControlPlane(description);
        fc.pre(creator !== undefined && errorsOf(problems).length === 0);
        assertEndsAsPreviewed(description);
      }),
      300,
    );
  });

  it("hold every node but the creator, once", () => {
    holds(
      fc.property(fc.array(fc.constantFrom(...ROLES), { minLength: 1, maxLength: 12 }), (roles) => {
        const description = declare(...roles);
        const creator = creatorKeyOf(description);
        fc.pre(creator !== undefined);
        const { first, rest, indifferent } = joinWaves(description, creator);
        const others = Object.keys(description.nodes).filter((key) => key !== creator);
        assert.deepEqual([...first.flat(), ...rest].sort(), others.sort());
        assert.ok(indifferent.every((key) => rest.includes(key)));
      }),
    );
  });
});
