import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  type AnalyzeDiagnostic,
  AnalyzeRequest,
  type AnalyzeResponse,
  type AnalyzerInfo,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  EnforcementLevel,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { edited } from "../model/description";
import { UNKNOWN } from "./support";

const root = join(__dirname, "..", "..");

describe("the built policy pack", () => {
  let pack: string;
  let runner: ChildProcess;
  let client: AnalyzerClient;

  before(async () => {
    pack = mkdtempSync(join(tmpdir(), "policy-pack-"));
    for (const file of ["package.json", "PulumiPolicy.yaml"])
      copyFileSync(join(root, "policies", file), join(pack, file));
    symlinkSync(join(root, "node_modules"), join(pack, "node_modules"));
    execFileSync(process.execPath, [join(root, "policies", "build.mjs"), join(pack, "dist")], {
      stdio: "inherit",
    });
    // As the engine's language host starts a pack: its folder last, and as the working directory.
    const script = join(root, "node_modules", "@pulumi", "pulumi", "cmd", "run-policy-pack");
    runner = spawn(process.execPath, [script, "127.0.0.1:9", pack], {
      cwd: pack,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: runner.stdout! });
    const [port] = (await once(lines, "line", { signal: AbortSignal.timeout(15_000) })) as [string];
    client = new AnalyzerClient(`127.0.0.1:${Number(port)}`, credentials.createInsecure());
  });

  after(async () => {
    client?.close();
    if (runner !== undefined && runner.exitCode === null) {
      const exit = once(runner, "exit");
      runner.kill("SIGKILL");
      await exit;
    }
    rmSync(pack, { recursive: true, force: true });
  });

  it("holds the rules", async () => {
    const ask = promisify<Empty, AnalyzerInfo>((request, done) =>
      client.getAnalyzerInfo(request, (error: ServiceError | null, info) => done(error, info)),
    );
    const info = await ask(new Empty());
    assert.equal(info.getName(), "harvester-stack");
    assert.deepEqual(
      info.getPoliciesList().map((policy) => policy.getName()),
      [
        "voters-odd",
        "zone-spread",
        "production-control-plane",
        "artifact-version",
        "one-version",
        "unique-identities",
        "vip-rules",
        "named-disks",
        "secrets-are-secrets",
        "bmc-tls-verified",
        "valid-gates",
        "static-production-vip",
        "protected-production",
        "quorum-kept",
        "topology-or-version",
        "legal-upgrade",
        "replicas-kept",
        "release-budget",
        "reinstalls-announced",
        "overrides-announced",
        "approval-present",
      ],
    );
    for (const policy of info.getPoliciesList()) {
      const about = policy.getName();
      assert.match(policy.getDescription(), /\.$/, about);
      const { ADVISORY, MANDATORY } = EnforcementLevel;
      assert.equal(policy.getEnforcementlevel(), about.endsWith("-announced") ? ADVISORY : MANDATORY, about);
    }
  });

  it("judges a plan by them", async () => {
    assert.deepEqual(await analyze({}), []);
    const [diagnostic, ...rest] = await analyze({ "nodes.n1.bmc.tls": { insecure: true } });
    assert.deepEqual(rest, []);
    assert.equal(diagnostic?.getPolicyname(), "bmc-tls-verified");
    assert.match(diagnostic?.getMessage() ?? "", /n1\.bmc: https:\/\/10\.0\.0\.21 accepts any certificate/);
  });

  it("judges a stack by its name", async () => {
    const small = { "nodes.n3.role": "worker" };
    assert.deepEqual(await analyze(small), []);
    const [diagnostic, ...rest] = await analyze(small, "production");
    assert.deepEqual(rest, []);
    assert.equal(diagnostic?.getPolicyname(), "production-control-plane");
  });

  it("judges all resources of a stack together", async () => {
    const request = new AnalyzeStackRequest();
    for (const [type, name, version] of [
      ["Plan", "plan", "v1.6.1"],
      ["Machine", "n1", "v1.6.0"],
    ]) {
      const resource = new AnalyzerResource();
      resource.setType(`metal:index:${type}`);
      resource.setName(name!);
      resource.setUrn(`urn:pulumi:lab::harvester-stack::metal:index:${type}::${name}`);
      resource.setProperties(Struct.fromJavaScript({ cluster: { ...edited({}), version } as never }));
      resource.setOptions(new AnalyzerResourceOptions());
      resource.getOptions()?.setCustomtimeouts(new AnalyzerResourceOptions.CustomTimeouts());
      request.addResources(resource);
    }
    const ask = promisify<AnalyzeStackRequest, AnalyzeResponse>((asked, done) =>
      client.analyzeStack(asked, (error: ServiceError | null, response) => done(error, response)),
    );
    const said = (await ask(request)).getDiagnosticsList().map((diagnostic) => diagnostic.getMessage());
    assert.equal(said.length, 1);
    assert.match(said[0]!, /n1 has v1\.6\.0, but plan has v1\.6\.1/);
  });

  it("is small, since every run of the engine loads it first", () => {
    assert.ok(statSync(join(pack, "dist", "index.js")).size < 200_000);
  });

  it("judges what is known where something is not", async () => {
    const found = await analyze({ "access.adminPassword": UNKNOWN, "vip.address": "192.168.10.12" });
    assert.deepEqual(
      found.map((diagnostic) => diagnostic.getPolicyname()),
      ["vip-rules"],
    );
  });

  async function analyze(edits: Record<string, unknown>, stack = "lab"): Promise<AnalyzeDiagnostic[]> {
    const request = new AnalyzeRequest();
    request.setType("metal:index:Plan");
    request.setName("plan");
    request.setUrn(`urn:pulumi:${stack}::harvester-stack::metal:index:Plan::plan`);
    const options = new AnalyzerResourceOptions();
    options.setCustomtimeouts(new AnalyzerResourceOptions.CustomTimeouts());
    request.setOptions(options);
    request.setProperties(Struct.fromJavaScript({ cluster: edited(edits) as never }));
    const ask = promisify<AnalyzeRequest, AnalyzeResponse>((asked, done) =>
      client.analyze(asked, (error: ServiceError | null, response) => done(error, response)),
    );
    return (await ask(request)).getDiagnosticsList();
  }
});
