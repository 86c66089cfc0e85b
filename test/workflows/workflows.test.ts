import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { repository } from "../../cli/root";
import { actionlint } from "../../toolchain/pins";
import { obtainTestTool } from "../../toolchain/test-tools";

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

interface Job {
  if?: string;
  "runs-on": string | string[];
  environment?: string;
  permissions?: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  steps: Step[];
}

interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const FOLDER = join(repository, ".github", "workflows");

/** A job with it runs for pull requests from this repository alone. */
const SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository";

/** Building the linter takes most of this, on a machine where it was not yet done. */
const LINTER_TIMEOUT_MS = 300_000;

const texts = Object.fromEntries(
  readdirSync(FOLDER).map((file) => [file, readFileSync(join(FOLDER, file), "utf8")]),
);
const workflows = Object.entries(texts).map(([file, text]) => [file, parse(text) as Workflow] as const);
const jobs = workflows.flatMap(([file, workflow]) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ where: `${file}: ${name}`, workflow, job })),
);

/** Whether a job could give away a secret, or runs on a machine inside somebody's network. */
function isTrusted(job: Job): boolean {
  return /\bsecrets\b/.test(JSON.stringify(job)) || [job["runs-on"]].flat().includes("self-hosted");
}

describe("workflows", () => {
  it("are there, and actionlint finds nothing in them", async function () {
    this.timeout(LINTER_TIMEOUT_MS);
    assert.deepEqual(Object.keys(texts).sort(), ["check.yml", "preview.yml", "up.yml"]);
    const path = await obtainTestTool(actionlint);
    // shellcheck and pyflakes are used where they are found, so that the answer would depend on the machine.
    const args = ["-no-color", "-shellcheck=", "-pyflakes="];
    const { stdout } = await promisify(execFile)(path, args, { cwd: repository });
    assert.equal(stdout, "");
  });

  it("run nothing but npm ci and scripts that there are, so that a person can run the same", () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
    const lines = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => run ?? []));
    assert.ok(lines.length > 0);
    const unknown = lines.filter((line) => {
      const script = /^npm (?:run (?:-s )?([a-z:]+)|(test))$/.exec(line)?.slice(1).find(Boolean);
      return line !== "npm ci" && !(script !== undefined && script in scripts);
    });
    assert.deepEqual(unknown, []);
  });

  it("never run a fork's pull request with secrets or on a runner of one's own", () => {
    for (const [file, { on }] of workflows) assert.ok(!("pull_request_target" in on), file);
    const trusted = jobs.filter(({ job }) => isTrusted(job));
    assert.deepEqual(
      trusted.map(({ where }) => where),
      ["preview.yml: preview", "up.yml: up"],
    );
    const unguarded = trusted
      .filter(({ workflow }) => "pull_request" in workflow.on)
      // A conjunction, so that no other part of the condition can let a fork in.
      .filter(({ job }) => !(job.if ?? "").split(" && ").includes(SAME_REPOSITORY) || job.if!.includes("||"));
    assert.deepEqual(
      unguarded.map(({ where }) => where),
      [],
    );
    // Whoever may push a branch may otherwise read what the protected environment holds.
    for (const { where, job } of trusted) assert.ok(job.environment, where);
  });

  it("check what a fork sends with a token that only reads", () => {
    const forks = workflows.find(([file]) => file === "check.yml")![1];
    assert.ok("pull_request" in forks.on);
    for (const job of Object.values(forks.jobs)) {
      assert.equal(job.if, undefined);
      assert.equal(isTrusted(job), false);
    }
  });

  it("ask for no more permissions than they need", () => {
    for (const [file, { permissions }] of workflows)
      assert.deepEqual(permissions, { contents: "read" }, file);
    const more = jobs.filter(({ job }) => job.permissions !== undefined);
    assert.deepEqual(
      more.map(({ where, job }) => [where, job.permissions]),
      [["preview.yml: preview", { contents: "read", "pull-requests": "write" }]],
    );
    for (const { where, job } of jobs) {
      for (const step of job.steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
        assert.equal(step.with?.["persist-credentials"], false, where);
      }
    }
  });

  it("take actions by commit, with the version beside it", () => {
    for (const [file, text] of Object.entries(texts)) {
      const uses = text.split("\n").filter((line) => /^\s*(- )?uses:/.test(line));
      const loose = uses.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line));
      assert.deepEqual(loose, [], file);
    }
  });

  it("run one up at a time for each stack, of what is described now, and stop none half way", () => {
    const up = workflows.find(([file]) => file === "up.yml")![1].jobs.up!;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
    const group = "up-${{ matrix.stack }}";
    assert.deepEqual(up.concurrency, { group, "cancel-in-progress": false });
    assert.equal(up.environment, "production");
    assert.equal(up.steps.find(({ uses }) => uses?.startsWith("actions/checkout@"))?.with?.ref, "main");
  });

  it("are set up by what their page names: variables, secrets, environments, scripts", () => {
    const page = readFileSync(join(repository, "docs", "pull-requests-in-ci.md"), "utf8");
    const used = Object.values(texts).flatMap((text) => [
      ...[...text.matchAll(/\b(?:vars|secrets)\.([A-Z_]+)/g)].map(([, name]) => name!),
      ...[...text.matchAll(/^ +environment: (\S+)$/gm)].map(([, name]) => name!),
      ...[...text.matchAll(/\b(ci:(?!stacks)[a-z]+)/g)].map(([, name]) => name!),
    ]);
    assert.ok(used.includes("PULUMI_BACKEND_URL") && used.includes("production") && used.includes("ci:up"));
    assert.deepEqual(
      used.filter((name) => !page.includes(name)),
      [],
    );
  });
});
