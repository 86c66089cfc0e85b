import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lab/cluster/kube";
import { canMoveTo, fits, liveMigratable } from "../../../../lab/cluster/workload/instances";

const CPU = "host-model-cpu.node.kubevirt.io/";

function node(name: string, cpu: string, spec: object = {}): KubeObject {
  const status = { conditions: [{ type: "Ready", status: "True" }] };
  return { metadata: { name, labels: { [`${CPU}${cpu}`]: "true" } }, spec, status };
}

function instance(spec: object, nodeName = "n1"): KubeObject {
  return { metadata: { name: "vm", namespace: "default" }, spec, status: { phase: "Running", nodeName } };
}

describe("lab: KubeVirt's instances", () => {
  const claim = (name: string, accessMode: string): KubeObject => {
    return { metadata: { name, namespace: "default" }, spec: { accessModes: [accessMode] } };
  };
  const using = (claimName: string) => ({
    volumes: [{ name: "disk", persistentVolumeClaim: { claimName } }],
  });

  it("can be moved unless they have a device or a disk of their host, or a claim for one node alone", () => {
    const claims = [claim("shared", "ReadWriteMany"), claim("single", "ReadWriteOnce")];
    const reason = (spec: object) => liveMigratable(instance(spec), claims).reason;
    assert.equal(reason({}), undefined);
    assert.equal(reason(using("shared")), undefined);
    assert.equal(reason(using("single")), "DisksNotLiveMigratable");
    assert.equal(reason({ volumes: [{ name: "d", hostDisk: { path: "/d" } }] }), "DisksNotLiveMigratable");
    const devices = { hostDevices: [{ name: "gpu", deviceName: "nvidia.com/A2" }] };
    assert.equal(reason({ domain: { devices } }), "HostDeviceNotLiveMigratable");
  });

  it("start on nodes that are Ready, neither cordoned nor tainted, and asked for", () => {
    assert.equal(fits(node("n2", "a"), instance({})), true);
    assert.equal(fits(node("n2", "a", { unschedulable: true }), instance({})), false);
    assert.equal(
      fits(node("n2", "a", { taints: [{ key: "x", effect: "NoSchedule" }] }), instance({})),
      false,
    );
    assert.equal(fits(node("n2", "a"), instance({ nodeSelector: { zone: "1" } })), false);
    assert.equal(fits({ ...node("n2", "a"), status: {} }, instance({})), false);
  });

  it("move to another node with the same CPU, with any CPU if they have a model of their own", () => {
    const source = node("n1", "a");
    assert.equal(canMoveTo(node("n2", "a"), instance({}), source), true);
    assert.equal(canMoveTo(source, instance({}), source), false);
    assert.equal(canMoveTo(node("n2", "b"), instance({}), source), false);
    const own = instance({ domain: { cpu: { model: "Haswell" } } });
    assert.equal(canMoveTo(node("n2", "b"), own, source), true);
  });
});
