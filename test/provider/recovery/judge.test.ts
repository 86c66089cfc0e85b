import assert from "node:assert/strict";
import { NO_MEMORY, type NodeLook, recordAct, recoveryPolicyOf, remember } from "../../../model/recovery";
import type { HarvesterClient } from "../../../provider/harvester/client";
import { type KubeNode, nodeFacts } from "../../../provider/harvester/node-facts";
import { judge } from "../../../provider/recovery/judge";
import type { Seen } from "../../../provider/recovery/look";
import { validDescription } from "../../model/description";
import { but, DEAD, OFF, WELL } from "../../model/recovery/scenario";

const AT = "2026-03-01T12:00:00Z";
const minutesLater = (minutes: number) => new Date(Date.parse(AT) + minutes * 60_000).toISOString();

/** Three members and a node that stands by; n2 is so. */
function seenAt(at: string, n2: NodeLook): Seen {
  const description = validDescription(4);
  const nodes = Object.entries(description.nodes).map(([key, described], index) => {
    const seat = index < 3 ? "true" : "false";
    const kube: KubeNode = {
      metadata: {
        name: key,
        creationTimestamp: minutesLater(index),
        labels: {
          "harvesterhci.io/managed": "true",
          "node-role.kubernetes.io/control-plane": seat,
          "node-role.kubernetes.io/etcd": seat,
        },
      },
      status: { conditions: [{ type: "Ready", status: key === "n2" ? "Unknown" : "True" }] },
    };
    const known = key !== "n2" || n2.registered;
    return { key, described, kube: known ? kube : undefined, facts: known ? nodeFacts(kube) : undefined };
  });
  const looks = Object.fromEntries(
    nodes.map(({ key }) => [key, key === "n2" ? n2 : key === "n4" ? but({ member: false }) : WELL]),
  );
  return { look: { at, nodes: looks }, nodes, strangers: [], hosts: {} };
}

/** What a cluster without upgrades answers. */
const client = { list: async () => [] } as unknown as HarvesterClient;
const subject = {
  description: validDescription(4),
  identity: { incarnation: "0123456789ab", creator: { key: "n1", uuid: "", serial: "" }, seed: "" },
  client,
  caFingerprint: undefined,
  hostKeys: {},
};
const policy = recoveryPolicyOf({ mode: "automatic" }, 4);

describe("a cluster that was looked at is judged", () => {
  it("a node whose eviction was cut short is evicted to the end", async () => {
    let memory = remember(NO_MEMORY, seenAt(AT, WELL).look);
    for (let minute = 1; minute <= 20; minute++)
      memory = remember(memory, seenAt(minutesLater(minute), DEAD).look);
    memory = recordAct(memory, { at: minutesLater(20), node: "n2", act: "evict", result: "begun" });
    for (let minute = 21; minute <= 60; minute++)
      memory = remember(memory, seenAt(minutesLater(minute), OFF).look);
    const seen = seenAt(minutesLater(60), OFF);
    const { decision, assessments } = await judge({ subject, seen, memory, policy, evicted: ["n2"] });
    assert.equal(assessments.n2?.state, "beyond-repair");
    // Without a key for SSH nobody can ask the one that would follow; that is all that stands against it.
    assert.ok(decision.do === "refuse" && decision.guard === "candidate", JSON.stringify(decision));
    assert.match(decision.why, /n2 would be evicted .* whether it reaches n1 could not be learnt/);
  });

  it("a node that is out is nobody's to assess, and counts for the limit", async () => {
    const seen = seenAt(AT, but({ registered: false }));
    const memory = remember(NO_MEMORY, seen.look);
    const { assessments, situation } = await judge({ subject, seen, memory, policy, evicted: ["n2"] });
    assert.deepEqual(Object.keys(assessments), ["n1", "n3", "n4"]);
    assert.deepEqual(situation.evicted, ["n2"]);
  });
});
