import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repository } from "./project";

/** What a program sees that was started as Pulumi.yaml starts ours. */
function seenBy(program: string, ...args: string[]): unknown {
  const script = `
    const pulumi = require("@pulumi/pulumi");
    const loaded = (name) => Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/"));
    Promise.resolve((${program})()).then((seen) => process.stdout.write(JSON.stringify(seen)));
  `;
  return JSON.parse(
    execFileSync(process.execPath, [...args, "-e", script], { cwd: repository, encoding: "utf8" }),
  );
}

describe("what the SDK needs to serialise functions", function () {
  this.timeout(20_000);
  const lazily = ["--require", join(repository, "toolchain", "lazy-closures.cjs")];
  const atStart = `() => [loaded("typescript"), loaded("@npmcli/arborist")]`;

  it("is loaded at every start, unless told otherwise", () => {
    assert.deepEqual(seenBy(atStart), [true, true]);
  });

  it("is not loaded by a program that serialises none", () => {
    assert.deepEqual(seenBy(atStart, ...lazily), [false, false]);
  });

  it("is there for a program that does", () => {
    const serialise = `async () => {
      const two = 2;
      const { text } = await pulumi.runtime.serializeFunction(() => two + 1);
      const paths = await pulumi.runtime.computeCodePaths();
      return [loaded("typescript"), loaded("@npmcli/arborist"), /two/.test(text), paths.size > 0];
    }`;
    assert.deepEqual(seenBy(serialise, ...lazily), [true, true, true, true]);
  });
});
