import * as pulumi from "@pulumi/pulumi";
import { type ClusterInputs, HarvesterCluster } from "../components";
import { type CloudInitArgs, ClusterObjects } from "../components/cluster-objects";
import { resolveReferences } from "./references";

/** What a stack file may manage inside the running cluster. */
interface ObjectsConfig {
  /** NTP servers of all nodes. */
  ntpServers?: string[];
  /** CloudInit objects by name. */
  cloudInits?: Record<string, CloudInitArgs>;
  /** An etcd snapshot on the node with this key; a new name takes a new one. */
  etcdSnapshot?: { name: string; node: string };
}

const config = new pulumi.Config();
const described = resolveReferences(config.requireObject<ClusterInputs>("cluster"), "cluster");
const description = { ...described, ...approvals(described) };
const objects = resolveReferences(config.getObject<ObjectsConfig>("objects") ?? {}, "objects");

const cluster = new HarvesterCluster("harvester", description);

new ClusterObjects(
  "objects",
  {
    kubeconfig: cluster.kubeconfig,
    // The plan refuses a description without a VIP, and says more than a program that stumbles over it.
    clusterIdentifier: description.vip?.address ?? "",
    ...objects,
    etcdSnapshot: objects.etcdSnapshot && snapshotOf(objects.etcdSnapshot),
  },
  { dependsOn: [cluster] },
);

export const vipUrl = cluster.vipUrl;
export const kubeconfig = cluster.kubeconfig;
export const nodes = cluster.nodes;
export const lastChange = cluster.lastChange;

/**
 * An approval given as `pulumi up --config approve=<hash>`, beside the one in the description: the engine keeps it in the stack file, and an old one
 * must not stand in the way of a new one. It is a value of its own, because `--config` with a path into `cluster` makes the engine forget
 * the rest of that object.
 */
function approvals({ approve }: ClusterInputs): Pick<ClusterInputs, "approve"> {
  const once = config.get("approve");
  if (once === undefined) return {};
  return {
    approve: pulumi.output(approve).apply((described) => [described, once].filter(Boolean).join(" ")),
  };
}

function snapshotOf({ name, node }: NonNullable<ObjectsConfig["etcdSnapshot"]>) {
  const privateKey = description.access?.sshPrivateKey;
  if (privateKey === undefined) {
    throw new pulumi.RunError(
      "objects.etcdSnapshot: a snapshot is taken over SSH. Give the private key in cluster.access.sshPrivateKey.",
    );
  }
  return { name, privateKey, node: nodeOf(node) };
}

function nodeOf(key: string) {
  const node = cluster.members[key];
  if (node === undefined) {
    throw new pulumi.RunError(
      `objects.etcdSnapshot.node: there is no node "${key}". Name one of: ${Object.keys(cluster.members).join(", ")}.`,
    );
  }
  return node;
}
