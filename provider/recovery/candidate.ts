/** What is to be known of the node that would be promoted, asked of its kubelet, its BMC and itself. */
import { hostnameOf, sshEndpointOf } from "../../model/description";
import type { CandidateFacts } from "../../model/recovery";
import type { Seen } from "./look";
import { askOn, type GuardedKubeNode, type Subject } from "./subject";

/** Facts of one node; `members` are the keys of those that it has to reach. */
export async function candidateFacts(
  subject: Subject,
  { nodes, hosts, look }: Seen,
  key: string,
  members: readonly string[],
): Promise<CandidateFacts> {
  const node = nodes.find((each) => each.key === key);
  const drives = hosts[key]?.drives ?? [];
  const { install, data } = node?.described.disks ?? {};
  const bytesOf = (serial: string | undefined) =>
    drives.find((drive) => drive.serial?.trim() === serial)?.bytes;
  const [installBytes, dataBytes] = [bytesOf(install?.serial), bytesOf(data?.serial)];
  const reaches = await Promise.all(
    members.map(async (member) => [member, await reach(subject, key, member)]),
  );
  return {
    ...capacityOf(node?.kube),
    disks: {
      ...(installBytes === undefined ? {} : { install: installBytes }),
      ...(data === undefined ? {} : { data: dataBytes === undefined ? {} : { bytes: dataBytes } }),
    },
    installDisk: look.nodes[key]?.installDisk ?? null,
    reaches: Object.fromEntries(reaches),
  };
}

/** Whether a node reaches another one: asked on the node itself, because only its own network counts. */
async function reach(subject: Subject, from: string, to: string): Promise<boolean | null> {
  const node = subject.description.nodes[to];
  const ask = askOn(subject, from);
  if (node === undefined || ask === undefined) return null;
  const { host } = sshEndpointOf(hostnameOf(to, node), node);
  try {
    const { code } = await ask(`ping -c 1 -W 3 ${node.address ?? host}`);
    // 1: no answer; 2 and more: ping itself did not work [iputils ping(8)].
    return code === 0 ? true : code === 1 ? false : null;
  } catch {
    return null;
  }
}

/** Kubernetes quantities as kubelets write them: whole processors, memory in Ki. */
function capacityOf(kube: GuardedKubeNode | undefined): Pick<CandidateFacts, "threads" | "memoryGiB"> {
  const { cpu, memory } = kube?.status?.capacity ?? {};
  const kibibytes = /^(\d+)Ki$/.exec(memory ?? "")?.[1];
  return {
    ...(cpu !== undefined && /^\d+$/.test(cpu) ? { threads: Number(cpu) } : {}),
    ...(kibibytes === undefined ? {} : { memoryGiB: Math.round(Number(kibibytes) / 2 ** 20) }),
  };
}
