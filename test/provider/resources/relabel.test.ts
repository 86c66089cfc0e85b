import assert from "node:assert/strict";
import { labelsFor } from "../../../provider/resources/membership/in-place/relabel";
import { validNode } from "../../model/description";

const MANAGEMENT = "node-role.harvesterhci.io/management";
const WORKER = "node-role.harvesterhci.io/worker";
const ZONE = "topology.kubernetes.io/zone";
const { role: _role, zone: _zone, labels: _labels, ...plain } = validNode(1);

describe("labels of a node that stays", () => {
  it("are left alone where they are as described", () => {
    assert.deepEqual(labelsFor(plain, { ...plain, role: "worker" }, { [WORKER]: "true", other: "x" }), {});
  });

  it("say another role, and the one before no more", () => {
    const after = { ...plain, role: "management" as const };
    assert.deepEqual(labelsFor(plain, after, { [WORKER]: "true" }), { [WORKER]: null, [MANAGEMENT]: "true" });
    assert.deepEqual(labelsFor(plain, plain, { [WORKER]: "true" }), { [WORKER]: null });
  });

  it("say the zone, or none", () => {
    assert.deepEqual(labelsFor(plain, { ...plain, zone: "b" }, { [ZONE]: "a" }), { [ZONE]: "b" });
    assert.deepEqual(labelsFor({ ...plain, zone: "a" }, plain, { [ZONE]: "a" }), { [ZONE]: null });
  });

  it("go only if the description held them, whoever else labels nodes", () => {
    const before = { ...plain, labels: { rack: "r1", tier: "gold" } };
    const after = { ...plain, labels: { rack: "r2" } };
    const present = { rack: "r1", tier: "gold", "site.example/owner": "ada" };
    assert.deepEqual(labelsFor(before, after, present), { rack: "r2", tier: null });
  });

  it("of a witness keep saying that it is one", () => {
    const witness = { ...plain, role: "witness" as const };
    assert.deepEqual(labelsFor(witness, witness, { "node-role.harvesterhci.io/witness": "true" }), {});
  });
});
