import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Cache, cacheRoot } from "../../toolchain/cache";

describe("cache", () => {
  let root: string;
  let cache: Cache;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "cache-"));
    cache = new Cache(root);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("lies where XDG says, else in the home folder", () => {
    assert.equal(cacheRoot({ XDG_CACHE_HOME: "/caches" }), "/caches/harvester-stack");
    assert.match(cacheRoot({}), /\/\.cache\/harvester-stack$/);
  });

  it("makes an entry once", async () => {
    let made = 0;
    const fill = async (folder: string) => {
      made++;
      await writeFile(join(folder, "tool"), "a tool");
    };
    assert.equal(cache.find("tool"), undefined);
    const folder = await cache.get("tool", fill);
    assert.equal(await cache.get("tool", fill), folder);
    assert.equal(readFileSync(join(folder, "tool"), "utf8"), "a tool");
    assert.equal(made, 1);
  });

  it("leaves nothing of an entry that failed, and makes it anew", async () => {
    const failing = cache.get("tool", async (folder) => {
      await writeFile(join(folder, "tool"), "half");
      throw new Error("no more disk");
    });
    await assert.rejects(failing, /no more disk/);
    assert.deepEqual(readdirSync(root), []);
    const folder = await cache.get("tool", (staging) => writeFile(join(staging, "tool"), "whole"));
    assert.equal(readFileSync(join(folder, "tool"), "utf8"), "whole");
  });

  it("lets one of several processes work while the others wait", async () => {
    const script = `
      const { Cache } = require(${JSON.stringify(require.resolve("../../toolchain/cache"))});
      const { appendFileSync, writeFileSync } = require("node:fs");
      new Cache(process.argv[1]).get("tool", async (folder) => {
        appendFileSync(process.argv[1] + "/made", "x");
        await new Promise((resolve) => setTimeout(resolve, 300));
        writeFileSync(folder + "/tool", "whole");
      }).then((folder) => process.stdout.write(require("node:fs").readFileSync(folder + "/tool")));`;
    const outputs = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<string>((resolve) => {
            const child = spawn(process.execPath, ["--require", "tsx/cjs", "-e", script, root], {
              stdio: ["ignore", "pipe", "inherit"],
            });
            let output = "";
            child.stdout.on("data", (text) => {
              output += text;
            });
            child.once("close", () => resolve(output));
          }),
      ),
    );
    assert.deepEqual(outputs, ["whole", "whole", "whole"]);
    assert.equal(readFileSync(join(root, "made"), "utf8"), "x");
    assert.deepEqual(readdirSync(root).sort(), ["made", "tool"]);
  });

  it("takes over from a process that died, and clears what it left", async () => {
    const old = new Date(Date.now() - 48 * 60 * 60_000);
    const lock = join(root, ".lock-tool");
    const staging = join(root, ".staging-tool-dead");
    for (const path of [lock, staging]) {
      writeFileSync(path, "");
      utimesSync(path, old, old);
    }
    await cache.get("tool", (folder) => writeFile(join(folder, "tool"), "whole"));
    assert.ok(!existsSync(staging));
    assert.deepEqual(readdirSync(root), ["tool"]);
  });

  it("says once that it waits, and stops waiting when called off", async () => {
    writeFileSync(join(root, ".lock-tool"), "");
    const controller = new AbortController();
    let said = 0;
    const waiting = () => {
      said++;
      setTimeout(() => controller.abort(), 400);
    };
    await assert.rejects(
      cache.get("tool", async () => undefined, { waiting, signal: controller.signal }),
      /abort/i,
    );
    assert.equal(said, 1);
  });
});
