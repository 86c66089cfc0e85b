import assert from "node:assert/strict";
import { KubeApi, type KubeObject } from "../../../provider/harvester/kube-api";
import { LeaseHeld, underLease } from "../../../provider/harvester/lease";

const PATH = "/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases/harvester-stack-membership";

/** A cluster that holds one Lease. */
class Cluster {
  lease: (KubeObject & { spec: Record<string, unknown> }) | undefined;
  #version = 0;

  readonly kube = new KubeApi(async (method, path, body) => {
    const answer = (status: number, object: unknown = {}) => ({
      status,
      headers: {},
      body: JSON.stringify(object),
    });
    if (method === "GET") return this.lease === undefined ? answer(404) : answer(200, this.lease);
    const object = structuredClone(body) as NonNullable<Cluster["lease"]>;
    if (method === "POST" && this.lease !== undefined) return answer(409);
    if (
      method === "PUT" &&
      (path !== PATH || object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
    )
      return answer(409);
    this.#version += 1;
    object.metadata.resourceVersion = String(this.#version);
    this.lease = object;
    return answer(200, object);
  });

  holder(): unknown {
    return this.lease?.spec.holderIdentity;
  }

  held(by: string): void {
    this.lease = {
      metadata: { name: "harvester-stack-membership", resourceVersion: "other" },
      spec: { holderIdentity: by, acquireTime: "2026-11-21T10:00:00.000000Z", leaseDurationSeconds: 30 },
    };
  }
}

describe("the Lease of a change of members", () => {
  const said: string[] = [];
  const options = (cluster: Cluster, patienceMs: number, signal = new AbortController().signal) => ({
    kube: async () => cluster.kube,
    ctx: {
      signal,
      deadline: new Date(Date.now() + patienceMs),
      status: (text: string) => void said.push(text),
    },
    purpose: "taking n3 out",
  });

  it("is taken, says who holds it and what for, and is given back", async () => {
    const cluster = new Cluster();
    const result = await underLease(options(cluster, 60_000), async () => {
      assert.match(String(cluster.holder()), /@.* \(\d+-[0-9a-f]{6}\): taking n3 out$/);
      return 7;
    });
    assert.equal(result, 7);
    assert.equal(cluster.holder(), "");
  });

  it("is given back after a failure, too", async () => {
    const cluster = new Cluster();
    await assert.rejects(
      underLease(options(cluster, 60_000), () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(cluster.holder(), "");
  });

  it("taken again after it was given back", async () => {
    const cluster = new Cluster();
    for (const result of [1, 2])
      assert.equal(await underLease(options(cluster, 60_000), async () => result), result);
  });

  it("held by somebody else: the error at the deadline says who, and since when, and nothing is done", async () => {
    const cluster = new Cluster();
    cluster.held("ada@desk (7-abc): taking n1 out");
    const work = async () => assert.fail("done without the Lease");
    await assert.rejects(underLease(options(cluster, 1000), work), (error) => {
      assert.ok(error instanceof LeaseHeld);
      assert.match(error.message, /ada@desk \(7-abc\): taking n1 out .* since 2026-11-21T10:00:00/);
      return true;
    });
    assert.equal(cluster.holder(), "ada@desk (7-abc): taking n1 out");
  });

  it("is never taken by two at once", async () => {
    const cluster = new Cluster();
    let inside = 0;
    const work = async () => {
      inside += 1;
      assert.equal(inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => underLease(options(cluster, 60_000), work)));
  });
});
