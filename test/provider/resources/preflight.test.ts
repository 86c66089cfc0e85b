import assert from "node:assert/strict";
import type { SystemFacts } from "../../../provider/redfish/facts";
import { preflight } from "../../../provider/resources/machine/preflight";
import { validNode } from "../../model/description";

const GB = 1e9;

describe("predicting the installer's checks from what a BMC reports", () => {
  const node = validNode(1);
  const enough = {
    processors: { count: 1, cores: 16, threads: 32 },
    memoryGiB: 128,
    bootMode: "UEFI",
    nics: [{ name: "a", mac: node.interfaces[0]!.hwAddr!, linkUp: true, speedMbps: 25_000 }],
    drives: [
      { serial: node.disks.install.serial, bytes: 480 * GB },
      { serial: node.disks.data!.serial, bytes: 1000 * GB },
    ],
  } as unknown as SystemFacts;
  const rules = (facts: Partial<SystemFacts>, version = "v1.6.1", skipChecks = false) =>
    preflight({ version, skipChecks }, node, { ...enough, ...facts }).map(({ rule }) => rule);

  it("finds nothing where there is enough of everything", () => {
    assert.deepEqual(rules({}), []);
  });

  const short: [string, Partial<SystemFacts>, version?: string][] = [
    ["preflight-processors", { processors: { count: 1, cores: 4, threads: 8 } }],
    ["preflight-memory", { memoryGiB: 32 }],
    ["preflight-nic-speed", { nics: [{ ...enough.nics[0]!, speedMbps: 1000 }] }],
    ["preflight-disk", { drives: [{ ...enough.drives[0]!, bytes: 120 * GB }, enough.drives[1]!] }],
    ["preflight-boot-mode", { bootMode: "Legacy" }, "v1.8.0"],
  ];
  for (const [rule, facts, version] of short) {
    it(`predicts ${rule}`, () => assert.deepEqual(rules(facts, version), [rule]));
  }

  it("lets everything pass but disks and the boot mode with skipChecks", () => {
    const small = { memoryGiB: 16, processors: { count: 1, cores: 2, threads: 4 } };
    assert.deepEqual(rules(small, "v1.6.1", true), []);
    assert.deepEqual(rules({ bootMode: "Legacy" }, "v1.8.0", true), ["preflight-boot-mode"]);
  });

  it("judges nothing that a BMC does not say", () => {
    const silent = {
      processors: { count: 1, cores: undefined, threads: undefined },
      memoryGiB: undefined,
      nics: [],
      drives: [],
      bootMode: undefined,
    };
    assert.deepEqual(rules(silent), []);
  });
});
