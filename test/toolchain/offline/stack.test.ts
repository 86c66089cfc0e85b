import assert from "node:assert/strict";
import * as command from "@pulumi/command";
import * as harvester from "@pulumi/harvester";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { definition, install, startCluster, type TestCluster } from "./support/cluster";
import { collectGarbage } from "./support/garbage-collector";
import { makeStack, type TestStack } from "./support/stack";

describe("all plugins under the real engine", function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let stopCollecting: () => Promise<void>;
  let test: TestStack;

  before(async () => {
    cluster = await startCluster();
    await install(cluster.api, definition("node.harvesterhci.io", "CloudInit", "Cluster"));
    await install(cluster.api, definition("harvesterhci.io", "Setting", "Cluster"));
    stopCollecting = collectGarbage(cluster.api, ["/apis/node.harvesterhci.io/v1beta1/cloudinits"]);
    await cluster.api.request("POST", "/apis/harvesterhci.io/v1beta1/settings", {
      body: { apiVersion: "harvesterhci.io/v1beta1", kind: "Setting", metadata: { name: "ntp-servers" } },
    });
  });

  after(async () => {
    test?.remove();
    await stopCollecting?.();
    await cluster?.stop();
  });

  /** One object through each plugin; the kubeconfig comes out of a resource, so that a first preview does not know it. */
  const program = (contents: string) => async () => {
    const source = new command.local.Command("kubeconfig", {
      create: "cat",
      stdin: pulumi.secret(cluster.kubeconfig),
      logging: "none",
    });
    const kubeconfig = source.stdout;
    const inCluster = { provider: new kubernetes.Provider("cluster", { kubeconfig }) };
    const object = new kubernetes.apiextensions.CustomResource(
      "site",
      {
        apiVersion: "node.harvesterhci.io/v1beta1",
        kind: "CloudInit",
        metadata: { name: "site" },
        spec: { matchSelector: {}, filename: "99_site", contents },
      },
      inCluster,
    );
    const base64 = kubeconfig.apply((text) => Buffer.from(text).toString("base64"));
    const setting = new harvester.Setting(
      "ntp",
      { name: "ntp-servers", value: contents },
      { provider: new harvester.Provider("harvester", { kubeconfig: base64 }) },
    );
    return { object: object.id, setting: setting.id };
  };

  it("previews, creates, finds nothing to do, updates, refreshes and destroys", async () => {
    test = await makeStack(program("a: 1"));
    const planned = await test.stack.preview({ color: "never" });
    assert.deepEqual(planned.changeSummary, { create: 6 });
    assert.doesNotMatch(planned.stdout + planned.stderr, /warning|error/i);

    const created = await test.stack.up({ color: "never" });
    assert.equal(created.outputs.object?.value, "site");
    assert.equal(created.outputs.setting?.value, "ntp-servers");
    await test.stack.preview({ expectNoChanges: true });

    const changed = test.with(program("b: 2"));
    const preview = await changed.preview({ color: "never" });
    assert.deepEqual(preview.changeSummary, { same: 4, update: 2 });
    await changed.up({ color: "never" });
    const [object, setting] = await Promise.all([
      cluster.api.request("GET", "/apis/node.harvesterhci.io/v1beta1/cloudinits/site"),
      cluster.api.request("GET", "/apis/harvesterhci.io/v1beta1/settings/ntp-servers"),
    ]);
    assert.deepEqual(object.spec, { matchSelector: {}, filename: "99_site", contents: "b: 2" });
    assert.equal(setting.value, "b: 2");
    await changed.refresh({ expectNoChanges: true });

    const token = /"token": "([0-9a-f]+)"/.exec(cluster.kubeconfig)?.[1] ?? "";
    assert.match(test.state(), /ntp-servers/);
    for (const form of [token, Buffer.from(cluster.kubeconfig).toString("base64")]) {
      assert.ok(form.length > 0 && !test.state().includes(form));
    }

    await changed.destroy({ color: "never" });
    await assert.rejects(cluster.api.request("GET", "/apis/node.harvesterhci.io/v1beta1/cloudinits/site"), {
      code: 404,
    });
    const reset = await cluster.api.request("GET", "/apis/harvesterhci.io/v1beta1/settings/ntp-servers");
    assert.equal(reset.value, "");
  });
});
