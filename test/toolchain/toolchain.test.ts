import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version as sdk } from "@pulumi/pulumi/version";
import { pulumi } from "../../toolchain/pins";
import { duration, progressOn } from "../../toolchain/progress";
import { checkSdkVersion, hasStandIns, installToolchain } from "../../toolchain/toolchain";
import { repository } from "./project";

describe("toolchain", () => {
  it("pins the engine to the version of the SDK", () => {
    assert.equal(pulumi.version, sdk);
    checkSdkVersion(repository);
  });

  it("refuses an SDK of another version, saying what to do", () => {
    const clone = mkdtempSync(join(tmpdir(), "clone-"));
    try {
      assert.throws(() => checkSdkVersion(clone), /is missing. Run npm ci/);
      const folder = join(clone, "node_modules", "@pulumi", "pulumi");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "package.json"), JSON.stringify({ version: "3.1.0" }));
      assert.throws(
        () => checkSdkVersion(clone),
        /is 3\.1\.0, the engine is pinned to .* Run npm ci; to move/,
      );
    } finally {
      rmSync(clone, { recursive: true });
    }
  });

  it("is silent and quick once everything is there", async () => {
    const said: string[] = [];
    const output = { write: (text: string) => said.push(text) };
    const toolchain = await installToolchain(repository, { progress: progressOn(output) });
    const started = Date.now();
    said.length = 0;
    assert.deepEqual(await installToolchain(repository, { progress: progressOn(output) }), toolchain);
    assert.ok(Date.now() - started < 1_000);
    assert.deepEqual(said, []);
  });

  it("knows when anything is stood in for", () => {
    const official = {
      key: "",
      tools: {},
      languageHost: "official",
      plugins: { command: "official" },
    } as const;
    assert.ok(!hasStandIns(official));
    assert.ok(hasStandIns({ ...official, languageHost: "stand-in" }));
    assert.ok(hasStandIns({ ...official, plugins: { command: "stand-in" } }));
  });
});

describe("progress", () => {
  it("gives every piece of work a first and a last line where there is no terminal", () => {
    const said: string[] = [];
    const progress = progressOn({ write: (text: string) => said.push(text) });
    const step = progress.step("tool v1");
    step.update("half");
    step.done("built");
    assert.deepEqual(said, ["tool v1 (0 s)\n", "tool v1: built (0 s)\n"]);
  });

  it("redraws one line on a terminal, never wider than it", () => {
    const said: string[] = [];
    const progress = progressOn({ write: (text: string) => said.push(text), isTTY: true, columns: 10 });
    progress.step("a very long name").fail();
    assert.deepEqual(said, ["\r\u001b[2Ka very lo", "\r\u001b[2Ka very long name: failed after 0 s\n"]);
  });

  it("tells time as a person would", () => {
    assert.equal(duration(4_300), "4 s");
    assert.equal(duration(187_000), "3 min 07 s");
  });
});
