import assert from "node:assert/strict";
import { commandLineConfig, kernelParameter } from "../../../lab/machine/cmdline";
import { ConfigError } from "../../../lab/machine/config";

describe("lab machine: kernel command line", () => {
  it("nests dotted keys, makes lists of repeated ones and takes quotes for spaces", () => {
    const line =
      'initrd=x root=live:http://h/r console=tty1 harvester.token="two words" harvester.os.hostname=n1 ' +
      'harvester.os.ssh_authorized_keys="ssh-ed25519 A a" harvester.os.ssh_authorized_keys="ssh-ed25519 B b" ' +
      "harvester.install.automatic harvester.scheme_version=1";
    assert.deepEqual(commandLineConfig(line), {
      token: "two words",
      os: { hostname: "n1", ssh_authorized_keys: ["ssh-ed25519 A a", "ssh-ed25519 B b"] },
      install: { automatic: "true" },
      scheme_version: 1,
    });
    assert.equal(kernelParameter(line, "root"), "live:http://h/r");
  });

  it("reads interfaces in every form", () => {
    const key = "harvester.install.management_interface.interfaces";
    const read = (line: string) =>
      (commandLineConfig(line) as { install: { management_interface: { interfaces: unknown } } }).install
        .management_interface.interfaces;
    assert.deepEqual(read(`${key}=ens3`), [{ name: "ens3" }]);
    assert.deepEqual(read(`${key}="hwAddr: aa:bb:cc:dd:ee:ff"`), [{ hwAddr: "aa:bb:cc:dd:ee:ff" }]);
    assert.deepEqual(read(`${key}=aa:bb:cc:dd:ee:ff ${key}=name:ens4`), [
      { hwAddr: "aa:bb:cc:dd:ee:ff" },
      { name: "ens4" },
    ]);
    assert.deepEqual(read(`${key}=name:ens4,hwAddr:aa:bb:cc:dd:ee:ff`), [
      { name: "ens4", hwAddr: "aa:bb:cc:dd:ee:ff" },
    ]);
    assert.throws(() => read(`${key}=a:b:c`), ConfigError);
  });

  it("stops at a scheme version that is no number", () => {
    assert.throws(() => commandLineConfig("harvester.scheme_version=one"), /ParseUint/);
  });
});
