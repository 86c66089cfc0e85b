/**
 * The service of a server and the command that makes its etcd member the only one: what is left to do where a majority of the members is lost
 * [docs.rke2.io, "Backup and Restore", cluster reset]. etcd does it itself (--force-new-cluster), on the data that is on this disk.
 */
import type { EtcdMember } from "../etcd";
import { failed, ok, type Program, type Result, type Session } from "./program";

/** RKE2's server on a machine that holds one, by its parts. */
export interface Rke2Server {
  /** Whether the service runs. */
  running(): boolean;
  /** Ends its processes in order; the operating system stays. */
  stop(): Promise<void>;
  /** Starts it from what is on the disk. */
  start(): Promise<void>;
  /** Its etcd member, which nobody has started. */
  member(): Promise<EtcdMember>;
}

/** RKE2's note that a reset was done and the service not started since. */
const RESET_FLAG = "/var/lib/rancher/rke2/server/db/reset-flag";
const MEMBER_READY_MS = 60_000;

/** `systemctl stop|start rke2-server`, and `is-active` of a stopped one; undefined where the line is about something else. */
export async function rke2Service(session: Session, verb: string, unit: string): Promise<Result | undefined> {
  const server = session.server();
  if (verb === "is-active" && unit.startsWith("rke2-server") && server?.running() === false)
    return { code: 3, stdout: "inactive\n", stderr: "" };
  if (unit.replace(/\.service$/, "") !== "rke2-server" || (verb !== "stop" && verb !== "start"))
    return undefined;
  if (session.user !== "root")
    return failed(1, `Failed to ${verb} ${unit}: Interactive authentication required.`);
  if (server === undefined) return failed(1, `systemctl ${verb} ${unit}: not available on this machine`);
  if (verb === "stop" && server.running()) await server.stop();
  if (verb === "start" && !server.running()) {
    session.disk.remove(RESET_FLAG);
    await server.start();
  }
  return ok();
}

/** `rke2 server --cluster-reset`. */
export const clusterReset: Program = async (session, args) => {
  const server = session.server();
  if (server === undefined || !args.includes("--cluster-reset"))
    return failed(1, `rke2 ${args.join(" ")}: not available on this machine`);
  if (server.running())
    return failed(
      1,
      'level=fatal msg="starting kubernetes: preparing server: listen: address already in use"',
    );
  if (session.disk.exists(RESET_FLAG)) {
    return failed(
      1,
      'level=fatal msg="cluster-reset was successfully performed, please remove the cluster-reset flag and start rke2 normally. If you need to ' +
        `perform another cluster reset, you must first manually delete the ${RESET_FLAG} file"`,
    );
  }
  const member = await server.member();
  await member.start(`${member.options.memberName}=${member.peerUrl}`, "existing", ["--force-new-cluster"]);
  try {
    await member.ready(AbortSignal.timeout(MEMBER_READY_MS), MEMBER_READY_MS);
  } finally {
    await member.stop();
  }
  session.disk.write(RESET_FLAG, "");
  session.lab.ledger.append({
    machine: session.machine.name,
    event: "etcd-cluster-reset",
    node: session.identity.hostname,
  });
  return ok(
    'level=info msg="Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ' +
      // biome-ignore lint/suspicious/noTemplateCurlyInString: RKE2 prints it so
      '${datadir}/server/db on each peer etcd server and rejoin the nodes"\n',
  );
};
