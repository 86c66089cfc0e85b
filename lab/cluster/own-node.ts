/**
 * What only a server may say of its own Node: its roles, its etcd member and whether that votes.
 */
import { NODES } from "./builtins";
import type { EtcdMember } from "./etcd";
import type { NodeIdentity } from "./identity";
import type { KubeClient } from "./kube";
import { condition, keepTransitions } from "./node-object";
import { API_SERVER_ANNOTATION } from "./vip/join";

/** Brings the Node up to date; `apiServer` is the URL of the node's own API server, which a witness has not. */
export async function superviseNode(
  kube: KubeClient,
  identity: NodeIdentity,
  etcd: EtcdMember,
  apiServer?: string,
): Promise<void> {
  const node = await kube.find(NODES, identity.hostname);
  if (!node) return;
  const { labels, annotations } = serverMetadata(identity, etcd, apiServer);
  const missing =
    Object.entries(labels).some(([key, value]) => node.metadata.labels?.[key] !== value) ||
    Object.entries(annotations).some(([key, value]) => node.metadata.annotations?.[key] !== value);
  if (missing) await kube.patch(NODES, identity.hostname, { metadata: { labels, annotations } });

  const member = (await etcd.client.members()).find((m) => m.name === identity.etcdName);
  const voter = member !== undefined && !member.learner;
  const fresh = [
    condition(
      "EtcdIsVoter",
      voter ? "True" : "False",
      voter ? "MemberNotLearner" : "MemberIsLearner",
      voter
        ? "Node is a voting member of the etcd cluster"
        : "Node has not been promoted to voting member of the etcd cluster",
      new Date().toISOString(),
    ),
  ];
  const known: { type: string; status: string }[] = node.status?.conditions ?? [];
  if (known.some((c) => c.type === "EtcdIsVoter" && c.status === fresh[0]?.status)) return;
  keepTransitions(fresh, known);
  await kube.patch(NODES, identity.hostname, { status: { conditions: fresh } }, { subresource: "status" });
}

function serverMetadata(identity: NodeIdentity, etcd: EtcdMember, apiServer: string | undefined) {
  const controlPlane: Record<string, string> =
    apiServer === undefined
      ? {}
      : { "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true" };
  return {
    labels: { "node-role.kubernetes.io/etcd": "true", ...controlPlane },
    annotations: {
      "etcd.rke2.cattle.io/local-snapshots-timestamp": "",
      "etcd.rke2.cattle.io/node-address": etcd.options.address,
      "etcd.rke2.cattle.io/node-name": identity.etcdName,
      ...(apiServer === undefined ? {} : { [API_SERVER_ANNOTATION]: apiServer }),
    },
  };
}
