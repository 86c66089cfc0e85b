import assert from "node:assert/strict";
import type { EtcdMemberInfo, EtcdStatus } from "../../../lab/cluster/etcd-client";
import { type QuorumRecord, quorumRecord } from "../../../lab/quorum/record";
import { QuorumSampler } from "../../../lab/quorum/sampler";
import { EtcdTable } from "../../../lab/registries";
import { temporaryFolder, until } from "../support";

/** Members that answer what a test says. */
class FakeMembers {
  readonly table = new EtcdTable();
  readonly #names: string[];
  leader = "n1";

  constructor(...names: string[]) {
    this.#names = names;
  }

  /** Lets a member answer, until the function that is returned is called: then connections to it are refused. */
  run(name: string): () => void {
    let running = true;
    const refuse = () => {
      if (!running) throw new Error("connect ECONNREFUSED");
    };
    this.table.add({
      machine: name,
      client: {
        status: async (): Promise<EtcdStatus> => {
          refuse();
          return { clusterId: "c", memberId: name, leader: this.leader } as EtcdStatus;
        },
        members: async (): Promise<EtcdMemberInfo[]> => {
          refuse();
          return this.#names.map((id) => ({ id, name: id, peerUrls: [], clientUrls: [], learner: false }));
        },
      },
    });
    return () => {
      running = false;
    };
  }
}

describe("lab: looking at the etcd members", () => {
  const folder = temporaryFolder();
  let sampler: QuorumSampler;

  after(() => {
    sampler.stop();
    folder.remove();
  });

  const read = (): QuorumRecord => {
    sampler.flush();
    return quorumRecord(folder.path);
  };
  const last = () => read().states.at(-1);

  it("writes down changes only, counts the looks, and sees a loss of quorum and its end", async () => {
    const members = new FakeMembers("n1", "n2", "n3");
    members.run("n1");
    const second = members.run("n2");
    members.run("n3");
    sampler = QuorumSampler.start(folder.path, members.table);
    await until("three healthy voters", () => last()?.healthy === 3);
    const { length } = read().states;
    const { samples } = read();
    await until("some more looks", () => read().samples > samples + 3);
    assert.equal(read().states.length, length);
    assert.deepEqual([last()?.voters, last()?.leader], [3, "n1"]);
    second();
    await until("two", () => last()?.healthy === 2);
    assert.deepEqual([read().lowestReserve, read().belowQuorum], [0, []]);
    members.leader = "";
    await until("no leader", () => last()?.leader === undefined);
  });

  it("goes on with the record when the lab starts again, and knows a cluster by its id", async () => {
    sampler.stop();
    const { samples } = read();
    const members = new FakeMembers("n1", "n2");
    const first = members.run("n1");
    members.run("n2");
    sampler = QuorumSampler.start(folder.path, members.table);
    await until("the new membership", () => last()?.voters === 2 && last()?.healthy === 2);
    first();
    await until("the loss", () => read().belowQuorum.length === 1);
    assert.ok(read().samples > samples);
    assert.equal(read().belowQuorum[0]?.healthy, 1);
  });
});
