import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { HOLDER_PROCESS } from "../../../provider/harvester/holder";
import { KubeApi, type KubeObject } from "../../../provider/harvester/kube-api";
import { LeaseHeld, underLease } from "../../../provider/harvester/lease";

const PATH = "/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases/harvester-stack-membership";

const ADA = "ada@desk (7-abc): taking n1 out";

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

  held(by: string, holderProcess?: string): void {
    this.lease = {
      metadata: {
        name: "harvester-stack-membership",
        resourceVersion: "other",
        ...(holderProcess && { annotations: { [HOLDER_PROCESS]: holderProcess } }),
      },
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
    cluster.held(ADA);
    const work = async () => assert.fail("done without the Lease");
    await assert.rejects(underLease(options(cluster, 1000), work), (error) => {
      assert.ok(error instanceof LeaseHeld);
      assert.match(error.message, /ada@desk \(7-abc\): taking n1 out .* since 2026-11-21T10:00:00/);
      return true;
    });
    assert.equal(cluster.holder(), ADA);
  });

  describe("held by a process of this machine", () => {
    let holder: ChildProcess;
    let named: string;

    /** Another process, that takes the Lease's annotation as it would and then does nothing. */
    beforeEach(async () => {
      const code = `process.stdout.write(require("./provider/harvester/holder").holderProcess("${ADA}")); setInterval(() => {}, 1000);`;
      holder = spawn(process.execPath, ["--require", "tsx/cjs", "-e", code], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      [named] = (await once(holder.stdout!, "data")).map(String) as [string];
    });
    afterEach(() => {
      holder.kill("SIGKILL");
    });
    const killed = async () => {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    };
    const attempt = async (annotation: string, holder = ADA) => {
      const cluster = new Cluster();
      cluster.held(holder, annotation);
      return underLease(options(cluster, 1000), async () => "done").catch((error) => error.constructor.name);
    };
    /** The annotation with another value at a place. */
    const elsewhere = (at: number, value: unknown) => JSON.stringify(JSON.parse(named).with(at, value));

    it("is waited for while that lives", async () => {
      assert.equal(await attempt(named), "LeaseHeld");
    });

    it("is waited for while that is stopped", async () => {
      holder.kill("SIGSTOP");
      assert.equal(await attempt(named), "LeaseHeld");
    });

    it("is taken over at once when that was killed", async () => {
      await killed();
      assert.equal(await attempt(named), "done");
    });

    for (const [at, what] of ["host", "boot", "namespace of processes", "namespace of times"].entries()) {
      it(`is waited for where the killed process ran in another ${what}`, async () => {
        await killed();
        assert.equal(await attempt(elsewhere(at, "another")), "LeaseHeld");
      });
    }

    it("is waited for where somebody else has taken the Lease and left the annotation", async () => {
      await killed();
      assert.equal(await attempt(named, "bob@rack (8-def): taking n2 out"), "LeaseHeld");
    });

    it("is waited for where the annotation says nothing that is understood", async () => {
      for (const annotation of ["", "{}", "[]", "nobody"])
        assert.equal(await attempt(annotation), "LeaseHeld");
    });

    it("is taken over where another process has got its number since", async () => {
      assert.equal(await attempt(elsewhere(-2, "1")), "done");
    });
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
