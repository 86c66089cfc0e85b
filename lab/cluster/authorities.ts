/**
 * The certificate authorities and keys that all servers of one cluster share. The creating node makes them; a joining server receives them
 * with the cluster token (RKE2 calls this the bootstrap data).
 */
import { type CertificateAndKey, createAuthority, createSigningKey } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";

/** What makes a server a member of this cluster and of no other. */
export interface ClusterAuthorities {
  /** Signs the API servers' certificates. */
  server: CertificateAndKey;
  /** Signs client certificates; kube-apiserver believes their names and groups. */
  client: CertificateAndKey;
  /** Signs etcd's server and client certificates. */
  etcdServer: CertificateAndKey;
  /** Signs the certificates etcd members show each other. */
  etcdPeer: CertificateAndKey;
  /** Private key that signs service account tokens. */
  serviceKey: string;
}

const FILES: Record<Exclude<keyof ClusterAuthorities, "serviceKey">, string> = {
  server: `${PATHS.tls}/server-ca`,
  client: `${PATHS.tls}/client-ca`,
  etcdServer: `${PATHS.tls}/etcd/server-ca`,
  etcdPeer: `${PATHS.tls}/etcd/peer-ca`,
};
const SERVICE_KEY = `${PATHS.tls}/service.key`;

/** Makes new ones, for a new cluster. */
export async function createAuthorities(): Promise<ClusterAuthorities> {
  const now = Math.floor(Date.now() / 1000);
  return {
    server: await createAuthority(`rke2-server-ca@${now}`),
    client: await createAuthority(`rke2-client-ca@${now}`),
    etcdServer: await createAuthority(`etcd-server-ca@${now}`),
    etcdPeer: await createAuthority(`etcd-peer-ca@${now}`),
    serviceKey: createSigningKey(),
  };
}

/** Writes them to the machine's disk; the service key comes last and marks them as complete. */
export function saveAuthorities(disk: NodeDisk, authorities: ClusterAuthorities): void {
  for (const [name, file] of Object.entries(FILES)) {
    const pair = authorities[name as keyof typeof FILES];
    disk.write(`${file}.crt`, pair.cert, 0o644);
    disk.write(`${file}.key`, pair.key);
  }
  disk.write(SERVICE_KEY, authorities.serviceKey);
}

/** Those on the machine's disk, or undefined when this machine never was a server of a cluster. */
export function loadAuthorities(disk: NodeDisk): ClusterAuthorities | undefined {
  const serviceKey = disk.read(SERVICE_KEY);
  if (serviceKey === undefined) return undefined;
  const pair = (file: string): CertificateAndKey => {
    const cert = disk.read(`${file}.crt`);
    const key = disk.read(`${file}.key`);
    if (!cert || !key)
      throw new Error(`${file}.{crt,key} is missing on the disk although ${SERVICE_KEY} is there.`);
    return { cert, key };
  };
  return {
    server: pair(FILES.server),
    client: pair(FILES.client),
    etcdServer: pair(FILES.etcdServer),
    etcdPeer: pair(FILES.etcdPeer),
    serviceKey,
  };
}
