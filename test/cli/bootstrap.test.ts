import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(__dirname, "..", "..");

function command(args: readonly string[], options: { env?: NodeJS.ProcessEnv; root?: string } = {}) {
  const script = join(options.root ?? repository, "cli", "bootstrap.mjs");
  return spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    env: options.env ?? process.env,
    timeout: 30_000,
  });
}

describe("bootstrap", function () {
  this.timeout(40_000);

  it("hands everything over to pulumi, and its exit code back", () => {
    const version = command(["pulumi", "version"]);
    assert.equal(version.stdout, "v3.245.0\n");
    assert.equal(version.status, 0);
    const failed = command(["pulumi", "stack", "select", "no-such-stack", "--non-interactive"]);
    assert.notEqual(failed.status, 0);
    assert.match(failed.stderr, /no stack named 'no-such-stack' found/);
  });

  it("refuses a command that does not exist, naming those that do", () => {
    const { status, stderr } = command(["stat"]);
    assert.equal(status, 1);
    assert.match(stderr, /^There is no command "stat"; there are start, stop, .*test\.\n$/);
  });

  it("says in one line what is missing on the machine and what for", () => {
    // A bare clone: nothing but the scripts, and a search path with Node.js alone.
    const root = mkdtempSync(join(tmpdir(), "bare-"));
    try {
      mkdirSync(join(root, "bin"));
      symlinkSync(process.execPath, join(root, "bin", "node"));
      mkdirSync(join(root, "cli"));
      copyFileSync(join(repository, "cli", "bootstrap.mjs"), join(root, "cli", "bootstrap.mjs"));
      const env = { PATH: join(root, "bin") };
      const test = command(["test"], { root, env });
      assert.equal(test.status, 1);
      assert.match(test.stderr, /^git is missing: [^\n]+ Install git\.\n$/);
      const start = command(["start"], { root, env });
      assert.match(start.stderr, /^Python 3 with venv is missing: [^\n]+\n$/);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
