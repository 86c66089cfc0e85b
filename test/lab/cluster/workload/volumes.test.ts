import assert from "node:assert/strict";
import {
  REBUILD_SECONDS,
  REPLENISH_SECONDS,
  type Replica,
  replicaSteps,
  robustness,
  type StorageNode,
} from "../../../../lab/cluster/workload/volumes";

const NODES = ["n1", "n2", "n3", "n4"];

function nodes(changes: Record<string, Partial<StorageNode>> = {}): StorageNode[] {
  return NODES.map((name) => ({ name, ready: true, schedulable: true, evicting: false, ...changes[name] }));
}

function replicas(...on: [node: string, state: Replica["state"], since?: number][]): Replica[] {
  return on.map(([node, state, since = 0]) => ({ name: `r-${node}`, node, state, since }));
}

function words(...args: Parameters<typeof replicaSteps>): string[] {
  return replicaSteps(...args).map((step) =>
    step.kind === "create" ? `create ${step.node}` : `${step.kind} ${step.replica.node}`,
  );
}

describe("lab: Longhorn's replicas", () => {
  const three = replicas(["n1", "healthy"], ["n2", "healthy"], ["n3", "healthy"]);

  it("places the copies of a new volume on different nodes, never on more than there are", () => {
    assert.deepEqual(words(3, [], nodes()), ["create n1", "create n2", "create n3"]);
    const two = nodes({ n1: { ready: false }, n3: { schedulable: false } });
    assert.deepEqual(words(3, [], two), ["create n2", "create n4"]);
    assert.deepEqual(words(3, three, nodes()), []);
  });

  it("fails what is on a dead node, waits for it, and fills it again when it is back", () => {
    assert.deepEqual(words(3, three, nodes({ n2: { ready: false } })), ["fail n2"]);
    const lost = replicas(["n1", "healthy"], ["n2", "failed", 10], ["n3", "healthy"]);
    assert.equal(robustness(3, lost), "degraded");
    assert.deepEqual(words(3, lost, nodes({ n2: { ready: false } })), []);
    assert.deepEqual(words(3, lost, nodes()), ["rebuild n2"]);
    const filling = replicas(["n1", "healthy"], ["n2", "rebuilding", 1], ["n3", "healthy"]);
    assert.deepEqual(words(3, filling, nodes()), []);
    const filled = replicas(["n1", "healthy"], ["n2", "rebuilding", REBUILD_SECONDS], ["n3", "healthy"]);
    assert.deepEqual(words(3, filled, nodes()), ["finish n2"]);
  });

  it("makes a new copy elsewhere when the node stays away, and forgets the old one", () => {
    const lost = replicas(["n1", "healthy"], ["n2", "failed", REPLENISH_SECONDS], ["n3", "healthy"]);
    assert.deepEqual(words(3, lost, nodes({ n2: { ready: false } })), ["create n4"]);
    const done = [...lost, ...replicas(["n4", "healthy"])];
    assert.deepEqual(words(3, done, nodes({ n2: { ready: false } })), ["delete n2"]);
  });

  it("moves copies off a node that is evicted, and keeps them where there is no other place", () => {
    const evicting = nodes({ n1: { evicting: true } });
    assert.deepEqual(words(3, three, evicting), ["create n4"]);
    assert.deepEqual(words(3, [...three, ...replicas(["n4", "rebuilding"])], evicting), []);
    assert.deepEqual(words(3, [...three, ...replicas(["n4", "healthy"])], evicting), ["delete n1"]);
    assert.deepEqual(words(3, three, evicting.slice(0, 3)), []);
  });

  it("salvages a volume from the copy that failed last, never from an older one", () => {
    const dead = replicas(["n1", "failed", 100], ["n2", "failed", 5]);
    assert.equal(robustness(2, dead), "faulted");
    assert.deepEqual(words(2, dead, nodes({ n2: { ready: false } })), []);
    assert.deepEqual(words(2, dead, nodes()), ["salvage n2"]);
  });
});
