/**
 * etcdctl and rke2's snapshot command, on the machine's own etcd member. etcdctl is the real one: what it prints, and how it ends where members
 * do not answer, is its own. How to reach the member is the lab's to say: flags for that are accepted and not used.
 */
import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import * as path from "node:path";
import { PATHS } from "../disk";
import type { EtcdMember } from "../etcd";
import { failed, ok, type Program, type Result, type Session } from "./program";
import { clusterReset } from "./rke2-server";

/** Flags that say how a member is reached; on a real node they name port 2379 of the loopback address and RKE2's certificates. */
const CONNECTION = ["--endpoints", "--cacert", "--cert", "--key"];
/** etcdctl gives a command 5 s by itself, but a snapshot any time. */
const DEADLINE_MS = 60_000;
const LARGEST_OUTPUT = 1024 * 1024;

/** /var/lib/rancher/rke2/bin/etcdctl */
export const etcdctl: Program = async (session, args) => {
  const etcd = memberOf(session);
  if ("code" in etcd) return etcd;
  const given = without(args, CONNECTION);
  const verb = given.indexOf("save");
  const file = given[verb - 1] === "snapshot" ? given[verb + 1] : undefined;
  if (file === undefined) return run(session, etcd, given);
  const onHost = session.disk.path(file);
  session.disk.folder(path.posix.dirname(file));
  const result = await run(
    session,
    etcd,
    given.map((arg) => (arg === file ? onHost : arg)),
  );
  if (result.code === 0) recordSnapshot(session, file, statSync(onHost).size);
  return { ...result, stdout: result.stdout.replaceAll(onHost, file) };
};

/** /opt/rke2/bin/rke2 etcd-snapshot save|ls, server --cluster-reset */
export const rke2: Program = async (session, args) => {
  const words = args.filter((arg) => !arg.startsWith("-"));
  if (words[0] !== "etcd-snapshot" && words[0] !== "server")
    return failed(1, `No help topic for '${words[0] ?? ""}'`);
  if (session.user !== "root") return failed(1, 'time="now" level=fatal msg="must run as root"');
  if (words[0] === "server") return clusterReset(session, args);
  if (words[1] === "ls" || words[1] === "list") return listSnapshots(session);
  const etcd = memberOf(session);
  if ("code" in etcd) return etcd;
  const folder = flag(args, "--dir") ?? flag(args, "--etcd-snapshot-dir") ?? PATHS.snapshots;
  const name = `${flag(args, "--name") ?? "on-demand"}-${session.identity.hostname}-${Math.floor(Date.now() / 1000)}`;
  session.disk.folder(folder);
  const file = path.posix.join(folder, name);
  const { bytes } = await etcd.client.snapshot(session.disk.path(file));
  recordSnapshot(session, file, bytes);
  return ok(`Snapshot ${name} saved.\n`);
};

function memberOf(session: Session): EtcdMember | Result {
  if (session.user !== "root") return failed(1, "Error: open client.key: permission denied");
  return session.etcd() ?? failed(1, "Error: context deadline exceeded (this node runs no etcd)");
}

function run(session: Session, etcd: EtcdMember, args: string[]): Promise<Result> {
  const { ca, cert, key } = etcd.clientFiles;
  const connection = [`--endpoints=${etcd.clientUrl}`, `--cacert=${ca}`, `--cert=${cert}`, `--key=${key}`];
  return new Promise((resolve) => {
    execFile(
      session.lab.binaries.etcdctl,
      [...args, ...connection],
      { env: {}, timeout: DEADLINE_MS, killSignal: "SIGKILL", maxBuffer: LARGEST_OUTPUT },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** The arguments without some flags and their values, given as `--flag=value` or as `--flag value`. */
function without(args: readonly string[], flags: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const value = flags.includes(args[index - 1] ?? "");
    return !value && !flags.includes(arg.split("=")[0] ?? "");
  });
}

function flag(args: readonly string[], name: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${name}=`));
  const at = args.indexOf(name);
  return joined?.slice(name.length + 1) ?? (at < 0 ? undefined : args[at + 1]);
}

function recordSnapshot({ lab, machine }: Session, file: string, bytes: number): void {
  lab.ledger.append({ machine: machine.name, event: "etcd-snapshot", file, bytes });
}

async function listSnapshots(session: Session): Promise<Result> {
  const folder = session.disk.folder(PATHS.snapshots);
  const rows = readdirSync(folder).map((name) => {
    const stat = statSync(path.join(folder, name));
    return `${name} file://${PATHS.snapshots}/${name} ${stat.size} ${stat.mtime.toISOString()}\n`;
  });
  return ok(["Name Location Size Created\n", ...rows].join(""));
}
