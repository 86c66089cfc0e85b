import assert from "node:assert/strict";
import type { Values } from "../../../toolchain/offline/plugins/shell/values";
import { definition, install, kubeconfigOf, startCluster, type TestCluster } from "./support/cluster";
import { collectGarbage } from "./support/garbage-collector";
import { PluginClient, type PluginError } from "./support/plugin-client";
import { until } from "./support/until";

const URN = "urn:pulumi:test::plugins::kubernetes:node.harvesterhci.io/v1beta1:CloudInit::ntp";
const CONFIG_MAP = "urn:pulumi:test::plugins::kubernetes:core/v1:ConfigMap::settings";
const PATCH = "urn:pulumi:test::plugins::kubernetes:core/v1:ConfigMapPatch::settings";
const PATH = "/apis/node.harvesterhci.io/v1beta1/cloudinits";

function cloudInit(name: string, spec: Values = { contents: "a: 1" }, annotations?: Values): Values {
  return {
    apiVersion: "node.harvesterhci.io/v1beta1",
    kind: "CloudInit",
    metadata: { name, ...(annotations && { annotations }) },
    spec,
  };
}

function secret(value: string): Values {
  return { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value };
}

describe("kubernetes plugin", function () {
  this.timeout(90_000);
  let cluster: TestCluster;
  let plugin: PluginClient;
  let stopCollecting: () => Promise<void>;

  before(async () => {
    cluster = await startCluster();
    await install(cluster.api, definition("node.harvesterhci.io", "CloudInit", "Cluster"));
    stopCollecting = collectGarbage(cluster.api, [PATH, "/api/v1/namespaces/default/configmaps"]);
    plugin = await PluginClient.start("kubernetes", { config: { kubeconfig: cluster.kubeconfig } });
  });

  after(async () => {
    await plugin?.stop();
    await stopCollecting?.();
    await cluster?.stop();
  });

  async function create(urn: string, wanted: Values) {
    const { inputs, failures } = await plugin.check(urn, wanted);
    assert.deepEqual(failures, []);
    return { inputs, ...(await plugin.create(urn, inputs)) };
  }

  const live = (name: string) => cluster.api.request("GET", `${PATH}/${name}`);

  it("creates an object and stores what was asked for beside what is there", async () => {
    const { id, properties } = await create(URN, cloudInit("created"));
    assert.equal(id, "created");
    assert.deepEqual(properties.__inputs, cloudInit("created"));
    assert.equal(properties.__initialApiVersion, "node.harvesterhci.io/v1beta1");
    assert.match(String(properties.__fieldManager), /^pulumi-kubernetes-[0-9a-f]{8}$/);
    assert.deepEqual(properties.spec, { contents: "a: 1" });
    const { metadata } = (await live("created")) as { metadata: { managedFields: { manager: string }[] } };
    assert.deepEqual(
      metadata.managedFields.map((f) => f.manager),
      ["pulumi-kubernetes"],
    );
  });

  it("names an object that has no name, and keeps the name", async () => {
    const { metadata: _, ...nameless } = cloudInit("");
    const first = await plugin.check(URN, nameless);
    const metadata = first.inputs.metadata as Values;
    assert.match(String(metadata.name), /^ntp-[0-9a-f]{8}$/);
    assert.deepEqual(metadata.annotations, { "pulumi.com/autonamed": "true" });
    const second = await plugin.check(URN, nameless, first.inputs);
    assert.deepEqual(second.inputs, first.inputs);
  });

  it("puts an object that names no namespace into that of the provider, if it needs one", async () => {
    const { inputs } = await plugin.check(CONFIG_MAP, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
    });
    assert.equal((inputs.metadata as Values).namespace, "default");
    const other = await plugin.check(URN, cloudInit("a"));
    assert.equal((other.inputs.metadata as Values).namespace, undefined);
  });

  it("refuses to create what exists already", async () => {
    await create(URN, cloudInit("twice"));
    await assert.rejects(create(URN, cloudInit("twice")), /already exists[\s\S]*pulumi import/);
  });

  it("previews an object of a kind that is not there yet by what was asked for", async () => {
    const urn = "urn:pulumi:test::plugins::kubernetes:example.com/v1:Thing::thing";
    const inputs = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "thing" } };
    assert.deepEqual((await plugin.create(urn, inputs, { preview: true })).properties, inputs);
  });

  it("previews a creation on the server without creating", async () => {
    const { properties } = await plugin.create(URN, cloudInit("previewed"), { preview: true });
    assert.ok((properties.metadata as Values).uid);
    await assert.rejects(live("previewed"), { code: 404 });
  });

  it("sees no difference in what it has just created", async () => {
    const { id, inputs, properties } = await create(URN, cloudInit("same"));
    const { changes } = await plugin.diff(URN, { id, olds: properties, oldInputs: inputs, news: inputs });
    assert.deepEqual(changes, {});
  });

  it("updates in place, and removes a field that is no longer wanted", async () => {
    const old = await create(URN, cloudInit("updated", { contents: "a: 1", paused: true }));
    const { inputs: news } = await plugin.check(URN, cloudInit("updated", { contents: "b: 2" }), old.inputs);
    const update = { id: old.id, olds: old.properties, oldInputs: old.inputs, news };
    const { changes } = await plugin.diff(URN, update);
    assert.deepEqual(changes, { "spec.contents": "UPDATE", "spec.paused": "DELETE" });
    await plugin.update(URN, update, { preview: true });
    assert.deepEqual((await live("updated")).spec, { contents: "a: 1", paused: true });
    const properties = await plugin.update(URN, update);
    assert.deepEqual(properties.spec, { contents: "b: 2" });
    assert.deepEqual((await live("updated")).spec, { contents: "b: 2" });
  });

  it("replaces on another name, and deletes first where the name stays", async () => {
    const old = await create(URN, cloudInit("named"));
    const other = await plugin.diff(URN, {
      id: old.id,
      olds: old.properties,
      oldInputs: old.inputs,
      news: cloudInit("renamed"),
    });
    assert.deepEqual(other, { changes: { "metadata.name": "UPDATE_REPLACE" }, deleteBeforeReplace: false });

    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "immutable" }, data: { a: "1" } };
    const oldMap = await create(CONFIG_MAP, map);
    const { inputs: news } = await plugin.check(CONFIG_MAP, { ...map, data: { a: "2" } }, oldMap.inputs);
    const change = await plugin.diff(CONFIG_MAP, {
      id: oldMap.id,
      olds: oldMap.properties,
      oldInputs: oldMap.inputs,
      news,
    });
    assert.deepEqual(change, { changes: { "data.a": "UPDATE_REPLACE" }, deleteBeforeReplace: true });
  });

  it("finds drift when it reads, and puts it right", async () => {
    const old = await create(URN, cloudInit("drifted"));
    await cluster.api.request("PATCH", `${PATH}/drifted`, {
      body: { spec: { contents: "somebody else" } },
      type: "application/merge-patch+json",
      query: { fieldManager: "pulumi-kubernetes" },
    });
    const read = await plugin.read(URN, old.id, old);
    assert.ok(read);
    assert.deepEqual((read.inputs.spec as Values).contents, "somebody else");
    const update = { id: old.id, olds: read.properties, oldInputs: read.inputs, news: old.inputs };
    assert.deepEqual((await plugin.diff(URN, update)).changes, { "spec.contents": "UPDATE" });
    await plugin.update(URN, update);
    assert.deepEqual((await live("drifted")).spec, { contents: "a: 1" });
  });

  it("does not take over a field that somebody else has set, unless told so", async () => {
    const old = await create(URN, cloudInit("contested"));
    await cluster.api.request("PATCH", `${PATH}/contested`, {
      body: cloudInit("contested", { contents: "theirs" }),
      type: "application/apply-patch+yaml",
      query: { fieldManager: "somebody", force: true },
    });
    const update = {
      id: old.id,
      olds: old.properties,
      oldInputs: old.inputs,
      news: cloudInit("contested", { contents: "mine" }),
    };
    await assert.rejects(plugin.update(URN, update), /conflict/);
    const news = cloudInit("contested", { contents: "mine" }, { "pulumi.com/patchForce": "true" });
    assert.deepEqual((await plugin.update(URN, { ...update, news })).spec, { contents: "mine" });
  });

  it("reads nothing where the object or its kind is gone", async () => {
    assert.equal(await plugin.read(URN, "missing"), undefined);
    assert.equal(
      await plugin.read("urn:pulumi:test::plugins::kubernetes:example.com/v1:Thing::thing", "x"),
      undefined,
    );
  });

  it("imports by id", async () => {
    await create(CONFIG_MAP, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "imported" },
      data: { a: "1" },
    });
    const read = await plugin.read(CONFIG_MAP, "default/imported");
    assert.deepEqual(read?.inputs, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "imported", namespace: "default" },
      data: { a: "1" },
    });
  });

  it("waits for a field and a condition", async () => {
    const waitFor = JSON.stringify(["jsonpath={.status.phase}=Running", "condition=Ready"]);
    const creating = create(URN, cloudInit("awaited", {}, { "pulumi.com/waitFor": waitFor }));
    await until("the object", 10_000, async () => Boolean(await live("awaited")));
    await setStatus("awaited", { phase: "Starting" });
    await until("the wait to be shown", 10_000, () =>
      plugin.logged.some((line) => line.includes("Starting")),
    );
    await setStatus("awaited", { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
    const { properties } = await creating;
    assert.equal((properties.status as Values).phase, "Running");
  });

  it("keeps an object that does not become ready in time, as not initialised", async () => {
    const wanted = cloudInit(
      "late",
      {},
      {
        "pulumi.com/waitFor": "jsonpath={.status.phase}=Running",
        "pulumi.com/timeoutSeconds": "1",
      },
    );
    await assert.rejects(create(URN, wanted), (error: PluginError) => {
      assert.equal(error.partial?.id, "late");
      assert.equal(error.partial?.properties.kind, "CloudInit");
      assert.match(error.message, /failed to fully initialize/);
      return true;
    });
  });

  it("stops waiting when the engine cancels", async () => {
    const other = await PluginClient.start("kubernetes", { config: { kubeconfig: cluster.kubeconfig } });
    try {
      const inputs = cloudInit("cancelled", {}, { "pulumi.com/waitFor": "jsonpath={.status.phase}=Running" });
      const failing = assert.rejects(
        other.create(URN, inputs),
        (e: PluginError) => e.partial?.id === "cancelled",
      );
      await until("the object", 10_000, async () => Boolean(await live("cancelled")));
      await other.cancel();
      await failing;
    } finally {
      await other.stop();
    }
  });

  it("deletes and waits until the object is gone; what is gone already is no error", async () => {
    const { id, properties } = await create(URN, cloudInit("deleted"));
    await plugin.delete(URN, id, properties);
    await assert.rejects(live("deleted"), { code: 404 });
    await plugin.delete(URN, id, properties);
  });

  it("manages some fields of an object that is not its own, and gives only them up", async () => {
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "patched", namespace: "default" } };
    await cluster.api.request("POST", "/api/v1/namespaces/default/configmaps", {
      body: { ...map, data: { a: "1" } },
    });
    const { id, properties } = await create(PATCH, { ...map, data: { b: "2" } });
    assert.equal(id, "default/patched");
    const path = "/api/v1/namespaces/default/configmaps/patched";
    assert.deepEqual((await cluster.api.request("GET", path)).data, { a: "1", b: "2" });
    await plugin.delete(PATCH, id, properties);
    assert.deepEqual((await cluster.api.request("GET", path)).data, { a: "1" });
  });

  it("keeps secrets secret, also in what the server sends back", async () => {
    const { id, inputs, properties } = await create(URN, {
      ...cloudInit("hidden"),
      spec: { contents: secret("hush") },
    });
    assert.deepEqual(properties.spec, { contents: secret("hush") });
    assert.deepEqual((properties.__inputs as Values).spec, { contents: secret("hush") });
    assert.deepEqual((await live("hidden")).spec, { contents: "hush" });
    const read = await plugin.read(URN, id, { properties, inputs });
    assert.deepEqual(read?.inputs.spec, { contents: secret("hush") });
    const urn = "urn:pulumi:test::plugins::kubernetes:core/v1:Secret::s";
    const made = await create(urn, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      stringData: { password: "hush" },
    });
    assert.doesNotMatch(JSON.stringify(made.properties.data), /^\{"password"/);
    assert.ok((made.properties.data as Values)["4dabf18193072939515e22adb298388d"]);
  });

  describe("with another configuration", () => {
    const here = kubeconfigOf("https://127.0.0.1:1", "old");
    const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

    it("keeps everything where only the login changes", async () => {
      const renewed = kubeconfigOf("https://127.0.0.1:1", "new");
      const found = await plugin.diffConfig({ kubeconfig: here }, { kubeconfig: renewed });
      assert.deepEqual(found, { changed: true, replaces: [] });
      assert.equal((await plugin.diffConfig({ kubeconfig: here }, { kubeconfig: here })).changed, false);
    });

    it("replaces everything for another cluster, and for one that is not known yet", async () => {
      for (const kubeconfig of [kubeconfigOf("https://127.0.0.1:2", "old"), UNKNOWN]) {
        const found = await plugin.diffConfig({ kubeconfig: here }, { kubeconfig });
        assert.deepEqual(found, { changed: true, replaces: ["kubeconfig"] });
      }
    });

    it("goes by the cluster's identifier where there is one", async () => {
      const olds = { kubeconfig: here, clusterIdentifier: "first" };
      const same = await plugin.diffConfig(olds, { ...olds, kubeconfig: UNKNOWN });
      assert.deepEqual(same, { changed: true, replaces: [] });
      const other = await plugin.diffConfig(olds, { ...olds, clusterIdentifier: "second" });
      assert.deepEqual(other, { changed: true, replaces: ["clusterIdentifier"] });
    });
  });

  it("previews without a cluster, but creates and reads nothing", async () => {
    const kubeconfig = kubeconfigOf("https://127.0.0.1:1", "none");
    const alone = await PluginClient.start("kubernetes", { config: { kubeconfig } });
    try {
      const { inputs } = await alone.check(URN, cloudInit("alone"));
      assert.deepEqual((await alone.create(URN, inputs, { preview: true })).properties, inputs);
      await assert.rejects(alone.create(URN, inputs), /configured Kubernetes cluster is unreachable/);
      await assert.rejects(alone.read(URN, "alone"), /unreachable cluster/);
    } finally {
      await alone.stop();
    }
  });

  async function setStatus(name: string, status: Values): Promise<void> {
    await cluster.api.request("PATCH", `${PATH}/${name}/status`, {
      body: { status },
      type: "application/merge-patch+json",
    });
  }
});
