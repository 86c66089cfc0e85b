import * as command from "@pulumi/command";
import * as harvester from "@pulumi/harvester";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { HarvesterNode } from "./harvester-node";

/** Files that Harvester's node manager keeps on nodes; they take effect at the next boot. */
export interface CloudInitArgs {
  /** Node labels to match; all hosts: `{"harvesterhci.io/managed": "true"}`. */
  matchSelector: Record<string, string>;
  /** Base name below `/oem`, unique; a numeric prefix gives the order. */
  filename: string;
  /** A YAML document of elemental stages. */
  contents: string;
  /** Stop syncing. @default false */
  paused?: boolean;
}

/** An etcd snapshot taken on a node, kept in RKE2's snapshot folder there. */
export interface EtcdSnapshotArgs {
  /** Name of the snapshot. A new name takes a new one. */
  name: string;
  /** Private key that may log in as `rancher`. Secret. */
  privateKey: pulumi.Input<string>;
  /** A control-plane node. */
  node: HarvesterNode;
}

/** Arguments of `ClusterObjects`. */
export interface ClusterObjectsArgs {
  /** Kubeconfig of the cluster. */
  kubeconfig: pulumi.Input<string>;
  /** What tells this cluster from others for good, such as its VIP; a new kubeconfig is then no new cluster. */
  clusterIdentifier: pulumi.Input<string>;
  /** NTP servers of all nodes (setting `ntp-servers`). @default left alone */
  ntpServers?: string[];
  /** CloudInit objects (node.harvesterhci.io/v1beta1, from v1.3), by name. @default none */
  cloudInits?: Record<string, CloudInitArgs>;
  /** An etcd snapshot. @default none */
  etcdSnapshot?: EtcdSnapshotArgs;
}

/** What lives inside the running cluster and is managed by the stock Pulumi packages. */
export class ClusterObjects extends pulumi.ComponentResource {
  /** @internal Lets policies recognise the component. */
  static readonly __pulumiType = "harvester:index:ClusterObjects";

  constructor(name: string, args: ClusterObjectsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(ClusterObjects.__pulumiType, name, {}, opts);

    if (args.cloudInits !== undefined) createCloudInits(this, args, args.cloudInits);
    if (args.ntpServers !== undefined) createNtpSetting(this, args.kubeconfig, args.ntpServers);
    if (args.etcdSnapshot !== undefined) createEtcdSnapshot(this, args.etcdSnapshot);

    this.registerOutputs();
  }
}

function createCloudInits(
  parent: pulumi.Resource,
  { kubeconfig, clusterIdentifier }: ClusterObjectsArgs,
  cloudInits: Record<string, CloudInitArgs>,
): void {
  const provider = new kubernetes.Provider("kubernetes", { kubeconfig, clusterIdentifier }, { parent });
  for (const [name, spec] of Object.entries(cloudInits)) {
    new kubernetes.apiextensions.CustomResource(
      name,
      { apiVersion: "node.harvesterhci.io/v1beta1", kind: "CloudInit", metadata: { name }, spec },
      { parent, provider },
    );
  }
}

function createNtpSetting(
  parent: pulumi.Resource,
  kubeconfig: pulumi.Input<string>,
  ntpServers: string[],
): void {
  // The Terraform provider behind it takes a path or base64, not the text itself (harvester/harvester, provider docs).
  const encoded = pulumi.output(kubeconfig).apply((text) => Buffer.from(text).toString("base64"));
  const provider = new harvester.Provider("harvester", { kubeconfig: encoded }, { parent });
  new harvester.Setting(
    "ntp-servers",
    { name: "ntp-servers", value: JSON.stringify({ ntpServers }) },
    { parent, provider },
  );
}

function createEtcdSnapshot(parent: pulumi.Resource, args: EtcdSnapshotArgs): void {
  const { host, port, hostKey } = args.node.ssh;
  new command.remote.Command(
    "etcd-snapshot",
    {
      connection: { host, port, hostKey, user: "rancher", privateKey: args.privateKey },
      create: `sudo /opt/rke2/bin/rke2 etcd-snapshot save --name ${args.name}`,
      triggers: [args.name],
    },
    { parent },
  );
}
