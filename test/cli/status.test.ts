import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Ended } from "../toolchain/project";
import { Project, repository } from "../toolchain/project";

describe("npm run status where there is no cluster yet", function () {
  this.timeout(60_000);
  let project: Project;

  before(() => {
    // Only its backend and its environment: the command is run on this very clone.
    project = new Project();
  });
  after(() => project.remove());

  function status(...args: string[]): Promise<Ended> {
    const command = ["--require", "tsx/cjs", join("cli", "status.ts"), ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, command, { cwd: repository, env: project.env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  it("of the lab's stack: says to run npm start, with an exit code of its own", async () => {
    assert.deepEqual(await status("--stack", "lab", "--json"), {
      code: 2,
      stdout: "",
      stderr:
        "Stack lab has no cluster yet. Run npm start: it starts the virtual data centre and provisions the cluster in it.\n",
    });
  });

  it("of another stack, never initialised or still empty: says by which commands it comes about", async () => {
    const unknown = await status("--stack", "berlin");
    assert.equal(unknown.code, 2, unknown.stderr);
    assert.match(
      unknown.stderr,
      /stacks\/Pulumi\.berlin\.yaml and run npm run pulumi -- stack init berlin, then npm run pulumi -- up --stack berlin\./,
    );
    project.write("Pulumi.yaml", JSON.stringify({ name: "harvester-stack", runtime: "nodejs" }));
    await project.succeed("stack", "init", "berlin", "--no-select");
    const empty = await status("--stack", "berlin");
    assert.equal(empty.code, 2, empty.stderr);
    assert.match(empty.stderr, /and run npm run pulumi -- up --stack berlin\./);
  });
});
