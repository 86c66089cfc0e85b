import assert from "node:assert/strict";
import { type KubeNode, nodeFacts } from "../../../provider/harvester/node-facts";
import { type Member, verify } from "../../../provider/resources/membership/verify";
import { validNode } from "../../model/description";

const EXPECTATION = { version: "v1.6.1", creator: "n1" };

describe("verifying a membership", () => {
  it("is content with three voters and a worker, and counts what may be lost", () => {
    const { pending, wrong, quorum, nodes } = verify(members(), cluster(), EXPECTATION);
    assert.deepEqual({ pending, wrong }, { pending: [], wrong: [] });
    assert.deepEqual([quorum.members, quorum.healthy, quorum.tolerance], [3, 3, 1]);
    assert.deepEqual(
      nodes.map(({ name, role, etcdVoter }) => [name, role, etcdVoter]),
      [
        ["n1", "management", true],
        ["n2", "management", true],
        ["n3", "management", true],
        ["n4", "worker", false],
      ],
    );
  });

  const waits: [string, (nodes: KubeNode[]) => void, RegExp][] = [
    ["a node that is not there", (nodes) => nodes.pop(), /n4 is not in the cluster/],
    ["a node that is not Ready", (nodes) => setCondition(nodes[3]!, "Ready", "False"), /n4 is not Ready/],
    ["a promotion that is under way", (nodes) => annotate(nodes[2]!, "running"), /n3 is being promoted/],
    ["a promotion that is due", (nodes) => demote(nodes[2]!), /promotion is not at rest/],
    [
      "an etcd member that is still learning",
      (nodes) => setCondition(nodes[1]!, "EtcdIsVoter", "False"),
      /n2's etcd member does not vote/,
    ],
  ];
  for (const [what, change, expected] of waits) {
    it(`waits for ${what}`, () => {
      const nodes = kubeNodes();
      change(nodes);
      assert.match(verify(members(), nodes.map(nodeFacts), EXPECTATION).pending.join("; "), expected);
    });
  }

  it("waits for no node that is kept out of use and off, and counts its vote as missing", () => {
    const nodes = kubeNodes();
    setCondition(nodes[1]!, "Ready", "Unknown");
    setCondition(nodes[1]!, "EtcdIsVoter", "Unknown");
    const off = members().map((member) =>
      member.key === "n2"
        ? { ...member, node: { ...member.node, maintenance: true, power: "off" as const } }
        : member,
    );
    const { pending, wrong, quorum } = verify(off, nodes.map(nodeFacts), EXPECTATION);
    assert.deepEqual({ pending, wrong }, { pending: [], wrong: [] });
    assert.deepEqual([quorum.healthy, quorum.tolerance], [2, 0]);
    assert.notDeepEqual(verify(members(), nodes.map(nodeFacts), EXPECTATION).pending, []);
  });

  it("says of a node that was released what it is, also where it is described and was evicted", () => {
    const released = {
      key: "n9",
      uuid: "",
      serial: "SN9",
      installation: "installed-once",
      at: "2026-03-01T12:00:00Z",
      how: "left" as const,
      fence: "observed off",
    };
    const nodes = [...kubeNodes(), { ...kubeNodes()[3]!, metadata: { name: "n9" }, status: {} }].map(
      nodeFacts,
    );
    const said = (node: string) =>
      verify(members(), nodes, { ...EXPECTATION, returned: [{ node, released }] }).wrong;
    assert.deepEqual(said("n9").length, 1);
    assert.match(
      said("n9")[0]!,
      /^the machine of n9 \(serial SN9\), which left at 2026-03-01.*as the node n9/,
    );
    assert.match(said("n4").join("; "), /in the cluster again, as the node n4.*a node n9 .* does not name/);
  });

  const refuses: [string, (nodes: KubeNode[]) => void, RegExp][] = [
    [
      "a promotion that failed",
      (nodes) => annotate(demote(nodes[2]!), "failed"),
      /the promotion of n3 is "failed"/,
    ],
    [
      "another version on one node",
      (nodes) => setVersion(nodes[1]!, "v1.6.0"),
      /n2 runs v1\.6\.0, the description says v1\.6\.1/,
    ],
    [
      "a node that nobody described",
      (nodes) => nodes.push(kubeNode(5, "worker", false)),
      /a node n5 .* that the description does not name/,
    ],
  ];
  for (const [what, change, expected] of refuses) {
    it(`says what no waiting mends: ${what}`, () => {
      const nodes = kubeNodes();
      change(nodes);
      assert.match(verify(members(), nodes.map(nodeFacts), EXPECTATION).wrong.join("; "), expected);
    });
  }

  it("notices a control plane other than the previewed one", () => {
    const nodes = [
      kubeNode(1, "management", true),
      kubeNode(2, "management", true),
      kubeNode(3, "management", false),
      kubeNode(4, "default", true),
    ];
    const described = members().map((member, index) =>
      index === 3 ? { ...member, node: { ...member.node, role: "default" as const } } : member,
    );
    const { wrong } = verify(described, nodes.map(nodeFacts), EXPECTATION);
    assert.match(
      wrong.join("; "),
      /n3 should have been promoted .* and was not; n4 was promoted, .* should not have been/,
    );
  });

  it("knows a node by its UUID in either byte order, whatever its name", () => {
    const nodes = kubeNodes();
    nodes[0]!.status!.nodeInfo!.systemUUID = "44454C4C-4200-1035-8052-B4C04F4E4D01";
    assert.deepEqual(verify(members(), nodes.map(nodeFacts), EXPECTATION).pending, []);
  });
});

function members(): Member[] {
  return [1, 2, 3, 4].map((index) => ({
    key: `n${index}`,
    node: { ...validNode(index), role: index === 4 ? "worker" : "management" },
    installation: "aaaaaaaaaaaa",
  }));
}

function kubeNodes(): KubeNode[] {
  return [1, 2, 3, 4].map((index) => kubeNode(index, index === 4 ? "worker" : "management", index < 4));
}

function cluster() {
  return kubeNodes().map(nodeFacts);
}

function kubeNode(index: number, role: string, promoted: boolean): KubeNode {
  return {
    metadata: {
      name: `n${index}`,
      creationTimestamp: `2026-01-01T00:00:0${index}Z`,
      labels: {
        "harvesterhci.io/managed": "true",
        ...(role === "default" ? {} : { [`node-role.harvesterhci.io/${role}`]: "true" }),
        ...(promoted
          ? { "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true" }
          : {}),
      },
      annotations: {},
    },
    status: {
      conditions: [
        { type: "Ready", status: "True" },
        { type: "MemoryPressure", status: "False" },
        ...(promoted ? [{ type: "EtcdIsVoter", status: "True" }] : []),
      ],
      nodeInfo: { systemUUID: validNode(index).hardware.uuid, osImage: "Harvester v1.6.1" },
    },
  };
}

function setCondition(node: KubeNode, type: string, status: string): void {
  node.status!.conditions!.find((condition) => condition.type === type)!.status = status;
}

function annotate(node: KubeNode, status: string): KubeNode {
  node.metadata.annotations = { "harvesterhci.io/promote-status": status };
  return node;
}

function demote(node: KubeNode): KubeNode {
  delete node.metadata.labels!["node-role.kubernetes.io/control-plane"];
  delete node.metadata.labels!["node-role.kubernetes.io/etcd"];
  node.status!.conditions = node.status!.conditions!.filter(({ type }) => type !== "EtcdIsVoter");
  return node;
}

function setVersion(node: KubeNode, version: string): void {
  node.status!.nodeInfo!.osImage = `Harvester ${version}`;
}
