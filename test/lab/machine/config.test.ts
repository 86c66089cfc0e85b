import assert from "node:assert/strict";
import {
  ConfigError,
  harvesterConfigFile,
  mergeConfig,
  normalise,
  readConfig,
} from "../../../lab/machine/config";

const V = "v1.6.1";

describe("lab machine: reading a configuration", () => {
  it("accepts snake_case, lower case and camelCase, and the singular of lists", () => {
    const expected = { server_url: "u", os: { ssh_authorized_keys: ["a"], dns_nameservers: ["1.1.1.1"] } };
    for (const text of [
      "server_url: u\nos: {ssh_authorized_keys: [a], dns_nameservers: [1.1.1.1]}",
      "serverurl: u\nos: {sshauthorizedkeys: [a], dnsnameservers: [1.1.1.1]}",
      "serverUrl: u\nos: {sshAuthorizedKeys: [a], dnsNameservers: [1.1.1.1]}",
      "serverUrl: u\nos: {ssh_authorized_key: a, dnsNameserver: 1.1.1.1}",
    ]) {
      assert.deepEqual(readConfig(text, V), expected, text);
    }
  });

  it("says nothing about keys it does not know, and about those its version does not know", () => {
    const text =
      "install: {mode: join, vlan: 3, cordoned: true, wipe_disks: true, management-interface: {}}\nsans: [a]";
    assert.deepEqual(readConfig(text, V), { install: { mode: "join" }, sans: ["a"] });
    assert.deepEqual(readConfig(text, "v1.5.1"), { install: { mode: "join" } });
    assert.deepEqual(readConfig(text, "v1.9.0"), { install: { mode: "join", cordoned: true }, sans: ["a"] });
  });

  it("coerces scalars to lists, numbers to strings and words to booleans", () => {
    const text =
      "scheme_version: '1'\nos: {ntp_servers: a, labels: {x: 3}}\ninstall: {automatic: 'true', skipchecks: 'no'}";
    assert.deepEqual(readConfig(text, V), {
      scheme_version: 1,
      os: { ntp_servers: ["a"], labels: { x: "3" } },
      install: { automatic: true, skipchecks: false },
    });
  });

  it("stops at what cannot be coerced", () => {
    for (const text of [
      "- a",
      "a: [",
      "os: text",
      "os: {hostname: [a]}",
      "install: {management_interface: {mtu: big}}",
    ]) {
      assert.throws(() => readConfig(text, V), ConfigError, text);
    }
  });

  it("fills what is empty and appends lists, as the installer merges", () => {
    const line = normalise(
      { os: { hostname: "a", ssh_authorized_keys: ["k"] }, install: { automatic: true } },
      V,
    );
    const file = normalise(
      {
        os: { hostname: "b", password: "p", ssh_authorized_keys: ["k"] },
        install: { automatic: false, mode: "join" },
      },
      V,
    );
    assert.deepEqual(mergeConfig(line, file), {
      os: { hostname: "a", password: "p", ssh_authorized_keys: ["k", "k"] },
      install: { automatic: true, mode: "join" },
    });
  });

  it("stores the effective configuration as the node has it", () => {
    const text = harvesterConfigFile({
      server_url: "u",
      os: { labels: { a_b: "c" } },
      install: { vip_mode: "static" },
    });
    assert.equal(text, "serverurl: u\nos:\n  labels:\n    a_b: c\ninstall:\n  vipmode: static\n");
  });
});
