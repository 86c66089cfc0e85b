import assert from "node:assert/strict";
import { describeProblem, errorsOf } from "../../model/problem";
import { validateDescription } from "../../model/validate";
import { NEWEST_KNOWN_VERSION } from "../../model/versions";
import { type Edits, edited, validNode } from "./description";

/** Mistakes that people make, each in its shortest form: the property that the error names, its rule, and what it has to say. */
const mistakes: Record<string, [edits: Edits, property: string, rule: string, message: RegExp]> = {
  "a hostname twice": [
    { "nodes.n2.hostname": "n1" },
    "nodes.n2.hostname",
    "hostname-unique",
    /taken by nodes\.n1/,
  ],
  "a MAC address twice": [
    { "nodes.n2.interfaces[0].hwAddr": "52-54-00-00-10-01" },
    "nodes.n2.interfaces[0].hwAddr",
    "mac-unique",
    /already given at nodes\.n1/,
  ],
  "a BMC twice": [
    { "nodes.n2.bmc.endpoint": "https://10.0.0.21/" },
    "nodes.n2.bmc.endpoint",
    "bmc-unique",
    /would switch the other/,
  ],
  "an address twice": [
    { "nodes.n2.address": "192.168.10.11" },
    "nodes.n2.address",
    "node-address-unique",
    /taken by nodes\.n1/,
  ],
  "a host twice, its UUID in the other byte order": [
    { "nodes.n2.hardware.uuid": "44454c4c-4200-1035-8052-b4c04f4e4d01" },
    "nodes.n2.hardware.uuid",
    "uuid-unique",
    /same host as nodes\.n1/,
  ],
  "a VIP that is a node's address": [
    { "vip.address": "192.168.10.12" },
    "vip.address",
    "vip-not-node",
    /address of node n2/,
  ],
  "a VIP outside its subnet": [
    { "vip.address": "192.168.11.10" },
    "vip.address",
    "vip-in-subnet",
    /does not lie in it/,
  ],
  "a VIP in the DHCP range": [
    { "vip.address": "192.168.10.210" },
    "vip.address",
    "vip-outside-dhcp-range",
    /another host may get it/,
  ],
  "an unknown role": [
    { "nodes.n1.role": "managment" },
    "nodes.n1.role",
    "not-one-of",
    /Did you mean "management"\?/,
  ],
  "two witnesses": [
    { "nodes.n2.role": "witness", "nodes.n3.role": "witness" },
    "nodes.n3.role",
    "one-witness",
    /n2 is the witness already/,
  ],
  "a witness beside three management nodes": [
    {
      "nodes.n1.role": "management",
      "nodes.n2.role": "management",
      "nodes.n3.role": "management",
      "nodes.n4": { ...validNode(4), role: "witness" },
    },
    "nodes.n4.role",
    "witness-idle",
    /n1, n2, n3 take all three seats/,
  ],
  "two creators": [
    { "nodes.n2.mode": "create" },
    "nodes.n2.mode",
    "unknown-key",
    /chosen once and kept in the state, so that there are never two/,
  ],
  "an install disk that is missing": [
    { "nodes.n1.disks": {} },
    "nodes.n1.disks.install",
    "missing",
    /without a disk to install on/,
  ],
  "a disk by a name that changes": [
    { "nodes.n1.disks.install.device": "/dev/sda" },
    "nodes.n1.disks.install.device",
    "disk-device",
    /change with a reboot/,
  ],
  "an unknown key": [
    { "nodes.n1.adress": "x" },
    "nodes.n1.adress",
    "unknown-key",
    /Did you mean "address"\?/,
  ],
  wipe_all_disks: [
    { "nodes.n1.disks.wipe_all_disks": true },
    "nodes.n1.disks.wipe_all_disks",
    "unknown-key",
    /list the disks in `disks.wipe`, by serial number/,
  ],
  wipeAllDisks: [{ wipeAllDisks: true }, "wipeAllDisks", "unknown-key", /disks\.wipe/],
  "disks to provision by pattern": [
    { systemSettings: { "auto-disk-provision-paths": "/dev/nvme*n1" } },
    "systemSettings.auto-disk-provision-paths",
    "setting-formats-disks",
    /nobody has reviewed which/,
  ],
  "an artifact folder of another version": [
    { "artifacts.url": "http://mirror/harvester/v1.6.0" },
    "artifacts.url",
    "artifact-version",
    /nodes would not match/,
  ],
};

describe("bad input", () => {
  for (const [what, [edits, property, rule, message]] of Object.entries(mistakes)) {
    it(`${what}: an error at ${property}, and no other`, () => {
      const errors = errorsOf(validateDescription(edited(edits)));
      assert.deepEqual(
        errors.map((problem) => [problem.property, problem.rule]),
        [[property, rule]],
        errors.map(describeProblem).join("\n"),
      );
      assert.match(errors[0]!.message, message);
    });
  }

  it("an unknown version: a warning that names the newest known", () => {
    const [problem, ...others] = validateDescription(edited({ version: "v1.9.7" }));
    assert.deepEqual([problem?.property, problem?.severity, others], ["version", "warning", []]);
    assert.ok(problem?.message.includes(NEWEST_KNOWN_VERSION));
  });
});
