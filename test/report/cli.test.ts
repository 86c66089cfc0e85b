import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../../cli/root";
import { digest, events, refusal, replacementPreview } from "./fixtures";

function report(args: readonly string[], input = "") {
  const script = join(repository, "cli", "report.ts");
  return spawnSync(process.execPath, ["--require", "tsx/cjs", script, ...args], {
    cwd: repository,
    encoding: "utf8",
    input,
  });
}

describe("npm run report", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "report-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("turns standard input into Markdown", () => {
    const { status, stdout, stderr } = report([], events(replacementPreview));
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^### ⚠️ PASS with warnings - replaces n3 by n5/);
  });

  it("turns a file into each of its forms, on standard output or in a file", () => {
    const preview = join(folder, "preview.json");
    writeFileSync(preview, digest(replacementPreview));
    assert.match(report([preview, "--html"]).stdout, /^<!doctype html>/);
    assert.match(report([preview, "--svg"]).stdout, /^<svg /);
    assert.equal(JSON.parse(report([preview, "--json"]).stdout).verdict.outcome, "warnings");
    const out = join(folder, "comment.md");
    assert.equal(report([preview, "--markdown", "--out", out]).stdout, "");
    assert.match(readFileSync(out, "utf8"), /^### .*[^\n]\n/);
  });

  it("ends with 0 for a refused change, because it is reported, and with 2 for what is no preview", () => {
    assert.equal(report([], events({ transition: refusal })).status, 0);
    for (const [args, input, why] of [
      [[], "", /^The input is empty/],
      [[], "error: no stack selected", /^The input is not a preview/],
      [[join(folder, "nowhere.json")], "", /nowhere\.json cannot be read: ENOENT/],
    ] as const) {
      const { status, stdout, stderr } = report(args, input);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, why);
    }
  });

  it("refuses two forms at once", () => {
    const { status, stderr } = report(["--html", "--svg"], events(replacementPreview));
    assert.equal(status, 1);
    assert.match(stderr, /in one format: npm run -s report -- \[file\]/);
  });
});
