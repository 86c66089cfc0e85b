import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markOf } from "../../cli/ci/comment";
import { processes } from "../e2e/processes";
import { type Run, World } from "../e2e/world";
import { until } from "../toolchain/offline/support/until";
import { GitHub } from "../workflows/github";
import { Runner } from "./runner";
import { Bucket, type Lock } from "./s3";

/** Building the S3 server takes most of this, on a machine where it was not yet done. */
const START_TIMEOUT_MS = 900_000;
const TIMEOUT_MS = 180_000;

describe("runners of workflows that share a state on S3", function () {
  this.timeout(TIMEOUT_MS);
  let world: World;
  let bucket: Bucket;
  let github: GitHub;
  let first: Runner;
  let second: Runner;

  before(async function () {
    this.timeout(START_TIMEOUT_MS);
    world = await World.start();
    world.withoutObjects();
    bucket = await Bucket.start(join(world.dir, "s3"));
    github = await GitHub.start();
    const env = { ...bucket.environment(), STACK: "lab" };
    first = new Runner(world, env);
    second = new Runner(world, env);
    succeeded(await first.npm(["run", "-s", "pulumi", "--", "stack", "init", "lab", "--non-interactive"]));
  });

  after(async () => {
    first?.stop();
    second?.stop();
    await github?.stop();
    await bucket?.stop();
    await world?.stop();
  });

  it("keep the state in the bucket and nowhere else", () => {
    assert.ok(bucket.list(".pulumi/stacks/harvester-stack").includes("lab.json"));
    assert.equal(existsSync(join(first.folder, ".pulumi-state")), false);
  });

  it("preview into the comment of the pull request, and keep a page and a picture", async () => {
    const before = world.snapshot();
    const run = succeeded(await first.npm(["run", "-s", "ci:preview"], github.environment()));
    const [comment] = github.comments;
    assert.match(comment!.body, /^<!-- harvester-stack: preview of lab -->\n### (✅|⚠️) PASS/);
    assert.match(comment!.body, /\(https:\/\/github\.example\/someone\/clusters\/actions\/runs\/42\)\s*$/);
    const page = readFileSync(join(first.folder, "dist", "preview", "lab.html"), "utf8");
    assert.match(page, /^<!doctype html>/);
    assert.match(readFileSync(join(first.folder, "dist", "preview", "lab.svg"), "utf8"), /^<svg /);
    for (const name of ["bmc-password", "admin-password"] as const) {
      const secret = world.secret(name);
      for (const shown of [run.output, comment!.body, page]) assert.ok(!shown.includes(secret), name);
    }
    assert.deepEqual(world.snapshot(), before);
  });

  it("fail with a preview that fails, and say so in the same comment", async () => {
    world.edit(({ cluster }) => {
      cluster.version = "v0.0.1";
    });
    copyFileSync(world.configFile, second.stackFile);
    const refused = await second.npm(["run", "-s", "ci:preview"], github.environment());
    assert.notEqual(refused.code, 0, refused.output);
    assert.match(github.comments[0]!.body, /^<!-- .* -->\n### ⛔ REFUSED/);
    copyFileSync(first.stackFile, second.stackFile);

    const unknown = { ...github.environment(), STACK: "site-b" };
    const nothing = await second.npm(["run", "-s", "ci:preview"], unknown);
    assert.notEqual(nothing.code, 0);
    assert.match(nothing.stderr, /no stack named 'site-b' found/);
    assert.equal(github.comments.length, 2);
    assert.ok(github.comments[1]!.body.startsWith(`${markOf("site-b")}### ⛔ There is no preview of stack`));
  });

  it("leave their lock where they are killed, and the next one is told whose it is", async () => {
    await world.lab.fault("m1", "install-hangs");
    const started = new Promise<void>((resolve) => {
      const stop = world.onLedger(({ event }) => {
        if (event !== "install-started") return;
        stop();
        resolve();
      });
    });
    const working = first.npm(["run", "-s", "ci:up"]);
    await Promise.race([
      started,
      working.then(({ output }) => assert.fail(`it did not install:\n${output}`)),
    ]);
    const [lock, ...others] = bucket.locks();
    assert.deepEqual(others, []);
    process.kill(lock!.pid, "SIGKILL");
    const killed = await working;
    assert.notEqual(killed.code, 0, killed.output);
    assert.deepEqual(bucket.locks(), [lock]);
    await isRefused(second, lock!);
  });

  it("go on where a killed one stood once its lock is cancelled, and keep others out meanwhile", async () => {
    succeeded(await second.npm(["run", "-s", "pulumi", "--", "cancel", "--yes", "--stack", "lab"]));
    assert.deepEqual(bucket.locks(), []);
    const working = second.npm(["run", "-s", "ci:up"]);
    // Its first lock is that of the refresh before the up.
    let holder: Lock | undefined;
    await until("the second runner is at work", TIMEOUT_MS, () => {
      const all = processes();
      const isUp = (wanted: number) =>
        all.some(({ pid, command }) => pid === wanted && / up --yes /.test(command));
      holder = bucket.locks().find(({ pid }) => isUp(pid));
      return holder !== undefined;
    });
    await isRefused(first, holder!);

    await world.lab.clearFault("m1", "install-hangs");
    const run = succeeded(await working);
    assert.match(run.stdout, /### Stack `lab` after the `up`\n\n[\s\S]*Ready/);
    assert.equal(world.happened("install-started").length, 1);
    assert.deepEqual(bucket.locks(), []);
  });

  async function isRefused(runner: Runner, holder: Lock) {
    const refused = await runner.npm(["run", "-s", "ci:up"]);
    assert.notEqual(refused.code, 0, refused.output);
    const { username, hostname, pid } = holder;
    assert.ok(refused.output.includes("the stack is currently locked by 1 lock(s)"), refused.output);
    assert.ok(refused.output.includes(`created by ${username}@${hostname} (pid ${pid})`), refused.output);
  }
});

function succeeded(run: Run): Run {
  assert.equal(run.code, 0, run.output);
  return run;
}
