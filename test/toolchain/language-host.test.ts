import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { copyFile, link } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLanguageHost } from "../../toolchain/language-host";
import { toolchainPaths } from "../../toolchain/toolchain";
import { eventually, Project, processesOf, repository } from "./project";

const SECRET = "correct-horse-battery-staple";

/** A program with one component; what it learns about its own surroundings becomes the stack's outputs. */
const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const fs = require("node:fs");
const { execFileSync } = require("node:child_process");
const config = new pulumi.Config();
class Probe extends pulumi.ComponentResource {
  constructor(name) {
    super("probe:index:Probe", name, {}, {});
    this.registerOutputs({});
  }
}
new Probe("probe");
exports.plain = config.get("plain");
exports.password = config.requireSecret("password");
exports.environ = fs.readFileSync("/proc/self/environ", "utf8").split("\\0").map((line) => line.split("=")[0]);
exports.child = execFileSync("env", { encoding: "utf8" }).split("\\n").map((line) => line.split("=")[0]);
exports.leaks = [fs.readFileSync("/proc/self/environ", "utf8"), execFileSync("env", { encoding: "utf8" }), process.argv.join(" ")]
  .filter((text) => text.includes(config.require("password"))).length;
exports.stack = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), pulumi.runtime.isDryRun()];
exports.arguments = process.execArgv;
`;

describe("language host", function () {
  this.timeout(60_000);
  let project: Project;

  // The engine with the stand-in beside it, also where this clone has the official language host.
  const root = mkdtempSync(join(tmpdir(), "engine-"));
  const bin = join(root, "bin");
  before(async () => {
    await installLanguageHost(bin, join(root, "lib"));
    const engine = realpathSync(join(toolchainPaths(repository).bin, "pulumi"));
    await link(engine, join(bin, "pulumi")).catch(() => copyFile(engine, join(bin, "pulumi")));
  });
  after(() => rmSync(root, { recursive: true }));
  beforeEach(async () => {
    project = new Project({ typescript: false, nodeargs: "--stack-trace-limit=50 --title 'a probe'" }, bin);
    project.write("index.js", PROGRAM);
  });
  afterEach(() => project.remove());

  async function initialise(): Promise<void> {
    await project.succeed("stack", "init", "dev");
    await project.succeed("config", "set", "plain", "word");
    await project.succeed("config", "set", "--secret", "password", SECRET);
  }

  it("runs preview, up and destroy, and keeps configuration out of every environment", async () => {
    await initialise();
    const preview = await project.run("preview");
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match(preview.stdout, /probe:index:Probe\s+probe\s+create/);
    assert.doesNotMatch(preview.stdout + preview.stderr, /warning/i);

    const up = await project.run("up", "--yes");
    assert.equal(up.code, 0, up.stdout + up.stderr);
    const outputs = await project.outputs();
    assert.equal(outputs.plain, "word");
    assert.equal(outputs.password, SECRET);
    assert.deepEqual(outputs.stack, ["organization", "probe", "dev", false]);
    assert.ok((outputs.arguments as string[]).includes("--stack-trace-limit=50"), String(outputs.arguments));
    assert.ok((outputs.arguments as string[]).includes("a probe"), "quotes in nodeargs keep words together");
    for (const names of [outputs.environ, outputs.child] as string[][]) {
      assert.ok(names.includes("PATH"));
      assert.ok(!names.includes("PULUMI_CONFIG"), "PULUMI_CONFIG is in an environment");
      assert.ok(!names.includes("PULUMI_CONFIG_SECRET_KEYS"));
    }
    assert.equal(outputs.leaks, 0);

    const again = await project.run("preview", "--expect-no-changes");
    assert.equal(again.code, 0, again.stdout);
    const destroy = await project.run("destroy", "--yes");
    assert.equal(destroy.code, 0, destroy.stdout + destroy.stderr);
  });

  it("runs TypeScript through the program's own loader", async () => {
    project.remove();
    project = new Project({ typescript: false, nodeargs: `--require ${require.resolve("tsx/cjs")}` }, bin);
    project.write("package.json", JSON.stringify({ name: "probe", version: "1.0.0", main: "index.ts" }));
    project.write("index.ts", "export const answer: number = 42;\n");
    await project.succeed("stack", "init", "dev");
    await project.succeed("up", "--yes", "--skip-preview");
    assert.deepEqual(await project.outputs(), { answer: 42 });
  });

  it("says a program's error once, without a second one of its own, and at once", async () => {
    project.remove();
    project = new Project(
      {
        typescript: false,
        nodeargs: `--require ${join(repository, "toolchain", "plain-errors.cjs")}`,
      },
      bin,
    );
    project.write("index.js", `throw new Error("the program says no");`);
    await project.succeed("stack", "init", "dev");
    const started = Date.now();
    const { code, stdout, stderr } = await project.run("preview");
    assert.notEqual(code, 0);
    assert.ok(Date.now() - started < 9_000, "without Node.js looping over the stack");
    const said = stdout + stderr;
    assert.match(said, /the program says no/);
    assert.doesNotMatch(said, /exited with non-zero/);
  });

  it("says the exit code of a program that gives no reason", async () => {
    project.write("index.js", "process.exit(7);");
    await project.succeed("stack", "init", "dev");
    const { code, stdout, stderr } = await project.run("preview");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /Program exited with non-zero exit code: 7/);
  });

  it("says what to do when the SDK is not installed", async () => {
    await project.succeed("stack", "init", "dev");
    rmSync(join(project.folder, "node_modules"), { recursive: true });
    const { code, stdout, stderr } = await project.run("preview");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /Have you run pulumi install\?/);
  });

  it("runs a policy pack, which stops a preview, without the configuration in its environment", async () => {
    await initialise();
    const marks = join(project.folder, "pack-environ");
    project.write("policies/PulumiPolicy.yaml", "runtime: nodejs\ndescription: a test\n");
    project.write(
      "policies/package.json",
      JSON.stringify({ name: "pack", version: "1.0.0", main: "index.js" }),
    );
    project.link("@pulumi/pulumi", "policies");
    project.link("@pulumi/policy", "policies");
    project.write(
      "policies/index.js",
      `const { PolicyPack } = require("@pulumi/policy");
       require("node:fs").writeFileSync(${JSON.stringify(marks)}, require("node:fs").readFileSync("/proc/self/environ"));
       new PolicyPack("pack", { policies: [{
         name: "no-probes", description: "Probes are not allowed.", enforcementLevel: "mandatory",
         validateResource: (args, report) => { if (args.type === "probe:index:Probe") report("there is a probe"); },
       }] });`,
    );
    const { code, stdout, stderr } = await project.run("preview", "--policy-pack", "policies");
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /there is a probe/);
    assert.ok(!readFileSync(marks, "utf8").includes(SECRET));
  });

  it("lists the plugins of packages, through links, but not those of a policy pack", async () => {
    await project.succeed("stack", "init", "dev");
    project.write(
      "sdks/linked/package.json",
      packageJson("@pulumi/linked", { resource: true, version: "2.0.0" }),
    );
    project.write("policies/PulumiPolicy.yaml", "runtime: nodejs\n");
    project.write(
      "policies/node_modules/@pulumi/of-the-pack/package.json",
      packageJson("@pulumi/of-the-pack", { resource: true }),
    );
    symlinkSync(join(project.folder, "sdks/linked"), join(project.folder, "node_modules/@pulumi/linked"));
    const about = JSON.parse(await project.succeed("about", "--json"));
    const plugins = about.plugins.map(
      ({ name, version }: { name: string; version: string }) => `${name} ${version}`,
    );
    assert.ok(plugins.includes("linked 2.0.0"), plugins.join());
    assert.ok(!plugins.some((plugin: string) => plugin.startsWith("of-the-pack")), plugins.join());
  });

  it("installs dependencies with npm", async () => {
    project.write(
      "package.json",
      JSON.stringify({ name: "probe", version: "1.0.0", dependencies: { local: "file:./local" } }),
    );
    project.write("local/package.json", JSON.stringify({ name: "local", version: "1.0.0" }));
    const { code, stdout, stderr } = await project.run("install");
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout + stderr, /Finished installing dependencies/);
    assert.ok(existsSync(join(project.folder, "node_modules/local/package.json")));
  });

  it("interrupts the program when the engine is interrupted", async () => {
    const started = join(project.folder, "started");
    const ended = join(project.folder, "ended");
    project.write("index.js", waitingProgram(started, ended));
    await project.succeed("stack", "init", "dev");
    const run = project.start("preview");
    await eventually("the program starts", () => existsSync(started));
    run.process.kill("SIGINT");
    const { code } = await run.ended;
    assert.notEqual(code, 0);
    assert.equal(readFileSync(ended, "utf8"), "SIGINT");
    await eventually("nothing is left running", () => processesOf(project.folder).length === 0);
  });

  it("ends itself and the program when the engine is killed", async () => {
    const started = join(project.folder, "started");
    project.write("index.js", waitingProgram(started, join(project.folder, "ended")));
    await project.succeed("stack", "init", "dev");
    const run = project.start("preview");
    await eventually("the program starts", () => existsSync(started));
    assert.ok(processesOf(project.folder).length >= 3, "engine, language host, program");
    run.process.kill("SIGKILL");
    await run.ended;
    await eventually("nothing is left running", () => processesOf(project.folder).length === 0);
  });
});

function packageJson(name: string, pulumi: object): string {
  return JSON.stringify({ name, version: "1.0.0", pulumi });
}

function waitingProgram(started: string, ended: string): string {
  return `
    const fs = require("node:fs");
    process.on("SIGINT", () => { fs.writeFileSync(${JSON.stringify(ended)}, "SIGINT"); process.exit(0); });
    setInterval(() => undefined, 1000);
    fs.writeFileSync(${JSON.stringify(started)}, "");`;
}
