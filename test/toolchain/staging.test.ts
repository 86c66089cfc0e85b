import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearLeftovers, placeFile, placeSymlink, placeText } from "../../toolchain/staging";

describe("what is made under a temporary name", () => {
  let folder: string;
  const inside = (name: string) => join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "staging-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("leaves only itself, also where the very same file is there already", async () => {
    writeFileSync(inside("engine"), "the engine");
    for (let times = 0; times < 2; times++) {
      await placeFile(inside("engine"), inside("pulumi"));
      await placeSymlink(inside("engine"), inside("etcd"));
      await placeText("{}", inside("installed.json"));
    }
    assert.deepEqual(readdirSync(folder).sort(), ["engine", "etcd", "installed.json", "pulumi"]);
    assert.equal(statSync(inside("pulumi")).ino, statSync(inside("engine")).ino);
    assert.equal(readlinkSync(inside("etcd")), inside("engine"));
    assert.equal(readFileSync(inside("installed.json"), "utf8"), "{}");
  });

  it("is cleared away when its process is dead, and nothing else is", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const kept = ["pulumi", `pulumi.${process.pid}`, "pulumi.1", `pulumi.${dead}.sha256`, `etcd.${dead}`];
    for (const name of [...kept, `pulumi.${dead}`]) writeFileSync(inside(name), "");
    mkdirSync(join(inside(`lib.${dead}`), "deep"), { recursive: true });
    await clearLeftovers([inside("pulumi"), inside("lib"), join(inside("nowhere"), "pulumi")]);
    assert.deepEqual(readdirSync(folder).sort(), kept.sort());
  });
});
