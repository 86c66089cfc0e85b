import assert from "node:assert/strict";
import type { ClusterDescription } from "../../model/description";
import { judgeCreatedFacts, judgeNodeEdit } from "../../model/edits";
import type { Problem } from "../../model/problem";
import { type Edits, edited, validDescription, validNode } from "./description";

const OTHER = "be3cb80a-24cb-4b92-8cbf-88d9f6651c85";
const THIRD = "0f8fad5b-d9cb-469f-a165-70867728950e";

describe("judging an edit", () => {
  const refused: [string, Edits, property: string, rule: string][] = [
    ["another VIP", { "vip.address": "192.168.10.9" }, "vip.address", "fixed-at-creation"],
    ["another way to get the VIP", { "vip.mode": "dhcp" }, "vip.mode", "fixed-at-creation"],
    [
      "another subnet",
      { "managementNetwork.subnet": "192.168.0.0/16" },
      "managementNetwork.subnet",
      "fixed-at-creation",
    ],
    [
      "another host under the same key",
      { "nodes.n2.hardware.serial": "OTHER" },
      "nodes.n2.hardware.serial",
      "hardware-is-identity",
    ],
    [
      "a swapped board whose old identity is not what it was",
      { "nodes.n2.hardware.uuid": OTHER, "nodes.n2.wasHardware": { uuid: OTHER, serial: "SN2" } },
      "nodes.n2.wasHardware",
      "hardware-is-identity",
    ],
    [
      "another host, though reinstalled",
      { "nodes.n2.hardware.serial": "OTHER", "nodes.n2.reinstall": 1 },
      "nodes.n2.hardware.serial",
      "hardware-is-identity",
    ],
    ["another hostname", { "nodes.n2.hostname": "two" }, "nodes.n2.hostname", "no-implied-reinstall"],
    [
      "another install disk",
      { "nodes.n2.disks.install.serial": "OTHER" },
      "nodes.n2.disks",
      "no-implied-reinstall",
    ],
    ["two reinstallations at once", { "nodes.n2.reinstall": 2 }, "nodes.n2.reinstall", "reinstall-by-one"],
  ];
  for (const [what, edits, property, rule] of refused) {
    it(`refuses ${what}`, () => {
      const problems = judgeAll(validDescription(), edited(edits) as unknown as ClusterDescription);
      assert.deepEqual(
        problems.map((problem) => [problem.property, problem.rule]),
        [[property, rule]],
      );
    });
  }

  const accepted: [string, Edits][] = [
    ["nothing", {}],
    [
      "defaults written down",
      {
        generation: 1,
        "vip.mode": "static",
        "nodes.n1.hostname": "n1",
        "nodes.n1.role": "default",
        "nodes.n1.reinstall": 0,
      },
    ],
    [
      "a BMC that moved",
      { "nodes.n1.bmc.endpoint": "https://10.9.9.9", "nodes.n1.bmc.password": "another password" },
    ],
    [
      "another disk together with a reinstallation",
      { "nodes.n2.disks.install.serial": "OTHER", "nodes.n2.reinstall": 1 },
    ],
    [
      "a swapped board that is declared",
      {
        "nodes.n2.hardware": { uuid: OTHER, serial: "NEW" },
        "nodes.n2.wasHardware": { uuid: validNode(2).hardware.uuid, serial: "SN2" },
      },
    ],
    [
      "the same host spelt otherwise",
      { "nodes.n2.hardware": { uuid: "44454C4C-4200-1035-8052-B4C04F4E4D02", serial: "sn2 " } },
    ],
    ["another name of the cluster", { name: "other" }],
  ];
  for (const [what, edits] of accepted) {
    it(`accepts ${what}`, () => {
      assert.deepEqual(judgeAll(validDescription(), edited(edits) as unknown as ClusterDescription), []);
    });
  }

  describe("of a machine whose board was swapped before", () => {
    const was = validNode(2).hardware;
    const swapped = edited({
      "nodes.n2.hardware": { uuid: OTHER, serial: "NEW" },
      "nodes.n2.wasHardware": was,
    });
    const judge = (edits: Edits) =>
      judgeAll(
        swapped as unknown as ClusterDescription,
        edited(edits, swapped) as unknown as ClusterDescription,
      ).map(({ property }) => property);

    it("accepts a second swap, the first identity kept", () => {
      assert.deepEqual(judge({ "nodes.n2.hardware": { uuid: THIRD, serial: "NEWER" } }), []);
    });

    it("refuses to forget what it was installed as", () => {
      assert.deepEqual(judge({ "nodes.n2.wasHardware": undefined }), ["nodes.n2.wasHardware"]);
      assert.deepEqual(judge({ "nodes.n2.wasHardware": { uuid: OTHER, serial: "NEW" } }), [
        "nodes.n2.wasHardware",
      ]);
    });

    it("lets it be forgotten together with a reinstallation", () => {
      assert.deepEqual(judge({ "nodes.n2.wasHardware": undefined, "nodes.n2.reinstall": 1 }), []);
    });
  });

  it("takes what is not known yet for unchanged", () => {
    const after = validDescription();
    after.vip.address = Symbol("unknown") as unknown as string;
    after.nodes.n1!.hardware = Symbol("unknown") as never;
    after.nodes.n2!.hardware.uuid = Symbol("unknown") as never;
    after.nodes.n3!.wasHardware = Symbol("unknown") as never;
    assert.deepEqual(judgeAll(validDescription(), after), []);
  });
});

/** Both judgements together: the whole as the plan judges it, each node as its machine does. */
function judgeAll(before: ClusterDescription, after: ClusterDescription): Problem[] {
  const nodes = Object.keys(before.nodes).filter((key) => key in after.nodes);
  return [
    ...judgeCreatedFacts(before, after),
    ...nodes.flatMap((key) => judgeNodeEdit(key, before.nodes[key]!, after.nodes[key]!, `nodes.${key}`)),
  ];
}
