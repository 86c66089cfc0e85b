/**
 * etcd's API as JSON over HTTPS (the member's own gateway): membership, health, snapshots.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { HttpsClient, type HttpsTarget } from "./https-client";

/** A member as etcd lists it; ids are decimal strings. */
export interface EtcdMemberInfo {
  id: string;
  name: string;
  peerUrls: string[];
  clientUrls: string[];
  learner: boolean;
}

/** What one member says about itself. */
export interface EtcdStatus {
  clusterId: string;
  memberId: string;
  leader: string;
  version: string;
  dbSize: number;
  raftIndex: string;
  raftTerm: string;
  learner: boolean;
}

interface RawMember {
  ID: string;
  name?: string;
  peerURLs?: string[];
  clientURLs?: string[];
  isLearner?: boolean;
}

/** Talks to one etcd member. */
export class EtcdClient {
  readonly #http: HttpsClient;

  constructor(target: HttpsTarget) {
    this.#http = new HttpsClient(target);
  }

  /** The members as this one knows them, also without a majority. */
  async members(): Promise<EtcdMemberInfo[]> {
    const answer = await this.#call<{ members: RawMember[] }>("/v3/cluster/member/list", {});
    return answer.members.map(memberInfo);
  }

  /** Adds a member that does not vote yet; its etcd must start with the returned members as its initial cluster. */
  async addLearner(peerUrl: string): Promise<{ member: EtcdMemberInfo; members: EtcdMemberInfo[] }> {
    const answer = await this.#call<{ member: RawMember; members: RawMember[] }>("/v3/cluster/member/add", {
      peerURLs: [peerUrl],
      isLearner: true,
    });
    return { member: memberInfo(answer.member), members: answer.members.map(memberInfo) };
  }

  /** Makes a learner a voter; etcd refuses while it lags behind. */
  async promote(id: string): Promise<void> {
    await this.#call("/v3/cluster/member/promote", { ID: id });
  }

  async remove(id: string): Promise<void> {
    await this.#call("/v3/cluster/member/remove", { ID: id });
  }

  /** What the member answers; a member without a leader answers too. */
  async status(): Promise<EtcdStatus> {
    const raw = await this.#call<{
      header: { cluster_id: string; member_id: string };
      leader?: string;
      version: string;
      dbSize?: string;
      raftIndex?: string;
      raftTerm?: string;
      isLearner?: boolean;
    }>("/v3/maintenance/status", {});
    return {
      clusterId: raw.header.cluster_id,
      memberId: raw.header.member_id,
      leader: raw.leader ?? "0",
      version: raw.version,
      dbSize: Number(raw.dbSize ?? 0),
      raftIndex: raw.raftIndex ?? "0",
      raftTerm: raw.raftTerm ?? "0",
      learner: raw.isLearner ?? false,
    };
  }

  /** True when a read through the quorum succeeds, which is what `etcdctl endpoint health` asks. */
  async healthy(): Promise<boolean> {
    try {
      await this.#call("/v3/kv/range", { key: Buffer.from("health").toString("base64") });
      return true;
    } catch {
      return false;
    }
  }

  /** Saves a snapshot as `etcdctl snapshot save` does: the database followed by its SHA-256, which is checked. */
  async snapshot(file: string): Promise<{ bytes: number }> {
    const response = await this.#http.stream({
      method: "POST",
      path: "/v3/maintenance/snapshot",
      body: "{}",
      timeoutMs: 60_000,
    });
    if (response.statusCode !== 200) throw new Error(`etcd refused a snapshot: HTTP ${response.statusCode}.`);
    const parts: Buffer[] = [];
    let rest = "";
    for await (const chunk of response) {
      rest += (chunk as Buffer).toString("utf8");
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        parts.push(snapshotPart(rest.slice(0, end)));
        rest = rest.slice(end + 1);
      }
    }
    if (rest.trim()) parts.push(snapshotPart(rest));
    const whole = Buffer.concat(parts);
    const digest = createHash("sha256").update(whole.subarray(0, -32)).digest();
    if (!digest.equals(whole.subarray(-32)))
      throw new Error("The snapshot from etcd does not match its checksum.");
    fs.writeFileSync(file, whole, { mode: 0o600 });
    return { bytes: whole.length };
  }

  close(): void {
    this.#http.close();
  }

  async #call<T>(path: string, body: object): Promise<T> {
    const answer = await this.#http.send({
      method: "POST",
      path,
      body: JSON.stringify(body),
      timeoutMs: 5_000,
    });
    if (answer.status !== 200) {
      throw new Error(`etcd ${path}: HTTP ${answer.status} ${answer.body.slice(0, 300)}`);
    }
    return JSON.parse(answer.body) as T;
  }
}

function snapshotPart(line: string): Buffer {
  const message = JSON.parse(line) as { result?: { blob?: string }; error?: { message?: string } };
  if (message.error)
    throw new Error(`etcd stopped the snapshot: ${message.error.message ?? "no reason given"}.`);
  return Buffer.from(message.result?.blob ?? "", "base64");
}

function memberInfo(raw: RawMember): EtcdMemberInfo {
  return {
    id: raw.ID,
    name: raw.name ?? "",
    peerUrls: raw.peerURLs ?? [],
    clientUrls: raw.clientURLs ?? [],
    learner: raw.isLearner ?? false,
  };
}
