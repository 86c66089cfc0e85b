import assert from "node:assert/strict";
import type { PromotionNode } from "../../../model/promotion";
import { type Assessment, type CandidateFacts, successorOf, unfitness } from "../../../model/recovery";

const GIB = 2 ** 30;
const CLUSTER = { version: "v1.6.1" };
const WELL: Assessment = { state: "well", remarks: [] };
const CANDIDATE: PromotionNode = { name: "n4", healthy: true, controlPlane: false, etcd: false, created: 4 };
const FIT: CandidateFacts = {
  threads: 32,
  memoryGiB: 125,
  disks: { install: 480 * GIB, data: { bytes: 1000 * GIB } },
  installDisk: "present",
  reaches: { n1: true, n3: true },
};

/** What is wrong with the candidate, and what is said about it. */
const TABLE: [what: string, facts: Partial<CandidateFacts>, says: RegExp][] = [
  ["too few processors", { threads: 4 }, /4 hardware threads/],
  ["too little memory", { memoryGiB: 16 }, /16 GiB of memory/],
  ["too small a disk", { disks: { install: 100 * GIB } }, /the disk has 100 GiB/],
  ["a failing disk", { installDisk: "failing" }, /install disk is failing/],
  ["a disk that is gone", { installDisk: "gone" }, /install disk is gone/],
  ["cut off from a member", { reaches: { n1: true, n3: false } }, /it does not reach n3/],
  ["perhaps cut off", { reaches: { n1: true, n3: null } }, /whether it reaches n3 could not be learnt/],
];

describe("the node that an eviction would have promoted", () => {
  it("is fit where nothing is wrong with it", () => {
    assert.deepEqual(unfitness(CANDIDATE, FIT, WELL, CLUSTER), []);
  });

  for (const [what, facts, says] of TABLE) {
    it(`is not with ${what}`, () => {
      const reasons = unfitness(CANDIDATE, { ...FIT, ...facts }, WELL, CLUSTER);
      assert.equal(reasons.length, 1, reasons.join("; "));
      assert.match(reasons[0]!, says);
    });
  }

  it("is not while it is unwell itself, or cordoned", () => {
    const reasons = unfitness(
      { ...CANDIDATE, cordoned: true },
      FIT,
      { state: "hiccup", why: "silent" },
      CLUSTER,
    );
    assert.deepEqual(reasons, ["it is not well itself: silent", "it is cordoned"]);
  });

  it("may be small where the description says so", () => {
    assert.deepEqual(
      unfitness(CANDIDATE, { ...FIT, threads: 2, memoryGiB: 4 }, WELL, { ...CLUSTER, skipChecks: true }),
      [],
    );
  });

  it("is whom Harvester's own rules pick without the member, not merely any that is left", () => {
    const member = (name: string, zone: string): PromotionNode => ({
      ...CANDIDATE,
      name,
      zone,
      role: "management",
      controlPlane: true,
      etcd: true,
    });
    const nodes = [
      member("n1", "a"),
      member("n2", "b"),
      member("n3", "c"),
      { ...CANDIDATE, zone: "a" },
      { ...CANDIDATE, name: "n5", zone: "b" },
    ];
    assert.equal(successorOf(nodes, "n2", "v1.6.1").name, "n5");
    assert.equal(successorOf(nodes, "n3", "v1.6.1").standstill?.reason, "too-few-zones");
  });
});
