import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { modules } from "../../toolchain/build";
import { pins, testPins } from "../../toolchain/pins";

describe("pins", () => {
  it("are of the same version as download and as Go modules, which are stamped with it whatever they are", () => {
    for (const { version, source } of [...pins, ...testPins]) {
      const text = readFileSync(join(modules, source.module, "go.mod"), "utf8");
      const required = [...text.matchAll(/^\s+(\S+) (v\S+)/gm)].map(([, path, at]) => ({ path, at }));
      for (const command of source.commands) {
        const module = required.find(({ path }) => `${command.package}/`.startsWith(`${path}/`));
        assert.equal(module?.at, `v${version}`, command.package);
      }
    }
  });
});
