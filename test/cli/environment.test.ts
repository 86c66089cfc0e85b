import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportLines, pulumiVariables, stackOf } from "../../cli/environment";
import { pendingCreates } from "../../cli/pending";
import { type Toolchain, toolchainPaths } from "../../toolchain/toolchain";

const OFFICIAL: Toolchain = {
  key: "",
  tools: {},
  languageHost: "official",
  plugins: { command: "official" },
};

describe("environment", () => {
  let clone: string;
  beforeEach(() => {
    clone = mkdtempSync(join(tmpdir(), "clone-"));
  });
  afterEach(() => rmSync(clone, { recursive: true }));

  it("gives the lab's stack its passphrase and no other stack", () => {
    const variables = (stack: string, given: NodeJS.ProcessEnv) =>
      pulumiVariables(clone, OFFICIAL, stack, given);
    assert.equal(variables("lab", {}).PULUMI_CONFIG_PASSPHRASE_FILE, join(clone, "stacks/lab.passphrase"));
    assert.equal(variables("berlin", {}).PULUMI_CONFIG_PASSPHRASE_FILE, undefined);
    assert.equal(variables("lab", { PULUMI_CONFIG_PASSPHRASE: "" }).PULUMI_CONFIG_PASSPHRASE_FILE, undefined);
  });

  it("keeps a backend that the person chose", () => {
    assert.equal(
      pulumiVariables(clone, OFFICIAL, "lab", {}).PULUMI_BACKEND_URL,
      `file://${clone}/.pulumi-state`,
    );
    const given = { PULUMI_BACKEND_URL: "s3://states" };
    assert.equal(pulumiVariables(clone, OFFICIAL, "lab", given).PULUMI_BACKEND_URL, undefined);
  });

  it("forbids plugin downloads where stand-ins serve", () => {
    const name = "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION";
    assert.equal(pulumiVariables(clone, OFFICIAL, "lab", {})[name], undefined);
    const offline: Toolchain = { ...OFFICIAL, plugins: { command: "stand-in" } };
    assert.equal(pulumiVariables(clone, offline, "lab", {})[name], "true");
  });

  it("knows which stack a command line is about", () => {
    for (const [args, stack] of [
      ["up --stack berlin", "berlin"],
      ["up -s org/harvester-stack/berlin --yes", "berlin"],
      ["preview --stack=berlin", "berlin"],
      ["stack init berlin", "berlin"],
      ["stack select --create berlin", "berlin"],
      ["stack ls", "lab"],
      ["up", "lab"],
    ] as const) {
      assert.equal(stackOf(args.split(" "), clone), stack, args);
    }
    const workspaces = join(toolchainPaths(clone).home, "workspaces");
    mkdirSync(workspaces, { recursive: true });
    const selected = JSON.stringify({ stack: "organization/harvester-stack/oslo" });
    writeFileSync(join(workspaces, "harvester-stack-0123-workspace.json"), selected);
    assert.equal(stackOf(["up"], clone), "oslo");
    assert.equal(stackOf(["up", "--stack", "berlin"], clone), "berlin");
  });

  it("prints lines that a shell takes as they are meant", () => {
    const lines = exportLines({ ODD: 'it\'s a $HOME "path"' }, "/a tool's/bin");
    const said = execFileSync("/bin/sh", ["-c", `${lines} printf '%s\\n' "$ODD" "$PATH"`], {
      encoding: "utf8",
      env: { PATH: "/usr/bin" },
    });
    assert.equal(said, "it's a $HOME \"path\"\n/a tool's/bin:/usr/bin\n");
  });

  it("finds creates that a killed run left pending", () => {
    const operation = (type: string, name: string) => ({
      type,
      resource: { urn: `urn:pulumi:lab::harvester-stack::metal:index:Machine::${name}` },
    });
    const exported = {
      deployment: { pending_operations: [operation("creating", "n1"), operation("updating", "n2")] },
    };
    assert.deepEqual(pendingCreates(JSON.stringify(exported)), ["n1"]);
    assert.deepEqual(pendingCreates(JSON.stringify({ deployment: {} })), []);
  });
});
