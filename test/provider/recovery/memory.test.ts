import assert from "node:assert/strict";
import { type ActRecord, NO_MEMORY, recordAct } from "../../../model/recovery";
import { KubeApi, type KubeSend } from "../../../provider/harvester/kube-api";
import { changeMemory } from "../../../provider/recovery/memory";

const LIFE = "0123456789ab";
const act = (node: string): ActRecord => ({ at: "2026-03-01T12:00:00Z", node, act: "reset", result: "done" });

/** One ConfigMap, as an API server keeps it; `meanwhile` runs before a write is looked at. */
class OneConfigMap {
  object: { metadata: { resourceVersion: string }; data: Record<string, string> } | undefined;
  meanwhile: (() => void)[] = [];
  #version = 0;

  put(data: Record<string, string>): void {
    this.object = { metadata: { resourceVersion: String(++this.#version) }, data };
  }

  readonly send: KubeSend = async (method, _path, body) => {
    const answer = (status: number, value: unknown = {}) => ({
      status,
      headers: {},
      body: JSON.stringify(value),
    });
    if (method === "GET") return this.object === undefined ? answer(404) : answer(200, this.object);
    this.meanwhile.shift()?.();
    const given = body as { metadata: { resourceVersion?: string }; data: Record<string, string> };
    const fits =
      method === "POST"
        ? this.object === undefined
        : this.object?.metadata.resourceVersion === given.metadata.resourceVersion;
    if (!fits) return answer(409);
    this.put(given.data);
    return answer(200, this.object);
  };
}

describe("the memory of passes, in the cluster", () => {
  it("begins empty, and is found again", async () => {
    const kube = new KubeApi(new OneConfigMap().send);
    await changeMemory(kube, LIFE, (memory) => {
      assert.deepEqual(memory, NO_MEMORY);
      return recordAct(memory, act("n1"));
    });
    const found = await changeMemory(kube, LIFE, (memory) => memory);
    assert.deepEqual(found.acts, [act("n1")]);
  });

  it("loses nothing that another pass writes at the same moment", async () => {
    const store = new OneConfigMap();
    const kube = new KubeApi(store.send);
    store.meanwhile.push(() =>
      store.put({ incarnation: LIFE, memory: JSON.stringify(recordAct(NO_MEMORY, act("n1"))) }),
    );
    const memory = await changeMemory(kube, LIFE, (before) => recordAct(before, act("n2")));
    assert.deepEqual(
      memory.acts.map(({ node }) => node),
      ["n1", "n2"],
    );
  });

  it("gives up where others never cease to write", async () => {
    const store = new OneConfigMap();
    const other = () => store.put({ incarnation: LIFE, memory: "{}" });
    store.meanwhile.push(other, other, other, other, other, other);
    await assert.rejects(
      changeMemory(new KubeApi(store.send), LIFE, (memory) => memory),
      /run one guard at a time/,
    );
  });

  it("of another life of the cluster counts for nothing", async () => {
    const store = new OneConfigMap();
    const kube = new KubeApi(store.send);
    await changeMemory(kube, "ba9876543210", (memory) => recordAct(memory, act("n1")));
    assert.deepEqual((await changeMemory(kube, LIFE, (memory) => memory)).acts, []);
  });

  it("that nobody can read is said, not overwritten", async () => {
    const store = new OneConfigMap();
    store.put({ incarnation: LIFE, memory: "{" });
    await assert.rejects(
      changeMemory(new KubeApi(store.send), LIFE, (memory) => memory),
      /Delete it; looks begin anew/,
    );
    assert.equal(store.object?.data.memory, "{");
  });
});
