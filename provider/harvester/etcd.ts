/** etcd's own view of itself, asked by etcdctl on a node that holds a member: no port of etcd is reached from outside. */
import { UserError } from "../shell/errors";
import type { SshResult } from "../ssh/exec";

/** Runs a command on one node, as `rancher`. */
export type NodeShell = (command: string) => Promise<SshResult>;

/** RKE2 keeps etcd's client certificates here [docs.rke2.io, "Backup and Restore"; rke2 pkg/cli/defaults]. */
const TLS = "/var/lib/rancher/rke2/server/tls/etcd";
const ETCDCTL =
  "sudo /var/lib/rancher/rke2/bin/etcdctl --endpoints https://127.0.0.1:2379" +
  ` --cacert ${TLS}/server-ca.crt --cert ${TLS}/client.crt --key ${TLS}/client.key`;

/** Asks one member for its status, as JSON. */
export const ENDPOINT_STATUS = `${ETCDCTL} endpoint status -w json`;

/** A member of etcd, as etcd lists it. */
export interface EtcdMember {
  /** Id in hex, as etcdctl takes and prints it. */
  id: string;
  /** Name: the node's name and a random part; annotation `etcd.rke2.cattle.io/node-name` of the Node. */
  name: string;
  /** False for a learner. */
  votes: boolean;
  /** Whether it answered just now, and follows a leader. */
  answers: boolean;
  /** Whether it leads. */
  leads: boolean;
}

/** Every member, and which of them answer, as seen from one of them. */
export async function etcdMembers(shell: NodeShell): Promise<EtcdMember[]> {
  const list = await run(shell, `${ETCDCTL} member list -w json`);
  // Where a member does not answer, etcdctl prints those that do and ends with 1.
  const { stdout } = await shell(`${ETCDCTL} endpoint status --cluster -w json`);
  return membersOf(list, stdout);
}

/** Reads what etcdctl printed: `member list -w json`, and `endpoint status --cluster -w json`. */
export function membersOf(list: string, status: string): EtcdMember[] {
  const { members } = JSON.parse(quoted(list)) as {
    members: { ID: string; name?: string; isLearner?: boolean }[];
  };
  const answers = (status.trim() === "" ? [] : JSON.parse(quoted(status))) as {
    Status?: { header?: { member_id?: string }; leader?: string };
  }[];
  return members.map(({ ID, name = "", isLearner = false }) => {
    const own = answers.find(({ Status }) => Status?.header?.member_id === ID)?.Status;
    const leader = own?.leader ?? "0";
    return { id: hex(ID), name, votes: !isLearner, answers: leader !== "0", leads: leader === ID };
  });
}

/** Lets another member lead. Asked on the node whose member leads. */
export async function moveLeader(shell: NodeShell, to: string): Promise<void> {
  await run(shell, `${ETCDCTL} move-leader ${to}`);
}

/** Takes a snapshot into RKE2's own folder on the node [docs.rke2.io, "Backup and Restore"]. Returns what RKE2 said. */
export async function saveSnapshot(shell: NodeShell, name: string): Promise<string> {
  return (await run(shell, `sudo /opt/rke2/bin/rke2 etcd-snapshot save --name ${name}`)).trim();
}

async function run(shell: NodeShell, command: string): Promise<string> {
  const { code, stdout, stderr } = await shell(command);
  if (code === 0) return stdout;
  throw new UserError(`"${command.split(" --")[0]}" ended with ${code}: ${stderr.trim().slice(0, 300)}`);
}

/** Ids have 64 bits and stand in JSON as numbers: read as text, or they are rounded. */
function quoted(json: string): string {
  return json.replace(/"(ID|member_id|cluster_id|leader)":\s*(\d+)/g, '"$1":"$2"');
}

function hex(id: string): string {
  return BigInt(id).toString(16);
}
