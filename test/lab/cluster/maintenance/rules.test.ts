import assert from "node:assert/strict";
import type { KubeObject } from "../../../../lab/cluster/kube";
import {
  drainImpossible,
  MAINTAIN_STATUS,
  nonMigratable,
  otherNodeAvailable,
  type View,
} from "../../../../lab/cluster/maintenance/rules";

const READY = { conditions: [{ type: "Ready", status: "True" }] };

function node(name: string, roles: string[] = [], change: Partial<KubeObject> = {}): KubeObject {
  const labels = Object.fromEntries(roles.map((role) => [`node-role.kubernetes.io/${role}`, "true"]));
  return { metadata: { name, labels: { ...labels, disk: name }, annotations: {} }, status: READY, ...change };
}

const SERVER = ["control-plane", "etcd"];
const maintained = (object: KubeObject): KubeObject => {
  return { ...object, metadata: { ...object.metadata, annotations: { [MAINTAIN_STATUS]: "completed" } } };
};

describe("lab: which nodes Harvester lets be maintained", () => {
  const worker = node("n4");
  const servers = (count: number) =>
    Array.from({ length: count }, (_, index) => node(`n${index + 1}`, SERVER));

  it("every worker, whatever the control plane is like", () => {
    assert.equal(drainImpossible(worker, [worker, ...servers(1)]), undefined);
  });

  it("one of exactly three of the control plane, a witness counted, and no other", () => {
    const witness = node("n3", ["etcd"]);
    const two = servers(2);
    assert.equal(drainImpossible(two[0]!, [...two, witness, worker]), undefined);
    assert.equal(drainImpossible(witness, [...two, witness]), undefined);
    assert.match(drainImpossible(two[0]!, two) ?? "", /not possible: another controlplane/);
    assert.match(drainImpossible(two[0]!, [two[0]!, worker]) ?? "", /single controlplane cluster/);
    const [first, second, third] = servers(3);
    const busy = [maintained(first!), second!, third!];
    assert.match(drainImpossible(second!, busy) ?? "", /another controlplane/);
    assert.match(drainImpossible(busy[0]!, busy) ?? "", /another controlplane/);
  });

  it("never the last that is neither cordoned nor in maintenance", () => {
    const cordoned = node("n2", [], { spec: { unschedulable: true } });
    assert.equal(otherNodeAvailable(worker, [worker, cordoned, maintained(node("n3"))]), false);
    assert.equal(otherNodeAvailable(worker, [worker, node("n5")]), true);
  });
});

describe("lab: virtual machines that hold up the maintenance of a node", () => {
  const [n1, n2] = [node("n1"), node("n2")];

  function instance(name: string, on: string, change: Partial<KubeObject> = {}): KubeObject {
    const status = { phase: "Running", nodeName: on };
    return { metadata: { name, namespace: "default" }, spec: {}, status, ...change };
  }

  function blockers(of: KubeObject, view: Partial<View>): [string, string[]][] {
    return [
      ...nonMigratable(of, { nodes: [n1!, n2!], instances: [], volumes: [], replicas: [], ...view }),
    ].sort();
  }

  it("are none of those that can move, and none of other nodes", () => {
    assert.deepEqual(blockers(n1!, { instances: [instance("a", "n1"), instance("b", "n2")] }), []);
  });

  it("are those that KubeVirt cannot move, by its reason", () => {
    const conditions = [{ type: "LiveMigratable", status: "False", reason: "HostDeviceNotLiveMigratable" }];
    const gpu = instance("gpu", "n1", { status: { phase: "Running", nodeName: "n1", conditions } });
    assert.deepEqual(blockers(n1!, { instances: [gpu] }), [["HostDeviceNotLiveMigratable", ["default/gpu"]]]);
  });

  it("are those for which no other node will do, by nodeSelector or nodeAffinity, or which is cordoned", () => {
    const bound = instance("bound", "n1", { spec: { nodeSelector: { disk: "n1" } } });
    const matchExpressions = [{ key: "disk", operator: "NotIn", values: ["n2"] }];
    const nodeSelectorTerms = [{ matchExpressions }];
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
    };
    const choosy = instance("choosy", "n1", { spec: { affinity } });
    const found = [["NodeSchedulingRequirementsNotMet", ["default/bound", "default/choosy"]]];
    const free = instance("free", "n1");
    assert.deepEqual(blockers(n1!, { instances: [bound, choosy, free] }), found);
    const cordoned = node("n2", [], { spec: { unschedulable: true } });
    assert.deepEqual(blockers(n1!, { nodes: [n1!, cordoned], instances: [free] }), [
      ["NodeSchedulingRequirementsNotMet", ["default/free"]],
    ]);
  });

  it("are those with their last started replica on the node, wherever they run", () => {
    const workloadsStatus = [{ workloadName: "far", workloadType: "VirtualMachineInstance" }];
    const kubernetesStatus = { namespace: "default", workloadsStatus };
    const volume: KubeObject = { metadata: { name: "pvc-1" }, status: { kubernetesStatus } };
    const replica = (on: string, started: boolean): KubeObject => {
      return {
        metadata: { name: `r-${on}` },
        spec: { volumeName: "pvc-1", nodeID: on },
        status: { started },
      };
    };
    const view = { instances: [instance("far", "n2")], volumes: [volume] };
    const last = { ...view, replicas: [replica("n1", true), replica("n2", false)] };
    assert.deepEqual(blockers(n1!, last), [["LastHealthyReplica", ["default/far"]]]);
    assert.deepEqual(blockers(n2!, last), []);
    assert.deepEqual(blockers(n1!, { ...view, replicas: [replica("n1", true), replica("n2", true)] }), []);
  });
});
