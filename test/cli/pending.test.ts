import assert from "node:assert/strict";
import { join } from "node:path";
import type { Engine } from "../../cli/engine";
import { clearPendingCreates } from "../../cli/pending";
import { installedToolchain, toolchainPaths } from "../../toolchain/toolchain";
import { Project, repository } from "../toolchain/project";

describe("pending creates", function () {
  this.timeout(60_000);

  it("are dropped by the stock refresh, once, before an up", async () => {
    const project = new Project();
    try {
      project.write("index.js", "");
      await project.succeed("stack", "init", "dev");
      const exported = JSON.parse(await project.succeed("stack", "export"));
      exported.deployment.pending_operations = [
        {
          type: "creating",
          resource: {
            urn: "urn:pulumi:dev::probe::metal:index:Machine::n1",
            custom: true,
            type: "metal:index:Machine",
            inputs: {},
          },
        },
      ];
      project.write("killed.json", JSON.stringify(exported));
      await project.succeed("stack", "import", "--file", "killed.json");

      const toolchain = installedToolchain(repository);
      assert.ok(toolchain);
      const engine: Engine = {
        path: join(toolchainPaths(repository).bin, "pulumi"),
        toolchain,
        stack: "dev",
        cwd: project.folder,
        env: project.env,
      };
      await clearPendingCreates(engine);
      const after = JSON.parse(await project.succeed("stack", "export"));
      assert.equal(after.deployment.pending_operations, undefined);
      const { version, time } = after.deployment.manifest;
      assert.equal(version, "v3.245.0");
      await clearPendingCreates(engine);
      const again = JSON.parse(await project.succeed("stack", "export"));
      assert.equal(again.deployment.manifest.time, time, "with nothing pending the state is not touched");
    } finally {
      project.remove();
    }
  });
});
