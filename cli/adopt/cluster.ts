/** Reads a running cluster through its API, with the token of a kubeconfig. Changes nothing. */
import type { FoundCluster, FoundNode } from "../../model/adoption";
import type { HarvesterClient } from "../../provider/harvester/client";
import { type KubeNode, type NodeFacts, nodeFacts } from "../../provider/harvester/node-facts";

/** A cluster as its API tells of it. */
export interface SeenCluster {
  found: Omit<FoundCluster, "nodes">;
  nodes: NodeFacts[];
  /** The same nodes for the description; their own systems are still to be read. */
  hosts: FoundNode[];
  /** UID of the namespace kube-system, which no other cluster has. */
  uid: string;
  /** Token that machines join with. Secret. */
  token: string;
}

interface Named {
  metadata: { name: string; uid: string };
}

type AddressedNode = KubeNode & { status?: { addresses?: { type: string; address: string }[] } };

const NAMED = (name: string) => `?fieldSelector=metadata.name%3D${name}`;

/** Reads. Throws where something is missing that every Harvester cluster has. */
export async function readCluster(client: HarvesterClient, url: string): Promise<SeenCluster> {
  const raw = await client.list<AddressedNode>("/api/v1/nodes");
  const nodes = raw.map(nodeFacts);
  const vip = await client.configMap("harvester-system", "vip");
  if (vip?.ip === undefined || vip.ip === "")
    throw new Error(`${url} shows no VIP (ConfigMap harvester-system/vip): it is no Harvester cluster.`);
  const classes = await client.list<Named & { parameters?: Record<string, string> }>(
    "/apis/storage.k8s.io/v1/storageclasses",
  );
  const replicas = classes.find(({ metadata }) => metadata.name === "harvester-longhorn")?.parameters
    ?.numberOfReplicas;
  const [system] = await client.list<Named>(`/api/v1/namespaces${NAMED("kube-system")}`);
  if (system === undefined) throw new Error(`${url} shows no namespace kube-system.`);
  return {
    found: {
      url,
      vip: {
        address: vip.ip,
        ...(vip.mode === undefined ? {} : { mode: vip.mode.toLowerCase() }),
        ...(vip.hwAddress ? { hardwareAddress: vip.hwAddress } : {}),
      },
      ...(replicas === undefined ? {} : { replicaCount: Number(replicas) }),
    },
    nodes,
    hosts: raw.map((node, index) => hostOf(node, nodes[index]!)),
    uid: system.metadata.uid,
    token: await joinTokenOf(client),
  };
}

/** rancherd keeps the token for Rancher (rancher/rancherd pkg/resources/resources.go, secret local-rke-state). */
async function joinTokenOf(client: HarvesterClient): Promise<string> {
  const path = `/api/v1/namespaces/fleet-local/secrets${NAMED("local-rke-state")}`;
  const [secret] = await client.list<{ data?: Record<string, string> }>(path);
  const token = Buffer.from(secret?.data?.serverToken ?? "", "base64").toString("utf8");
  if (token !== "") return token;
  throw new Error(
    "The cluster's join token cannot be read (secret fleet-local/local-rke-state): without it no machine could ever join. " +
      "The kubeconfig has to be an administrator's.",
  );
}

function hostOf(node: AddressedNode, facts: NodeFacts): FoundNode {
  const address = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  const { name, uuid, labels, created, version, controlPlane, etcd } = facts;
  return {
    name,
    uuid,
    labels,
    created,
    version,
    controlPlane,
    etcd,
    ...(address === undefined ? {} : { address }),
  };
}
