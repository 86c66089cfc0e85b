/**
 * How an agent becomes a server: it receives the cluster's authorities, and its etcd joins as a learner that votes once it has caught up.
 * Who is promoted is decided elsewhere; a node only obeys the labels of its Machine.
 */
import { type ClusterAuthorities, loadAuthorities, saveAuthorities } from "./authorities";
import { issueCertificate } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import type { EtcdMember } from "./etcd";
import { EtcdClient, type EtcdMemberInfo } from "./etcd-client";
import { waitFor } from "./wait";

/** Which parts of a control plane a node is to run. */
export interface PlannedRoles {
  etcd: boolean;
  controlPlane: boolean;
}

/** What a new server needs of the cluster it joins. */
export interface ServerBootstrap {
  authorities: ClusterAuthorities;
  /** Client URLs of the etcd members. */
  etcd: string[];
}

const PENDING = "/var/lib/rancher/rke2/server/db/join.json";

/** Marks this disk as the disk of a server. From here on every start of the machine continues the promotion. */
export function acceptBootstrap(disk: NodeDisk, bootstrap: ServerBootstrap, clusterToken: string): void {
  disk.write(PENDING, JSON.stringify({ etcd: bootstrap.etcd }));
  disk.write(PATHS.serverToken, clusterToken + "\n");
  saveAuthorities(disk, bootstrap.authorities);
}

/** True for a disk that was promoted into a cluster instead of creating one. */
export function wasPromoted(disk: NodeDisk): boolean {
  return disk.exists(PENDING) && loadAuthorities(disk) !== undefined;
}

/** Adds the machine's etcd to the cluster as a learner, once; returns the initial cluster that it must start with. */
export async function joinEtcd(disk: NodeDisk, etcd: EtcdMember, signal: AbortSignal): Promise<string> {
  return withPeers(disk, async (peers) =>
    waitFor(
      async () => {
        const known = await peers.members();
        const own = known.find((member) => member.peerUrls.includes(etcd.peerUrl));
        const members = own ? known : (await peers.addLearner(etcd.peerUrl)).members;
        return initialCluster(members, etcd);
      },
      {
        what: `the etcd cluster to take ${etcd.options.memberName} as a learner`,
        timeoutMs: 300_000,
        intervalMs: 500,
        signal,
      },
    ),
  );
}

/** Waits until the member has caught up and votes. */
export async function becomeVoter(disk: NodeDisk, etcd: EtcdMember, signal: AbortSignal): Promise<void> {
  if (!(await etcd.client.status()).learner) return;
  await withPeers(disk, (peers) =>
    waitFor(
      async () => {
        const own = (await peers.members()).find((member) => member.peerUrls.includes(etcd.peerUrl));
        if (!own) throw new Error(`${etcd.options.memberName} is no member of the etcd cluster.`);
        if (own.learner) await peers.promote(own.id);
        return true;
      },
      {
        what: `etcd member ${etcd.options.memberName} to become a voter`,
        timeoutMs: 300_000,
        intervalMs: 300,
        signal,
      },
    ),
  );
}

async function withPeers<T>(disk: NodeDisk, use: (peers: EtcdClient) => Promise<T>): Promise<T> {
  const authorities = loadAuthorities(disk);
  const pending = disk.read(PENDING);
  if (!authorities || pending === undefined)
    throw new Error("This disk was not promoted: there is no cluster to join.");
  const identity = await issueCertificate(authorities.etcdServer, {
    commonName: "etcd-client",
    usages: ["client"],
  });
  const servers = (JSON.parse(pending) as { etcd: string[] }).etcd;
  const peers = new EtcdClient({ servers, ca: authorities.etcdServer.cert, ...identity });
  try {
    return await use(peers);
  } finally {
    peers.close();
  }
}

function initialCluster(members: EtcdMemberInfo[], own: EtcdMember): string {
  return members
    .flatMap((member) => {
      const name = member.peerUrls.includes(own.peerUrl) ? own.options.memberName : member.name;
      return member.peerUrls.map((url) => `${name}=${url}`);
    })
    .join(",");
}
