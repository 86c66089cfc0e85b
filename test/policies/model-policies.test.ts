import assert from "node:assert/strict";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { votersOdd, zoneSpread } from "../../policies/control-plane";
import { namedDisks } from "../../policies/disks";
import { validGates } from "../../policies/gates";
import { uniqueIdentities } from "../../policies/identities";
import { artifactVersion } from "../../policies/one-version";
import { vipRules } from "../../policies/vip";
import { type Edits, edited, validNode } from "../model/description";
import { UNKNOWN, violationsOf } from "./support";

interface Cases {
  policy: ResourceValidationPolicy;
  /** Edits of a valid description that it refuses, with what it says. */
  refuses: [edits: Edits, said: RegExp][];
  /** Edits that are near to those, and right. */
  accepts: Edits[];
}

const policies: Cases[] = [
  {
    policy: votersOdd,
    refuses: [
      [
        {
          "nodes.n1.zone": "a",
          "nodes.n2.zone": "b",
          "nodes.n2.role": "management",
          "nodes.n1.role": "management",
          "nodes.n3.zone": "a",
          "nodes.n3.role": "management",
          "nodes.n4": { ...validNode(4), zone: "c" },
        },
        /^cluster\.nodes: promotion rests at 2 etcd voters \(n1, n2\)/m,
      ],
      [{ "nodes.n2.role": "witness", "nodes.n3.role": "witness" }, /n3\.role: n2 is the witness already/],
    ],
    accepts: [{ "nodes.n3.role": "witness" }, { "nodes.n3": undefined }],
  },
  {
    policy: zoneSpread,
    refuses: [[{ "nodes.n1.zone": "a", "nodes.n2.zone": "b" }, /^cluster\.nodes\.n1\.zone: /]],
    accepts: [{ "nodes.n1.zone": "a", "nodes.n2.zone": "b", "nodes.n3.zone": "c" }],
  },
  {
    policy: validGates,
    refuses: [
      [
        { featureGates: { NodeAuthorizerEnablePodSelectors: true } },
        /Did you mean "AuthorizeNodeWithSelectors"/,
      ],
      [
        {
          version: "v1.7.0",
          "artifacts.url": "http://mirror/harvester/v1.7.0",
          featureGates: { AuthorizeNodeWithSelectors: false },
        },
        /^cluster\.featureGates\.AuthorizeNodeWithSelectors: .*locked to true since Kubernetes 1\.34/,
      ],
    ],
    accepts: [{ featureGates: { AuthorizeNodeWithSelectors: true } }],
  },
  {
    policy: artifactVersion,
    refuses: [
      [{ "artifacts.url": "http://mirror/harvester/v1.6.0" }, /^cluster\.artifacts\.url: leads to v1\.6\.0/],
      [{ version: "1.6.1" }, /^cluster\.version: .*did you mean v1\.6\.1/],
    ],
    accepts: [
      { "artifacts.url": "http://mirror/harvester/v1.6.1" },
      { version: "v1.7.0", "artifacts.url": "http://mirror/harvester/v1.7.0/" },
    ],
  },
  {
    policy: uniqueIdentities,
    refuses: [
      [{ "nodes.n2.hostname": "n1" }, /^cluster\.nodes\.n2\.hostname: /],
      [{ "nodes.n2.address": "192.168.10.11" }, /n2\.address: 192\.168\.10\.11 is taken/],
      [{ "nodes.n2.interfaces[0].hwAddr": "52:54:00:00:10:01" }, /already given/],
      [{ "nodes.n2.hardware.uuid": "44454c4c-4200-1035-8052-b4c04f4e4d01" }, /one byte order or the other/],
      [{ "nodes.n2.hardware.serial": "SN1" }, /one host is one node/],
      [{ "nodes.n2.bmc.endpoint": "https://10.0.0.21" }, /would switch the other/],
      [{ "nodes.n2.disks.install.serial": "OS1" }, /n2\.disks\.install\.serial/],
      [
        { "nodes.n2.wasHardware": { uuid: validNode(1).hardware.uuid, serial: "OLD" } },
        /a board belongs to one node/,
      ],
    ],
    accepts: [{ "nodes.n2.hostname": "two" }],
  },
  {
    policy: vipRules,
    refuses: [
      [{ "vip.address": "192.168.10.12" }, /^cluster\.vip\.address: .*node n2/],
      [{ "vip.address": "192.168.11.10" }, /nobody could reach it/],
      [{ "vip.address": "192.168.10.210" }, /another host may get it/],
      [{ "vip.address": "192.168.10.1" }, /is the gateway/],
      [{ "nodes.n1.bmc.endpoint": "https://192.168.10.10" }, /n1's BMC/],
      [{ "vip.mode": "dhcp" }, /^cluster\.vip\.hardwareAddress: is missing/],
      [{ "vip.address": "fd00::1" }, /no IPv4 address/],
    ],
    accepts: [{ "vip.address": "192.168.10.99" }],
  },
  {
    policy: namedDisks,
    refuses: [
      [
        { "nodes.n1.disks.install.device": "/dev/sda" },
        /^cluster\.nodes\.n1\.disks\.install\.device: "\/dev\/sda"/,
      ],
      [{ "nodes.n1.disks.wipe": [{ device: "/dev/nvme1n1", serial: "X" }] }, /wipe\[0\]\.device/],
      [{ "nodes.n1.disks.data.serial": "" }, /data\.serial: is empty/],
      [{ systemSettings: { "auto-disk-provision-paths": "/dev/sd*" } }, /auto-disk-provision-paths/],
    ],
    accepts: [{ "nodes.n1.disks.install.device": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1" }],
  },
];

for (const { policy, refuses, accepts } of policies) {
  describe(`policy ${policy.name}`, () => {
    const judge = (edits: Edits) => violationsOf(policy, { cluster: edited(edits) });

    for (const [edits, said] of refuses) {
      it(`refuses ${JSON.stringify(edits)}`, async () => {
        assert.match((await judge(edits)).join("\n"), said);
      });
    }

    it("accepts a good description, and edits of it that are right", async () => {
      for (const edits of [{}, ...accepts]) assert.deepEqual(await judge(edits), [], JSON.stringify(edits));
    });

    it("keeps silent about what is not known yet, and goes on with the rest", async () => {
      const [edits, said] = refuses[0]!;
      const unknown = { "access.adminPassword": UNKNOWN, "nodes.n1.bmc.password": UNKNOWN };
      assert.deepEqual(await judge(unknown), []);
      assert.match((await judge({ ...edits, ...unknown })).join("\n"), said);
      assert.deepEqual(await judge({ nodes: UNKNOWN, vip: UNKNOWN, version: UNKNOWN }), []);
      assert.deepEqual(await violationsOf(policy, { cluster: UNKNOWN }), []);
    });

    it("judges the plan only", async () => {
      assert.deepEqual(await violationsOf(policy, { cluster: 1 }, {}, { type: "metal:index:Machine" }), []);
    });
  });
}
