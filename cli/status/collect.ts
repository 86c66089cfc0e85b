/** Looks at a cluster and its machines, right now, and changes nothing. */
import { accessUrlOf, hostnameOf, type NodeDescription, sshEndpointOf } from "../../model/description";
import { quorumOf } from "../../model/quorum";
import { ENDPOINT_STATUS } from "../../provider/harvester/etcd";
import type { NodeFacts } from "../../provider/harvester/node-facts";
import { System } from "../../provider/redfish/system";
import { type LiveCluster, lookAtCluster, nodeOn } from "../../provider/resources/live-cluster";
import { explain } from "../../provider/shell/errors";
import { runOverSsh } from "../../provider/ssh/exec";
import { notDescribed } from "./not-described";
import type { StackState } from "./state";
import type { ClusterStatus, NodeReport } from "./status";

/** A BMC or a node that does not answer within this is shown as not known: people wait for this command. */
const PATIENCE_MS = 8000;

/** kube-vip's lease in Harvester: who holds it holds the VIP (kube-vip, plndr-svcs-lock). */
const VIP_LEASE = { namespace: "kube-system", name: "plndr-svcs-lock" };

/** Collects the status of a stack's cluster. */
export async function collect(stack: string, state: StackState): Promise<ClusterStatus> {
  const { description, identity, caFingerprint } = state;
  const notKnown: string[] = [];
  const cluster = await lookAtCluster(
    { cluster: description, identity },
    { signal: AbortSignal.timeout(PATIENCE_MS), pinned: caFingerprint },
  ).catch((error): LiveCluster => {
    return {
      kind: "unclear",
      what: explain(error),
      nodes: [],
      hasBootstrapPassword: false,
      client: undefined,
    };
  });
  if (cluster.kind !== "ours") notKnown.push(`everything in the cluster: ${cluster.what}`);
  const holder = await cluster.client
    ?.leaseHolder(VIP_LEASE.namespace, VIP_LEASE.name)
    .catch(() => undefined);
  const nodes = await Promise.all(
    Object.entries(description.nodes).map(([key, node]) =>
      reportOf(key, node, nodeOn(cluster, node.hardware), holder, state, notKnown),
    ),
  );
  const members = cluster.nodes.filter((node) => node.etcd);
  const healthy = members.filter((node) => node.ready && node.etcdVoter).length;
  const { tolerance } = quorumOf(members.length, healthy);
  return {
    at: new Date().toISOString(),
    stack,
    cluster: description.name,
    vip: {
      address: description.vip.address,
      url: accessUrlOf(description),
      reachable: cluster.kind === "ours",
      holder: holder ?? null,
    },
    quorum: { members: members.length, healthy, tolerance },
    nodes,
    notDescribed: notDescribed(description, cluster.nodes),
    notKnown,
  };
}

async function reportOf(
  key: string,
  node: NodeDescription,
  facts: NodeFacts | undefined,
  holder: string | undefined,
  state: StackState,
  notKnown: string[],
): Promise<NodeReport> {
  const name = facts?.name ?? hostnameOf(key, node);
  const remark = (what: string) => (error: unknown) => {
    notKnown.push(`${what} of ${name}: ${explain(error)}`);
    return null;
  };
  const [power, etcdLeader] = await Promise.all([
    powerOf(node).catch(remark("power")),
    facts === undefined ? null : leads(key, node, facts, state).catch(remark("etcd leadership")),
  ]);
  return {
    name,
    hardware: { serial: node.hardware.serial, uuid: node.hardware.uuid },
    role: node.role ?? "default",
    ready: facts?.ready ?? false,
    controlPlane: facts?.controlPlane ?? false,
    etcdVoter: facts?.etcdVoter ?? false,
    etcdLeader,
    vipHolder: holder === undefined ? null : holder === name,
    version: facts?.version ?? null,
    power,
    since: facts?.readySince ?? null,
  };
}

async function powerOf(node: NodeDescription): Promise<string | null> {
  const system = new System({
    bmc: node.bmc,
    readOnly: true,
    signal: AbortSignal.timeout(PATIENCE_MS),
    timing: { requestMs: PATIENCE_MS, attemptsMs: PATIENCE_MS },
  });
  try {
    return (await system.state()).power ?? null;
  } finally {
    await system.close();
  }
}

/** Whether the node's etcd member leads. Only the node itself knows, so it is asked over SSH, if there is a key for it. */
async function leads(
  key: string,
  node: NodeDescription,
  facts: NodeFacts,
  { description, hostKeys }: StackState,
): Promise<boolean | null> {
  if (!facts.etcd) return false;
  const privateKey = description.access.sshPrivateKey;
  const hostKey = hostKeys[key];
  if (privateKey === undefined || hostKey === undefined) return null;
  const target = { ...sshEndpointOf(facts.name, node), hostKey, privateKey };
  const { code, stdout, stderr } = await runOverSsh(target, ENDPOINT_STATUS, PATIENCE_MS);
  if (code !== 0) throw new Error(stderr.trim());
  // Member ids do not fit into JavaScript's numbers; they are only compared, as text.
  return /"member_id":(\d+)/.exec(stdout)?.[1] === /"leader":(\d+)/.exec(stdout)?.[1];
}
