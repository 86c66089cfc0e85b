/**
 * Looks at every etcd member of the lab five times a second, and writes down what changes. It sees the members from outside, as no program under
 * test does, so that its record can be held against what such a program says of the quorum.
 */
import { appendFileSync } from "node:fs";
import type { EtcdMemberInfo, EtcdStatus } from "../cluster/etcd-client";
import { readJson, writeJson } from "../files";
import type { EtcdMembers, RunningMember } from "../types";
import { type QuorumCount, type QuorumState, quorumFiles } from "./record";

/** Real time between two samples. */
export const SAMPLE_MS = 200;
/** etcd's own election timeout in the lab: who does not answer for so long is missed by its peers, too. */
const ANSWER_MS = 2000;
/** The count is written every so many samples. */
const COUNT_EVERY = 25;

/** What one member has said, and since when it owes an answer. */
interface Look {
  status?: EtcdStatus;
  /** False once it could not be reached. */
  answers: boolean;
  askedAt?: number;
}

/** Members of a cluster as its leader lists them. */
interface Cluster {
  id: string;
  members: EtcdMemberInfo[];
  last?: string;
}

/** Watches the etcd members until it is stopped. */
export class QuorumSampler {
  readonly #looks = new Map<RunningMember, Look>();
  readonly #clusters = new Map<string, Cluster>();
  readonly #files: { states: string; count: string };
  readonly #count: QuorumCount;
  readonly #timer: NodeJS.Timeout;
  #sampledAt = performance.now();

  private constructor(
    siteDir: string,
    private readonly etcd: EtcdMembers,
  ) {
    this.#files = quorumFiles(siteDir);
    this.#count = readJson<QuorumCount>(this.#files.count) ?? { samples: 0, longestGapMs: 0 };
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** Starts to watch; goes on with the record that the folder has. */
  static start(siteDir: string, etcd: EtcdMembers): QuorumSampler {
    return new QuorumSampler(siteDir, etcd);
  }

  /** Ends it; the record is complete then. */
  stop(): void {
    clearInterval(this.#timer);
    this.flush();
  }

  /** Writes the count of samples, which is otherwise some seconds behind. */
  flush(): void {
    writeJson(this.#files.count, this.#count);
  }

  #sample(): void {
    const now = performance.now();
    const gap = now - this.#sampledAt;
    this.#sampledAt = now;
    this.#count.longestGapMs = Math.max(this.#count.longestGapMs, Math.round(gap));
    const running = this.etcd.all();
    for (const member of this.#looks.keys()) if (!running.includes(member)) this.#looks.delete(member);
    // When this process itself stood still, answers may lie there unread: nobody can be said to be late.
    const stalled = gap > 2 * SAMPLE_MS;
    for (const member of running) {
      const look = this.#looks.get(member) ?? { answers: false };
      this.#looks.set(member, look);
      if (look.askedAt === undefined) void this.#ask(member, look, now);
      else if (stalled) look.askedAt = now;
    }
    this.#count.samples++;
    for (const cluster of this.#clusters.values()) this.#write(cluster, now);
    if (this.#count.samples % COUNT_EVERY === 0) this.flush();
  }

  async #ask({ client }: RunningMember, look: Look, now: number): Promise<void> {
    look.askedAt = now;
    try {
      const status = await client.status();
      const { clusterId: id, leader, memberId } = status;
      const known = this.#clusters.get(id);
      // A member's own list may be behind; the leader's is what counts.
      if (known === undefined || leader === memberId)
        this.#clusters.set(id, { id, last: known?.last, members: await client.members() });
      look.status = status;
      look.answers = true;
    } catch {
      look.answers = false;
    } finally {
      look.askedAt = undefined;
    }
  }

  #write(cluster: Cluster, now: number): void {
    const up = [...this.#looks.values()].flatMap(({ status, answers, askedAt = now }) =>
      answers && status?.clusterId === cluster.id && now - askedAt < ANSWER_MS ? [status] : [],
    );
    const voters = cluster.members.filter(({ learner }) => !learner);
    const leads = up.find(({ leader, memberId }) => leader === memberId)?.memberId;
    const state: Omit<QuorumState, "time"> = {
      cluster: cluster.id,
      members: cluster.members.length,
      voters: voters.length,
      healthy: voters.filter(({ id }) => up.some(({ memberId }) => memberId === id)).length,
      leader: cluster.members.find(({ id }) => id === leads)?.name,
    };
    const text = JSON.stringify(state);
    if (text === cluster.last) return;
    cluster.last = text;
    appendFileSync(this.#files.states, `${JSON.stringify({ time: new Date().toISOString(), ...state })}\n`);
  }
}
