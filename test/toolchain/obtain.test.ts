import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Cache } from "../../toolchain/cache";
import { onPath } from "../../toolchain/find";
import { cacheKey, type ObtainOptions, obtain } from "../../toolchain/obtain";
import { type Pin, pins, platform } from "../../toolchain/pins";
import { DownloadHost } from "./server";
import { fakeTool } from "./tools";

describe("obtain", () => {
  let root: string;
  let said: string[];
  let options: ObtainOptions;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "obtain-"));
    said = [];
    options = {
      cache: new Cache(join(root, "cache")),
      path: join(root, "bin"),
      passOver: [],
      progress: {
        say: (line) => said.push(line),
        step: (what) => ({
          update: (far) => said.push(`${what}: ${far}`),
          done: (result) => said.push(`${what}: ${result}`),
          fail: () => said.push(`${what}: failed`),
        }),
      },
    };
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** A tool made for the test: a release archive at an address, or nothing but Go modules. */
  function pin(archives: Pin["archives"]): Pin {
    return {
      name: "tool",
      version: "1.2.3",
      binaries: ["tool"],
      versionArgs: { tool: ["version"] },
      archives,
      source: { module: "kubernetes", commands: [], ldflags: "" },
    };
  }

  /** A release of the tool as its vendor would serve it. */
  async function release(version: string): Promise<{ host: DownloadHost; pin: Pin }> {
    fakeTool(join(root, "release/tool-1.2.3/tool"), `v${version}`);
    execFileSync("tar", ["-czf", join(root, "tool.tar.gz"), "-C", join(root, "release"), "tool-1.2.3"]);
    const content = readFileSync(join(root, "tool.tar.gz"));
    const host = await DownloadHost.start(content);
    const hex = createHash("sha256").update(content).digest("hex");
    const archive = {
      url: host.url,
      digest: { algorithm: "sha256", hex },
      members: ["tool-1.2.3/tool"],
    } as const;
    return { host, pin: pin({ [platform()]: archive }) };
  }

  it("prefers PATH, then the cache, then the official download", async () => {
    const { host, pin: tool } = await release("1.2.3");
    // tar is found by the process's own search path; the tool is looked for on ours alone
    try {
      const downloaded = await obtain(tool, options);
      assert.equal(downloaded.origin, "official download");
      assert.equal(execFileSync(downloaded.binaries.tool ?? "", { encoding: "utf8" }), "v1.2.3\n");
      assert.ok(said.some((line) => line.includes("official download: downloaded and checked")));
      assert.deepEqual(readdirSync(join(root, "cache/downloads")), [], "the archive is not kept");

      host.requests.length = 0;
      assert.deepEqual(await obtain(tool, options), downloaded);
      assert.deepEqual(host.requests, [], "the cache needs no network");

      fakeTool(join(root, "bin/tool"), "v1.2.3");
      assert.equal((await obtain(tool, options)).origin, "PATH");
      fakeTool(join(root, "bin/tool"), "v9.9.9");
      assert.equal((await obtain(tool, options)).origin, "official download");
      assert.match(said.at(-1) ?? "", /is version 9.9.9, this project needs 1.2.3/);
    } finally {
      await host.stop();
    }
  });

  it("does not keep a download that is another version than it should be", async () => {
    const { host, pin: tool } = await release("1.2.2");
    try {
      await assert.rejects(obtain(tool, options), /official download says it is version 1.2.2, not 1.2.3/);
      assert.equal(options.cache.find(cacheKey(tool)), undefined);
    } finally {
      await host.stop();
    }
  });

  it("says in one line that the download cannot be had, and what Go is needed for", async () => {
    const { host, pin: tool } = await release("1.2.3");
    await host.stop();
    await assert.rejects(obtain(tool, options), /^Error: Go is missing: tool 1\.2\.3 .*Install Go/);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^tool v1\.2\.3: no official download here \(127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
  });

  it("builds from Go modules, telling how far it is", async function () {
    this.timeout(120_000);
    const etcdctl = pins.flatMap((pin) => pin.source.commands).find(({ binary }) => binary === "etcdctl");
    assert.ok(etcdctl);
    const tool: Pin = {
      ...pin({}),
      version: "3.5.21",
      binaries: ["etcdctl"],
      versionArgs: { etcdctl: ["version"] },
      source: { module: "kubernetes", commands: [etcdctl], ldflags: "-s -w" },
    };
    const go = onPath("go", process.env.PATH ?? "");
    assert.ok(go, "Go is installed");
    const built = await obtain(tool, { ...options, path: [options.path, dirname(go)].join(delimiter) });
    assert.equal(built.origin, "Go modules");
    assert.ok(existsSync(built.binaries.etcdctl ?? ""));
    assert.ok(
      said.some((line) => /etcdctl: (compiled \d+ of \d+ packages, \d+ %|linking)$/.test(line)),
      said.join("\n"),
    );
  });

  it("changes the cache key with every pin", () => {
    const keys = new Set(pins.map(cacheKey));
    assert.equal(keys.size, pins.length);
    const [first] = pins;
    assert.ok(first);
    assert.notEqual(cacheKey({ ...first, version: "0.0.0" }), cacheKey(first));
  });
});
