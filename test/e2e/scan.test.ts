import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessSampler, scanFolder, secretsIn } from "./scan";

const secrets = {
  password: "correct-horse-battery",
  key: "-----BEGIN X-----\nAAAAB3NzaC1yc2EAAAADAQABAAAB\n-----END X-----",
};

describe("the scan for secrets", () => {
  it("finds a secret as it stands, in JSON, and one line of a key", () => {
    assert.deepEqual(secretsIn('{"a":"correct-horse-battery"}', secrets), ["password"]);
    assert.deepEqual(secretsIn("key: AAAAB3NzaC1yc2EAAAADAQABAAAB\\n", secrets), ["key"]);
  });

  for (const before of ["", "x", "xx", "xxx"]) {
    it(`finds a secret within base64, ${before.length} bytes before it`, () => {
      for (const after of ["", "y", "yy"]) {
        const text = Buffer.from(`${before}correct-horse-battery${after}`).toString("base64");
        assert.deepEqual(secretsIn(`{"data": "${text}"}`, secrets), ["password"]);
      }
    });
  }

  it("finds nothing where there is nothing", () => {
    assert.deepEqual(secretsIn("correct-horse", secrets), []);
    assert.deepEqual(secretsIn("-----BEGIN X-----", secrets), []);
  });

  it("finds a secret planted in a file below a folder", () => {
    const folder = mkdtempSync(join(tmpdir(), "scan-"));
    try {
      mkdirSync(join(folder, "deep"));
      writeFileSync(join(folder, "clean"), "nothing");
      writeFileSync(join(folder, "deep", "leak"), "pass=correct-horse-battery");
      assert.deepEqual(scanFolder(folder, secrets), [`${join(folder, "deep", "leak")}: password`]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("finds a secret planted in an argument and one in the environment of a process", async () => {
    const child = spawn(
      process.execPath,
      ["-e", "process.stdin.resume(); console.log(1)", "correct-horse-battery"],
      {
        env: { LEAK: "AAAAB3NzaC1yc2EAAAADAQABAAAB" },
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    try {
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const sampler = new ProcessSampler(child.pid!);
      sampler.stop();
      const found = [...sampler.seen].flatMap((text) => secretsIn(text, secrets));
      assert.deepEqual(found.sort(), ["key", "password"]);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
