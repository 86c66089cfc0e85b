import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stackOfJob } from "../../cli/ci/job";
import { changedFiles, chosenStacks } from "../../cli/ci/stacks";
import { repository } from "../../cli/root";

describe("the stacks that a workflow is about", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "stacks-"));
    git("init", "-q", "-b", "main");
  });
  after(() => rmSync(folder, { recursive: true }));

  function git(...args: string[]): string {
    const who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    return execFileSync("git", [...who, ...args], { cwd: folder, encoding: "utf8" }).trim();
  }

  function commit(files: Record<string, string | undefined>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (text === undefined) rmSync(join(folder, path));
      else writeFileSync(join(folder, path), text);
    }
    git("add", "--all");
    git("commit", "-q", "-m", "a commit");
    return git("rev-parse", "HEAD");
  }

  it("are those whose file a branch changed since it left the base, and those given by name", async () => {
    const left = commit({
      "stacks/Pulumi.gone.yaml": "a",
      "stacks/Pulumi.main.yaml": "a",
      "stacks/Pulumi.site-b.yaml": "a",
    });
    git("checkout", "-q", "-b", "main-goes-on");
    const base = commit({ "stacks/Pulumi.main.yaml": "changed on the base meanwhile" });
    git("checkout", "-q", "-b", "branch", left);
    commit({
      "README.md": "a",
      "stacks/Pulumi.gone.yaml": undefined,
      "stacks/Pulumi.lab.yaml": "a",
      "stacks/Pulumi.site-b.yaml": "b",
      "stacks/index.ts": "a",
    });
    const changed = await changedFiles(base, folder);
    assert.deepEqual(chosenStacks("", changed), ["site-b"]);
    assert.deepEqual(chosenStacks("site-b, production", changed), ["production", "site-b"]);
  });

  it("are none on the first push of a branch, which has no predecessor", async () => {
    assert.deepEqual(await changedFiles("0".repeat(40), folder), []);
    assert.deepEqual(await changedFiles("", folder), []);
  });

  it("have names that no command takes for a flag", () => {
    assert.throws(() => chosenStacks("", ["stacks/Pulumi.--config-file.yaml"]), /"--config-file" is no name/);
    assert.throws(() => chosenStacks("a;b", []), /"a;b" is no name of a stack/);
  });
});

describe("a job on a runner", () => {
  const backend = "s3://state?region=site-1";

  it("knows its stack", () => {
    assert.equal(stackOfJob({ STACK: "site-b", PULUMI_BACKEND_URL: backend }), "site-b");
    assert.throws(() => stackOfJob({ PULUMI_BACKEND_URL: backend }), /STACK has to name the stack/);
    assert.throws(() => stackOfJob({ STACK: "--yes", PULUMI_BACKEND_URL: backend }), /it is "--yes"/);
  });

  it("refuses a backend that is emptied with the work folder", () => {
    const inside = [
      undefined,
      "",
      `file://${join(repository, ".pulumi-state")}`,
      "file://.",
      "file://./state",
    ];
    for (const url of inside) {
      const env = { STACK: "site-b", PULUMI_BACKEND_URL: url };
      assert.throws(
        () => stackOfJob(env),
        /PULUMI_BACKEND_URL has to name a backend that outlives this job/,
        url,
      );
    }
    for (const url of ["file:///srv/state", "file://~", `file://${repository}-state`]) {
      assert.equal(stackOfJob({ STACK: "site-b", PULUMI_BACKEND_URL: url }), "site-b");
    }
  });
});
