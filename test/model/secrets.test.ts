import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { clearTextSecrets, isSecretPath, leaksOf } from "../../model/secrets";
import { type Edits, edited } from "./description";

const PASSWORD = "a long admin password";

describe("secrets", () => {
  it("are passwords and keys, wherever they stand, and settings that carry them", () => {
    for (const path of [
      "access.adminPassword",
      "access.sshPrivateKey",
      "os.password",
      "nodes.n1.bmc.password",
      "systemSettings.backup-target",
      "os.environment.HTTPS_PROXY",
    ]) {
      assert.ok(isSecretPath(path.split(".")), path);
    }
    for (const path of [
      "name",
      "nodes.n1.bmc.user",
      "systemSettings.log-level",
      "os.sshAuthorizedKeys",
      "os",
    ]) {
      assert.ok(!isSecretPath(path.split(".")), path);
    }
  });

  const leaks = (edits: Edits) => leaksOf(edited(edits)).map(({ property, what }) => `${property}: ${what}`);

  it("do not leak from a description that keeps them in their places", () => {
    assert.deepEqual(leaks({}), []);
    assert.deepEqual(leaks({ "os.environment": { HTTP_PROXY: "http://me:hunter2@proxy:3128" } }), []);
  });

  it("leak where a password is repeated, or a login stands in a URL", () => {
    assert.deepEqual(leaks({ "nodes.n1.labels": { "example.com/pw": PASSWORD } }), [
      'nodes.n1.labels["example.com/pw"]: the value of access.adminPassword',
    ]);
    assert.deepEqual(leaks({ "artifacts.url": "http://me:hunter2@mirror/harvester" }), [
      "artifacts.url: a login",
    ]);
    assert.deepEqual(leaks({ systemSettings: { "csi-driver-config": '{"password": "hunter2"}' } }), [
      "systemSettings.csi-driver-config: a login",
    ]);
    assert.deepEqual(leaks({ "os.sysctls": { a: "-----BEGIN PRIVATE KEY-----" } }), [
      "os.sysctls.a: a login",
    ]);
  });

  it("that are short words do not make leaks of other words", () => {
    assert.deepEqual(leaks({ "nodes.n1.bmc.password": "demo" }), []);
  });
});

describe("secrets in a stack file", () => {
  const stackFile = (edits: Edits) => {
    const reference = { secretFromEnv: "SOME_PASSWORD" };
    const bmcs = Object.fromEntries([1, 2, 3].map((i) => [`nodes.n${i}.bmc.password`, reference]));
    return edited({ "access.adminPassword": { secure: "v1:abc:def" }, ...bmcs, ...edits });
  };

  it("are encrypted, or references", () => {
    assert.deepEqual(clearTextSecrets(stackFile({})), []);
  });

  it("are found in clear, by their paths", () => {
    assert.deepEqual(
      clearTextSecrets(
        stackFile({
          "os.password": "$6$salt$hash",
          "nodes.n2.bmc.password": "calvin",
          systemSettings: { "backup-target": '{"type":"s3","secretAccessKey":"abc"}', "http-proxy": "" },
          "os.environment": { HTTP_PROXY: "http://proxy:3128", HTTPS_PROXY: "http://me:pw@proxy:3128" },
        }),
      ),
      ["os.password", "os.environment.HTTPS_PROXY", "nodes.n2.bmc.password", "systemSettings.backup-target"],
    );
  });

  const stacks = join(__dirname, "..", "..", "stacks");
  for (const file of readdirSync(stacks).filter((name) => /^Pulumi\..+\.yaml$/.test(name))) {
    it(`are not in ${file} of this repository`, () => {
      const { config } = parse(readFileSync(join(stacks, file), "utf8")) as {
        config: Record<string, unknown>;
      };
      assert.deepEqual(clearTextSecrets(config["harvester-stack:cluster"]), []);
    });
  }
});
