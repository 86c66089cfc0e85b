import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { engineCommand, whyNotWhole } from "../../../provider/shell/engine-command";

describe("what the engine was asked for", () => {
  for (const command of [
    "pulumi destroy",
    "/usr/bin/pulumi destroy --yes --skip-preview --stack lab",
    "pulumi --cwd stacks down -yf",
    "pulumi dn --continue-on-error -sproduction-text",
    "pulumi destroy --yes -m next",
    "pulumi -C xt destroy --exec-kind auto.local",
  ]) {
    it(`"${command}" destroys the whole stack`, () => {
      assert.equal(whyNotWhole(command.split(" "), {}), undefined);
    });
  }

  for (const [command, why] of [
    ["pulumi destroy --target urn --target-dependents", /^--target picks/],
    ["pulumi destroy --target=urn", /^--target picks/],
    ["pulumi destroy --yes --target-dependents", /^--target-dependents picks/],
    ["pulumi destroy -t urn", /^--target picks/],
    ["pulumi destroy -yft urn", /^--target picks/],
    ["pulumi destroy -turn", /^--target picks/],
    ["pulumi destroy -rx urn", /^--exclude picks/],
    ["pulumi destroy --exclude urn", /^--exclude picks/],
    ["pulumi destroy --exclude-protected", /^--exclude-protected picks/],
    ["pulumi destroy -y -m --target", /^--target picks/],
    ["pulumi up --yes", /this may be a pulumi up/],
    ["pulumi -C destroy up", /this may be a pulumi up/],
    ["pulumi --stack dn refresh", /this may be a pulumi refresh/],
    ["pulumi up --message destroy", /this may be a pulumi up/],
    ["node --require tsx/cjs test.js", /not started by a pulumi command/],
    ["", /not started by a pulumi command/],
  ] as const) {
    it(`"${command}" does not`, () => {
      assert.match(whyNotWhole(command.split(" "), {}) ?? "", why);
    });
  }

  for (const name of ["PULUMI_OPTION_TARGET", "PULUMI_OPTION_TARGET_DEPENDENTS", "PULUMI_OPTION_EXCLUDE"]) {
    it(`"pulumi destroy" with ${name} in the environment does not`, () => {
      assert.equal(whyNotWhole(["pulumi", "destroy"], { [name]: "urn" }), `${name} picks single resources`);
    });
  }

  it("a command that cannot be read does not", () => {
    assert.match(whyNotWhole(undefined, {}) ?? "", /could not be read/);
  });

  it("is read from the process that started this one, with its values apart", async () => {
    const program = "console.log(); setInterval(() => {}, 1000)";
    const child = spawn(process.execPath, ["-e", program, "--", "a b", "--c"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      await once(child.stdout, "data");
      const command = engineCommand(child.pid);
      assert.ok(command !== undefined && /node/.test(command[0]!), JSON.stringify(command));
      assert.deepEqual(command.slice(-2), ["a b", "--c"]);
    } finally {
      child.kill();
    }
  });

  it("is not known of a process that is gone", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    assert.equal(engineCommand(child.pid), undefined);
  });
});
