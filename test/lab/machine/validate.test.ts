import assert from "node:assert/strict";
import { Disks } from "../../../lab/machine/disks";
import { preflightWarnings } from "../../../lab/machine/preflight";
import { formatServerUrl, validateInstall } from "../../../lab/machine/validate";
import { siteHardware } from "../../../lab/site";
import type { HarvesterConfig, MachineHardware } from "../../../lab/types";

const [M1] = siteHardware() as [MachineHardware];
const DEVICE = M1.disks[0]?.byId[0] as string;
const DATA = M1.disks[1]?.byId[0] as string;

type Changes = { top?: object; os?: object; install?: object; network?: object };

function config({ top, os, install, network }: Changes = {}): HarvesterConfig {
  return {
    scheme_version: 1,
    token: "t",
    os: { hostname: "n1", password: "p", dns_nameservers: ["1.1.1.1"], ...os },
    install: {
      mode: "create",
      iso_url: "http://x/y.iso",
      device: DEVICE,
      data_disk: DATA,
      management_interface: { interfaces: [{ name: "ens1f0" }], method: "dhcp", ...network },
      vip: "127.77.0.10",
      vip_mode: "static",
      ...install,
    },
    ...top,
  };
}

function check(given: HarvesterConfig, version = "v1.6.1", hardware = M1): void {
  const disks = new Disks("/nowhere", () => hardware.disks);
  validateInstall(given, hardware, version, (device) => disks.find(device));
}

function withDisk(gib: number): MachineHardware {
  return {
    ...M1,
    disks: M1.disks.map((disk, index) => (index === 0 ? { ...disk, bytes: gib * 1024 ** 3 } : disk)),
  };
}

describe("lab machine: what the installer refuses", () => {
  it("accepts a complete configuration", () => {
    check(config());
    check(
      config({
        top: { server_url: "https://127.77.0.10" },
        install: { mode: "join", vip: undefined, vip_mode: "" },
      }),
    );
    check(
      config({
        network: { method: "static", ip: "127.77.0.11", subnet_mask: "255.255.255.0", gateway: "127.77.0.1" },
      }),
    );
  });

  const refused: [string, Changes, RegExp][] = [
    ["a missing scheme version", { top: { scheme_version: undefined } }, /scheme version: 0/],
    ["server_url in create", { top: { server_url: "https://h" } }, /ServerURL need to be empty/],
    ["a join without server_url", { install: { mode: "join" } }, /ServerURL can't empty/],
    ["an unknown mode", { install: { mode: "grow" } }, /unknown mode: grow/],
    ["an unknown role", { install: { role: "boss" } }, /unknown role: boss/],
    ["a missing ISO", { install: { iso_url: "" } }, /iso_url is required/],
    ["a missing token", { top: { token: "" } }, /token not specified/],
    ["a token with other characters", { top: { token: "tökèn" } }, /Invalid token/],
    ["no credentials", { os: { password: "" } }, /no SSH authorized keys or passwords/],
    ["a bad hostname", { os: { hostname: "N_1" } }, /Invalid hostname/],
    ["a missing device", { install: { device: "/dev/sdz" } }, /lstat \/dev\/sdz: no such file/],
    ["no device", { install: { device: "" } }, /no device specified/],
    ["an unknown NIC", { network: { interfaces: [{ name: "eth9" }] } }, /no interface matching eth9/],
    ["no NIC", { network: { interfaces: [] } }, /no interface specified for management/],
    ["no method", { network: { method: "none" } }, /either static or DHCP/],
    [
      "static without gateway",
      { network: { method: "static", ip: "127.77.0.11", subnet_mask: "255.255.255.0" } },
      /must specify gateway/,
    ],
    [
      "a prefix length as mask",
      { network: { method: "static", ip: "127.77.0.11", subnet_mask: "24", gateway: "127.77.0.1" } },
      /24 is not a valid IP/,
    ],
    [
      "static without DNS",
      { os: { dns_nameservers: [] }, network: { method: "static" } },
      /DNS servers are required/,
    ],
    ["a VIP that is no IPv4 address", { install: { vip: "vip.local" } }, /vip.local is not a valid IP/],
    ["no VIP mode", { install: { vip_mode: "" } }, /unknown network method/],
    ["a DHCP VIP without MAC", { install: { vip_mode: "dhcp" } }, /invalid hardware address/],
    [
      "an unknown setting",
      { top: { system_settings: { "ntp-server": "" } } },
      /unknown system settings: ntp-server/,
    ],
    ["a bad label", { os: { labels: { "a b": "c" } } }, /Invalid label/],
    [
      "a small persistent partition",
      { install: { data_disk: undefined, persistent_partition_size: "100Gi" } },
      /too small/,
    ],
    [
      "a huge persistent partition",
      { install: { data_disk: undefined, persistent_partition_size: "440Gi" } },
      /too large/,
    ],
  ];
  for (const [what, changes, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => check(config(changes)), message));
  }

  it("knows the disk minima of each version", () => {
    assert.throws(() => check(config(), "v1.6.1", withDisk(179)), /At least 180G/);
    assert.throws(
      () => check(config({ install: { data_disk: undefined } }), "v1.6.1", withDisk(249)),
      /At least 250G/,
    );
    check(config({ install: { data_disk: undefined, role: "witness" } }), "v1.6.1", withDisk(180));
    assert.throws(() =>
      check(config({ install: { data_disk: undefined, role: "witness" } }), "v1.5.1", withDisk(180)),
    );
    assert.throws(() => check(config({ install: { skipchecks: true } }), "v1.7.0", withDisk(100)));
    check(config({ install: { skipchecks: true } }), "v1.8.0", withDisk(100));
  });

  it("accepts settings by version", () => {
    const given = config({ top: { system_settings: { "upgrade-config": "{}" } } });
    assert.throws(() => check(given, "v1.7.3"), /unknown system settings/);
    check(given, "v1.8.0");
  });

  it("normalises server_url", () => {
    assert.equal(formatServerUrl("10.0.0.10"), "https://10.0.0.10");
    assert.equal(formatServerUrl("https://vip.example.com:443"), "https://vip.example.com:443");
    for (const bad of ["https://h:6443", "http://h", "https://h/path", "https://", "[::1]"]) {
      assert.throws(() => formatServerUrl(bad), `${bad} was accepted`);
    }
  });
});

describe("lab machine: preflight", () => {
  const warn = (changes: Partial<MachineHardware>, version = "v1.6.1") =>
    preflightWarnings({ ...M1, ...changes }, config(), version);

  it("has nothing to say about the default hardware", () => assert.deepEqual(warn({}), []));

  it("also warns below the limits for production", () => {
    assert.match(warn({ cores: 8 }).join(), /at least 16 cores/);
    assert.match(warn({ cores: 4 }).join(), /8 cores for testing/);
    assert.match(warn({ memoryGiB: 32 }).join(), /64GiB/);
    assert.match(warn({ kvm: false }).join(), /\/dev\/kvm/);
    assert.match(warn({ nics: [{ name: "ens1f0", mac: "m", speedMbps: 1000 }] }).join(), /10Gbps/);
    assert.match(warn({ bootMode: "Legacy" }, "v1.7.1").join(), /legacy BIOS/);
    assert.deepEqual(warn({ bootMode: "Legacy" }), []);
  });
});
