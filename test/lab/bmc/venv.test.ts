import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { ensureVenv, venvFolder } from "../../../lab/bmc/venv";
import { temporaryFolder } from "../support";

describe("lab BMC: Python environment", function () {
  this.timeout(120_000);
  const cache = temporaryFolder();
  after(cache.remove);

  it("is built once, also when two labs start at the same time", async () => {
    const lines: string[] = [];
    const both = await Promise.all([1, 2].map(() => ensureVenv((line) => lines.push(line), cache.path)));
    assert.equal(both[0], both[1]);
    assert.deepEqual(readdirSync(cache.path), [basename(venvFolder(cache.path))]);
    execFileSync(both[0] as string, ["-c", "import sushy_tools.emulator.main"]);
    assert.match(lines.join("\n"), /creating[\s\S]*installing sushy-tools[\s\S]*ready/);
    lines.length = 0;
    assert.equal(await ensureVenv((line) => lines.push(line), cache.path), both[0]);
    assert.deepEqual(lines, []);
  });
});
