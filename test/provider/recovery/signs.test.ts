import assert from "node:assert/strict";
import { intentId } from "../../../model/hardware";
import type { NodeSigns } from "../../../model/recovery";
import { signsOfHost } from "../../../provider/recovery/look";
import type { SystemFacts } from "../../../provider/redfish/facts";
import { validNode } from "../../model/description";

const described = validNode(2);
const identity = { incarnation: "0123456789ab", creator: { key: "n1", uuid: "", serial: "" }, seed: "" };
const own = intentId({ incarnation: identity.incarnation, hardware: described.hardware, reinstall: 0 });
const drive = (serial: string, health = "OK") => ({
  name: serial,
  serial,
  model: undefined,
  bytes: 1,
  health,
});

/** A machine that runs as it should. */
const FINE: SystemFacts = {
  power: "On",
  health: "OK",
  assetTag: `hvst:${own}:done`,
  bootOverride: { enabled: "Disabled", target: "None", uri: undefined },
  powerRestorePolicy: undefined,
  uuid: described.hardware.uuid.toUpperCase(),
  serial: described.hardware.serial,
  manufacturer: undefined,
  model: undefined,
  biosVersion: undefined,
  processors: { count: undefined, cores: undefined, threads: undefined },
  memoryGiB: undefined,
  nics: [],
  drives: [drive(described.disks.install.serial), drive(described.disks.data!.serial)],
  bootMode: undefined,
  bootTargets: undefined,
};

const TABLE: [what: string, facts: Partial<SystemFacts>, signs: Partial<NodeSigns>][] = [
  [
    "all is well",
    {},
    { power: "On", health: "OK", installDisk: "present", sameHost: true, bootsFromDisk: true },
  ],
  ["off", { power: "Off" }, { power: "Off" }],
  ["on its way", { power: "PoweringOn" }, { power: "changing" }],
  ["power not told", { power: undefined }, { power: null }],
  [
    "a disk that wears out",
    { drives: [drive(described.disks.install.serial, "Warning")] },
    { installDisk: "failing" },
  ],
  ["a disk that is gone", { drives: [drive(described.disks.data!.serial)] }, { installDisk: "gone" }],
  ["no disk is ever listed", { drives: [] }, { installDisk: null }],
  ["another serial number", { serial: "SN99" }, { sameHost: false }],
  ["another UUID", { uuid: "ffffffff-0042-3510-8052-b4c04f4e4d99" }, { sameHost: false }],
  ["no UUID told", { uuid: undefined }, { sameHost: false }],
  ["marked for another installation", { assetTag: "hvst:ba9876543210:done" }, { sameHost: false }],
  ["an asset tag of the site's own", { assetTag: "rack-7" }, { sameHost: true }],
  [
    "armed to boot an installer",
    { bootOverride: { enabled: "Once", target: "UefiHttp", uri: "http://x" } },
    { bootsFromDisk: false },
  ],
];

describe("what a BMC tells about the machine under a node", () => {
  for (const [what, facts, signs] of TABLE) {
    it(what, () => {
      const seen = signsOfHost({ described }, { ...FINE, ...facts }, { identity });
      assert.deepEqual({ ...seen, ...signs }, seen);
    });
  }

  it("a silent one tells nothing", () => {
    const seen = signsOfHost({ described }, undefined, { identity });
    assert.deepEqual(new Set(Object.values(seen)), new Set([null]));
  });
});
