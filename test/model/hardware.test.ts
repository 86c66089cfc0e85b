import assert from "node:assert/strict";
import fc from "fast-check";
import {
  assetTag,
  canonicalUuid,
  compareHardware,
  declaredHardware,
  describeComparison,
  intentId,
  parseAssetTag,
  sameUuid,
} from "../../model/hardware";
import { validNode } from "./description";
import { holds } from "./property";

const UUID = "4c4c4544-0042-3510-8052-b4c04f4e4d32";
const SWAPPED = "44454C4C-4200-1035-8052-B4C04F4E4D32";
const OTHER = "be3cb80a-24cb-4b92-8cbf-88d9f6651c85";

/** The other byte order of a UUID, by the book: each of the first three fields reversed. */
function otherOrder(uuid: string): string {
  const [a, b, c, ...rest] = uuid.split("-");
  return [a, b, c]
    .map((field) => Buffer.from(field!, "hex").reverse().toString("hex"))
    .concat(rest)
    .join("-");
}

describe("UUIDs", () => {
  it("are the same in both byte orders and cases", () => {
    assert.ok(sameUuid(UUID, SWAPPED));
    assert.ok(sameUuid(UUID, UUID.toUpperCase()));
    assert.ok(sameUuid(UUID, UUID.replace(/-/g, "")));
    assert.ok(!sameUuid(UUID, OTHER));
  });

  it("are never the same as something malformed", () => {
    assert.ok(!sameUuid("", ""));
    assert.ok(!sameUuid(UUID, `${UUID}0`));
    assert.equal(canonicalUuid("Not Specified"), undefined);
  });

  it("agree with their other order, and only with that", () => {
    holds(
      fc.property(fc.uuid(), fc.uuid(), (left, right) => {
        assert.equal(canonicalUuid(left), canonicalUuid(otherOrder(left).toUpperCase()));
        assert.equal(sameUuid(left, right), left === right || left === otherOrder(right));
      }),
    );
  });
});

describe("compareHardware", () => {
  const declared = { uuid: UUID, serial: "J1", macs: ["52:54:00:00:00:01", "52:54:00:00:00:02"] };

  it("calls full agreement the same host, however it is written", () => {
    const observed = {
      uuid: SWAPPED,
      serial: " j1 ",
      macs: ["52-54-00-00-00-02", "52:54:00:00:00:01", "52:54:00:00:00:ff"],
    };
    assert.equal(compareHardware(declared, observed).verdict, "same");
  });

  it("does without MACs that are not reported", () => {
    const comparison = compareHardware(declared, { uuid: UUID, serial: "J1" });
    assert.equal(comparison.verdict, "same");
    assert.deepEqual(
      comparison.table.map(({ what, verdict }) => [what, verdict]),
      [
        ["uuid", "agrees"],
        ["serial", "agrees"],
        ["macs", "not reported"],
      ],
    );
  });

  it("calls a swapped board partly the same, with a table", () => {
    const comparison = compareHardware(declared, { uuid: OTHER, serial: "J1", macs: declared.macs });
    assert.equal(comparison.verdict, "partial");
    assert.deepEqual(describeComparison(comparison)[0], `uuid: declared ${UUID}, found ${OTHER} (differs)`);
  });

  it("calls a host with one of our network cards partly the same", () => {
    const observed = { uuid: OTHER, serial: "K9", macs: ["52:54:00:00:00:01"] };
    assert.equal(compareHardware(declared, observed).verdict, "partial");
  });

  it("is content with one of the MACs, and never with none of them", () => {
    const board = { uuid: UUID, serial: "J1" };
    const some = compareHardware(declared, { ...board, macs: ["52:54:00:00:00:02", "52:54:00:00:00:99"] });
    assert.equal(some.verdict, "same");
    assert.match(describeComparison(some).join(), /\(agrees in part\)/);
    const none = compareHardware(declared, { ...board, macs: ["52:54:00:00:00:99"] });
    assert.equal(none.verdict, "partial");
    assert.match(describeComparison(none)[2]!, /^macs: .*found 52:54:00:00:00:99 \(differs\)$/);
  });

  it("tells two hosts with one UUID apart by their serial numbers, and by MACs where those are alike too", () => {
    assert.equal(
      compareHardware(declared, { uuid: UUID, serial: "J2", macs: declared.macs }).verdict,
      "partial",
    );
    const twins = compareHardware(
      { ...declared, serial: "0" },
      { uuid: UUID, serial: "0", macs: ["52:54:00:0a:0a:0a"] },
    );
    assert.equal(twins.verdict, "partial");
  });

  it("compares what a node declares", () => {
    const node = { ...validNode(1), interfaces: [{ name: "ens1" }, { hwAddr: "52:54:00:00:10:01" }] };
    assert.deepEqual(declaredHardware(node), { ...node.hardware, macs: ["52:54:00:00:10:01"] });
  });

  it("calls a host that shares nothing another one", () => {
    assert.equal(
      compareHardware(declared, { uuid: OTHER, serial: "K9", macs: ["52:54:00:00:00:99"] }).verdict,
      "different",
    );
    assert.equal(compareHardware(declared, { uuid: OTHER }).verdict, "different");
  });

  it("never concludes from silence", () => {
    assert.equal(compareHardware(declared, {}).verdict, "partial");
    assert.equal(compareHardware(declared, { uuid: UUID }).verdict, "partial");
    assert.equal(compareHardware(declared, { uuid: "", serial: "" }).verdict, "partial");
  });
});

describe("intents", () => {
  const intent = { incarnation: "0123456789ab", hardware: { uuid: UUID, serial: "J1" }, reinstall: 0 };

  it("are the same after a BIOS update, in 12 hex digits", () => {
    assert.match(intentId(intent), /^[0-9a-f]{12}$/);
    assert.equal(intentId({ ...intent, hardware: { uuid: SWAPPED, serial: "j1" } }), intentId(intent));
  });

  it("differ by machine, incarnation and reinstallation", () => {
    const ids = [
      intent,
      { ...intent, reinstall: 1 },
      { ...intent, incarnation: "0123456789ac" },
      { ...intent, hardware: { uuid: OTHER, serial: "J1" } },
      { ...intent, hardware: { uuid: UUID, serial: "J2" } },
    ].map(intentId);
    assert.equal(new Set(ids).size, ids.length);
  });

  it("need a UUID", () => {
    assert.throws(() => intentId({ ...intent, hardware: { uuid: "?", serial: "J1" } }), /not a UUID/);
  });

  it("mark a machine by an asset tag of at most 40 characters, which is read back", () => {
    for (const phase of ["armed", "served", "done"] as const) {
      const tag = assetTag(intentId(intent), phase);
      assert.ok(tag.length <= 40);
      assert.deepEqual(parseAssetTag(` ${tag} `), { intent: intentId(intent), phase });
    }
    for (const tag of [
      "",
      "RACK-7",
      "hvst:0123456789ab",
      "hvst:0123456789ab:lost",
      "hvst:xyz:done",
      "hvst:0123456789ab:done!",
    ]) {
      assert.equal(parseAssetTag(tag), undefined, tag);
    }
  });
});
