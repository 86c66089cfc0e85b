import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { resolveReferences } from "../../stacks/references";

describe("references in a stack file", () => {
  it("are replaced by what a file holds, without its last newline", () => {
    assert.deepEqual(resolveReferences({ a: [{ fromFile: "stacks/lab.passphrase" }] }), { a: ["lab"] });
  });

  it("become secrets where they say so", async () => {
    const { password } = resolveReferences({
      password: { secretFromFile: "stacks/lab.passphrase" },
    }) as unknown as {
      password: pulumi.Output<string>;
    };
    assert.equal(await pulumi.isSecret(password), true);
  });

  it("are refused with the property, the file and what to do where the file is missing", () => {
    assert.throws(
      () => resolveReferences({ nodes: [{ password: { secretFromFile: "no/such/file" } }] }, "cluster"),
      /^Error: cluster\.nodes\[0\]\.password: .*no\/such\/file.*does not exist.*pulumi config set --secret/,
    );
  });

  it("are refused where the environment variable is not set", () => {
    assert.throws(
      () => resolveReferences({ a: { secretFromEnv: "NO_SUCH_VARIABLE" } }),
      /^Error: a: .*NO_SUCH_VARIABLE, which is not set/,
    );
  });

  it("leave everything else alone", () => {
    const value = { a: 1, b: [true, "text"], c: { d: null } };
    assert.deepEqual(resolveReferences(value), value);
  });
});
