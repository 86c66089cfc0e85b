import { strict as assert } from "node:assert";
import { formatPath, isWithin, parsePath, withValueAt } from "../../../provider/shell/paths";

describe("property paths", () => {
  it("are written and read as Pulumi does", () => {
    for (const [path, text] of [
      [["disks", "install", "device"], "disks.install.device"],
      [["members", 2, "role"], "members[2].role"],
      [["labels", "topology.kubernetes.io/zone"], 'labels["topology.kubernetes.io/zone"]'],
      [['odd "name"', 0], '["odd \\"name\\""][0]'],
    ] as const) {
      assert.equal(formatPath(path), text);
      assert.deepEqual(parsePath(text), path);
    }
  });

  it("know what lies below them", () => {
    assert.ok(isWithin(["disks", 0, "serial"], ["disks", "*"]));
    assert.ok(!isWithin(["disks"], ["disks", 0]));
  });

  it("change a copy", () => {
    const before = { disks: [{ serial: "a" }], gone: 1 };
    assert.deepEqual(withValueAt(before, ["disks", 0, "serial"], "b"), { disks: [{ serial: "b" }], gone: 1 });
    assert.deepEqual(withValueAt(before, ["gone"], undefined), { disks: [{ serial: "a" }] });
    assert.equal(before.disks[0]!.serial, "a");
  });
});
