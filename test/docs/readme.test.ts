import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transitionRules } from "../../model/transition/rules";
import { descriptionShape } from "../../model/validate/description-shape";
import type { Shape } from "../../model/validate/shape";

const README = readFileSync(join(__dirname, "..", "..", "README.md"), "utf8");

describe("README", () => {
  it("has every value of a description in its table", () => {
    const table = README.slice(README.indexOf("### What a description holds"));
    const missing = names(descriptionShape).filter((name) => !new RegExp(`\\b${name}\\b`).test(table));
    assert.deepEqual(missing, []);
  });

  it("names every rule that cannot be overridden", () => {
    const section = README.slice(
      README.indexOf("### Overriding a rule"),
      README.indexOf("## How it is laid out"),
    );
    const binding = transitionRules.filter(({ binding }) => binding !== undefined).map(({ id }) => id);
    const named = binding.filter((id) => section.includes(`\`${id}\``));
    assert.deepEqual([named, binding.length > 0], [binding, true]);
  });

  it("names only commands and files that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const run = [...README.matchAll(/npm run (?:-s )?([a-z]+)/g)].map(([, name]) => name!);
    assert.deepEqual(
      run.filter((name) => !(name in scripts)),
      [],
    );
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path!);
    assert.deepEqual(
      links.filter((path) => !existsSync(join(__dirname, "..", "..", path))),
      [],
    );
  });
});

/** The last names of everything that may stand in a description. */
function names(shape: Shape): string[] {
  switch (shape.kind) {
    case "object":
    case "word-or-object":
      return Object.entries(shape.fields).flatMap(([name, field]) => [name, ...names(field.shape)]);
    case "list":
    case "map":
      return names(shape.of);
    default:
      return [];
  }
}
