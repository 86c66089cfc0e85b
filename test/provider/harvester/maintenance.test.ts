import assert from "node:assert/strict";
import { KubeApi, type KubeObject } from "../../../provider/harvester/kube-api";
import { endMaintenance, evictPods } from "../../../provider/harvester/maintenance";

const NODE = "/api/v1/nodes/n2";

describe("taking a node out of use and back", () => {
  it("ends maintenance without touching the taints of others, and asks again where a kubelet was faster", async () => {
    const written: object[] = [];
    let version = 1;
    const kube = new KubeApi(async (method, path, body) => {
      assert.equal(path, NODE);
      if (method === "GET") {
        const taints = [{ key: "kubevirt.io/drain" }, { key: "site.example/gpu" }];
        const object = { metadata: { name: "n2", resourceVersion: String(version) }, spec: { taints } };
        return { status: 200, headers: {}, body: JSON.stringify(object) };
      }
      written.push(body!);
      version += 1;
      return { status: written.length === 1 ? 409 : 200, headers: {}, body: "{}" };
    });
    await endMaintenance(kube, "n2");
    assert.deepEqual(written.at(-1), {
      metadata: {
        resourceVersion: "2",
        annotations: {
          "harvesterhci.io/drain-requested": null,
          "harvesterhci.io/drain-forced": null,
          "harvesterhci.io/maintain-status": null,
        },
      },
      spec: { unschedulable: null, taints: [{ key: "site.example/gpu" }] },
    });
  });

  it("evicts what kubectl drain evicts, and leaves a disruption budget to end by itself", async () => {
    const evicted: string[] = [];
    const kube = new KubeApi(async (method, path) => {
      assert.equal(method, "POST");
      evicted.push(path);
      return { status: path.includes("guarded") ? 429 : 201, headers: {}, body: "{}" };
    });
    const pods = [
      pod("plain"),
      pod("guarded"),
      pod("daemon", { ownerReferences: [{ kind: "DaemonSet" }] }),
      pod("static", { annotations: { "kubernetes.io/config.mirror": "x" } }),
      pod("csi", { labels: { app: "csi-attacher" } }),
      { ...pod("over"), status: { phase: "Succeeded" } },
    ];
    assert.equal(await evictPods(kube, "n2", pods), 2);
    assert.deepEqual(evicted, [
      "/api/v1/namespaces/default/pods/plain/eviction",
      "/api/v1/namespaces/default/pods/guarded/eviction",
    ]);
  });
});

function pod(name: string, metadata: object = {}): KubeObject {
  return { metadata: { name, namespace: "default", ...metadata } };
}
