import assert from "node:assert/strict";
import type { Values } from "../../../toolchain/offline/plugins/shell/values";
import schema from "../../../toolchain/offline/plugins/terraform-provider/schema.json";
import { definition, install, startCluster, type TestCluster } from "./support/cluster";
import { PluginClient } from "./support/plugin-client";

const URN = "urn:pulumi:test::plugins::harvester:index/setting:Setting::ntp";
const PATH = "/apis/harvesterhci.io/v1beta1/settings";

/** What the SDK in sdks/harvester hands to the plugin. */
const PARAMETER = Buffer.from(
  require("@pulumi/harvester/package.json").pulumi.parameterization.value,
  "base64",
).toString();

describe("terraform-provider plugin as harvester", function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let plugin: PluginClient;

  before(async () => {
    cluster = await startCluster();
    await install(cluster.api, definition("harvesterhci.io", "Setting", "Cluster"));
    plugin = await start({ kubeconfig: Buffer.from(cluster.kubeconfig).toString("base64") });
  });

  after(async () => {
    await plugin?.stop();
    await cluster?.stop();
  });

  function start(config: Values): Promise<PluginClient> {
    return PluginClient.start("terraform-provider", { config, parameter: PARAMETER });
  }

  async function exists(name: string, more: Values = {}): Promise<void> {
    const setting = { apiVersion: "harvesterhci.io/v1beta1", kind: "Setting", metadata: { name }, ...more };
    await cluster.api.request("POST", PATH, { body: setting });
  }

  async function create(wanted: Values) {
    const { inputs, failures } = await plugin.check(URN, wanted);
    assert.deepEqual(failures, []);
    return { inputs, ...(await plugin.create(URN, inputs)) };
  }

  const live = (name: string) => cluster.api.request("GET", `${PATH}/${name}`);

  it("has the schema that the SDK was generated from", () => {
    const { version, pulumi } = require("@pulumi/harvester/package.json");
    assert.equal(version, schema.version);
    assert.equal(pulumi.version, schema.parameterization.baseProvider.version);
    assert.equal(pulumi.parameterization.value, schema.parameterization.parameter);
  });

  it("becomes the package that the SDK asks for", async () => {
    const other = await PluginClient.start("terraform-provider", { parameter: PARAMETER });
    await other.stop();
    const { parameterization } = require("@pulumi/harvester/package.json").pulumi;
    const unset = await PluginClient.start("terraform-provider");
    try {
      const made = await unset.parameterize(PARAMETER);
      assert.deepEqual(made, { name: parameterization.name, version: parameterization.version });
    } finally {
      await unset.stop();
    }
  });

  it("sets a setting that exists, and leaves the rest of it alone", async () => {
    await exists("ntp-servers", {
      default: "",
      metadata: { name: "ntp-servers", labels: { "harvesterhci.io/a": "b" } },
    });
    const { id, properties } = await create({
      name: "ntp-servers",
      value: '{"ntpServers":["0.suse.pool.ntp.org"]}',
      description: "the site's clocks",
      tags: { team: "metal" },
    });
    assert.equal(id, "ntp-servers");
    assert.equal(properties.value, '{"ntpServers":["0.suse.pool.ntp.org"]}');
    const object = await live("ntp-servers");
    assert.equal(object.value, '{"ntpServers":["0.suse.pool.ntp.org"]}');
    const metadata = object.metadata as Values;
    assert.deepEqual(metadata.labels, { "harvesterhci.io/a": "b", "tag.harvesterhci.io/team": "metal" });
    assert.equal((metadata.annotations as Values)["field.cattle.io/description"], "the site's clocks");
  });

  it("does not create a setting", async () => {
    await assert.rejects(create({ name: "no-such-setting", value: "x" }), /no-such-setting.*not found/);
  });

  it("changes nothing in a preview", async () => {
    await exists("previewed");
    const { inputs } = await plugin.check(URN, { name: "previewed", value: "new" });
    await plugin.create(URN, inputs, { preview: true });
    assert.equal((await live("previewed")).value, undefined);
  });

  it("sees drift, updates in place, and replaces on another name", async () => {
    await exists("log-level");
    const { id, inputs, properties } = await create({ name: "log-level", value: "debug" });
    const same = { id, olds: properties, oldInputs: inputs, news: inputs };
    assert.deepEqual((await plugin.diff(URN, same)).changes, {});

    await cluster.api.request("PATCH", `${PATH}/log-level`, {
      body: { value: "trace" },
      type: "application/merge-patch+json",
    });
    const read = await plugin.read(URN, id, { properties, inputs });
    assert.ok(read);
    assert.equal(read.properties.value, "trace");
    const update = { id, olds: read.properties, oldInputs: read.inputs, news: inputs };
    assert.deepEqual((await plugin.diff(URN, update)).changes, { value: "UPDATE" });
    await plugin.update(URN, update);
    assert.equal((await live("log-level")).value, "debug");

    const news = { ...inputs, name: "other" };
    assert.deepEqual((await plugin.diff(URN, { ...update, news })).changes.name, "UPDATE_REPLACE");
  });

  it("imports by name", async () => {
    await exists("ui-source", { value: "auto" });
    const read = await plugin.read(URN, "ui-source");
    assert.deepEqual(read?.inputs, { name: "ui-source", value: "auto" });
    assert.equal(await plugin.read(URN, "no-such-setting"), undefined);
  });

  it("resets to the default instead of deleting", async () => {
    await exists("http-proxy");
    const { id, properties } = await create({ name: "http-proxy", value: "{}" });
    await plugin.delete(URN, id, properties);
    assert.equal((await live("http-proxy")).value, "");
    await plugin.delete(URN, "no-such-setting", {
      ...properties,
      id: "no-such-setting",
      name: "no-such-setting",
    });
  });

  it("takes a kubeconfig by path or in base64, but not its plain contents", async () => {
    const plain = await start({ kubeconfig: cluster.kubeconfig });
    try {
      const { inputs } = await plain.check(URN, { name: "log-level", value: "x" });
      await assert.rejects(plain.create(URN, inputs));
    } finally {
      await plain.stop();
    }
  });
});
