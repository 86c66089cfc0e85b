/**
 * etcdctl and rke2's snapshot command, on the machine's own etcd member. Flags that only say how to reach it are accepted and not used.
 */
import { readdirSync, statSync } from "node:fs";
import * as path from "node:path";
import { PATHS } from "../disk";
import type { EtcdClient, EtcdMemberInfo } from "../etcd-client";
import { failed, ok, type Program, type Result, type Session } from "./program";

/** Splits off flags; every flag but the boolean ones of these programs takes a value. */
function parse(args: string[]): { words: string[]; flags: Map<string, string> } {
  const words: string[] = [];
  const flags = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (!arg.startsWith("-")) words.push(arg);
    else if (arg.includes("=")) flags.set(arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1));
    else if (arg === "--cluster" || arg === "--hex" || arg === "--debug") flags.set(arg, "true");
    else flags.set(arg, args[++index] ?? "");
  }
  return { words, flags };
}

/** /var/lib/rancher/rke2/bin/etcdctl */
export const etcdctl: Program = async (session, args) => {
  const { words, flags } = parse(args);
  const etcd = memberOf(session);
  if ("code" in etcd) return etcd;
  const json = (flags.get("-w") ?? flags.get("--write-out")) === "json";
  const [group, verb, file] = words;
  switch (`${group} ${verb}`) {
    case "member list":
      return ok(json ? memberJson(await etcd.client.members()) : memberLines(await etcd.client.members()));
    case "endpoint health": {
      const healthy = await etcd.client.healthy();
      return healthy
        ? ok(`${etcd.endpoint} is healthy: successfully committed proposal\n`)
        : failed(1, `${etcd.endpoint} is unhealthy: failed to commit proposal: context deadline exceeded`);
    }
    case "endpoint status":
      return ok(await endpointStatus(etcd, json));
    case "snapshot save": {
      if (!file) return failed(128, "Error: snapshot save expects one argument");
      return save(session, etcd.client, file, `Snapshot saved at ${file}\n`);
    }
    default:
      return failed(1, `Error: unknown command "${words.join(" ")}" for "etcdctl"`);
  }
};

/** /opt/rke2/bin/rke2 etcd-snapshot save|ls */
export const rke2: Program = async (session, args) => {
  const { words, flags } = parse(args);
  if (words[0] !== "etcd-snapshot") return failed(1, `No help topic for '${words[0] ?? ""}'`);
  if (session.user !== "root") return failed(1, 'time="now" level=fatal msg="must run as root"');
  if (words[1] === "ls" || words[1] === "list") return listSnapshots(session);
  const etcd = memberOf(session);
  if ("code" in etcd) return etcd;
  const folder = flags.get("--dir") ?? flags.get("--etcd-snapshot-dir") ?? PATHS.snapshots;
  const name = `${flags.get("--name") ?? "on-demand"}-${session.identity.hostname}-${Math.floor(Date.now() / 1000)}`;
  session.disk.folder(folder);
  return save(session, etcd.client, path.posix.join(folder, name), `Snapshot ${name} saved.\n`);
};

interface Member {
  client: EtcdClient;
  endpoint: string;
}

function memberOf(session: Session): Member | Result {
  if (session.user !== "root") return failed(1, "Error: open client.key: permission denied");
  const etcd = session.etcd();
  if (!etcd) return failed(1, "Error: context deadline exceeded (this node runs no etcd)");
  return { client: etcd.client, endpoint: etcd.clientUrl };
}

async function save(session: Session, client: EtcdClient, file: string, message: string): Promise<Result> {
  if (!session.disk.exists(path.posix.dirname(file))) session.disk.folder(path.posix.dirname(file));
  const { bytes } = await client.snapshot(session.disk.path(file));
  session.lab.ledger.append({ machine: session.machine.name, event: "etcd-snapshot", file, bytes });
  return ok(message);
}

async function listSnapshots(session: Session): Promise<Result> {
  const folder = session.disk.folder(PATHS.snapshots);
  const rows = readdirSync(folder).map((name) => {
    const stat = statSync(path.join(folder, name));
    return `${name} file://${PATHS.snapshots}/${name} ${stat.size} ${stat.mtime.toISOString()}\n`;
  });
  return ok(["Name Location Size Created\n", ...rows].join(""));
}

function hex(id: string): string {
  return BigInt(id).toString(16);
}

function memberLines(members: EtcdMemberInfo[]): string {
  return members
    .map((m) => {
      const state = m.name === "" ? "unstarted" : "started";
      return `${[hex(m.id), state, m.name, m.peerUrls.join(","), m.clientUrls.join(","), String(m.learner)].join(", ")}\n`;
    })
    .join("");
}

/** Ids are numbers in etcdctl's JSON, and larger than JavaScript's: written by hand. */
function memberJson(members: EtcdMemberInfo[]): string {
  const rows = members.map((m) => {
    const rest = JSON.stringify({ name: m.name, peerURLs: m.peerUrls, clientURLs: m.clientUrls });
    return `{"ID":${m.id},${rest.slice(1, -1)}${m.learner ? ',"isLearner":true' : ""}}`;
  });
  return `{"members":[${rows.join(",")}]}\n`;
}

async function endpointStatus({ client, endpoint }: Member, json: boolean): Promise<string> {
  const status = await client.status();
  if (json) {
    const learner = status.learner ? ',"isLearner":true' : "";
    return (
      `[{"Endpoint":${JSON.stringify(endpoint)},"Status":{"header":{"member_id":${status.memberId},"raft_term":${status.raftTerm}},` +
      `"version":"${status.version}","dbSize":${status.dbSize},"leader":${status.leader},"raftIndex":${status.raftIndex},` +
      `"raftTerm":${status.raftTerm}${learner}}}]\n`
    );
  }
  const leads = status.leader === status.memberId;
  const size = `${(status.dbSize / 1024 / 1024).toFixed(1)} MB`;
  const { version, learner, raftTerm, raftIndex } = status;
  return `${[endpoint, hex(status.memberId), version, size, leads, learner, raftTerm, raftIndex, raftIndex, ""].join(", ")}\n`;
}
