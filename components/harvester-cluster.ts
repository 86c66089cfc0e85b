import * as pulumi from "@pulumi/pulumi";
import { accessUrlOf } from "../model/description";
import type { NodeStatus } from "../model/node-status";
import type { ChangeRecord } from "../model/transition";
import type { ClusterInputs } from "./description";
import { HarvesterNode } from "./harvester-node";
import { joinOrder } from "./join-order";
import { Cluster, Membership, Plan, type SharedInputs } from "./metal";
import { plainValue } from "./plain";
import { withSecrets } from "./secrets";

/** Arguments of a `HarvesterCluster`: the description. See `ClusterDescription` for each field. */
export type HarvesterClusterArgs = ClusterInputs;

/**
 * A Harvester cluster on bare metal.
 *
 * @example
 * ```ts
 * const cluster = new HarvesterCluster("lab", description);
 * export const kubeconfig = cluster.kubeconfig;
 * ```
 *
 * A stack holds one cluster: the resources below it carry no name that a person may want to change, so renaming the
 * component touches nothing. Moving it below another parent needs an alias (the preview refuses without one).
 */
export class HarvesterCluster extends pulumi.ComponentResource {
  /** @internal Lets policies recognise the component. */
  static readonly __pulumiType = "harvester:index:HarvesterCluster";

  /** URL of Harvester's API and user interface, through the VIP. */
  readonly vipUrl: pulumi.Output<string>;
  /** Kubeconfig of the user `admin`, through the VIP. Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The nodes as they were last verified. */
  readonly nodes: pulumi.Output<NodeStatus[]>;
  /** What the last change of nodes did, step by step, and etcd's voters meanwhile; null until there was one. */
  readonly lastChange: pulumi.Output<ChangeRecord | null>;
  /** The components of the nodes, by key. */
  readonly members: Record<string, HarvesterNode>;

  constructor(name: string, args: HarvesterClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const description = withSecrets(args);
    super(HarvesterCluster.__pulumiType, name, description, opts);
    // What is missing is named by the plan; a program that stumbles over it would only say where.
    const { nodes = {}, ...shared } = description;

    const plan = new Plan("plan", { cluster: description }, { parent: this });
    const cluster = createIdentity(this, plan, shared, nodes);
    this.members = createNodes(this, plan, cluster, { ...description, nodes });
    const membership = createMembership(this, { plan, cluster, shared, nodes, members: this.members });

    this.vipUrl = pulumi
      .all([args.vip?.address, args.access?.url])
      .apply(([address, url]) => accessUrlOf({ vip: { address }, access: { url, adminPassword: "" } }));
    this.kubeconfig = membership.kubeconfig;
    this.nodes = membership.nodes;
    // A stack output that is undefined would be a warning in every run.
    this.lastChange = membership.lastChange.apply((change) => change ?? null);
    const { vipUrl, kubeconfig, lastChange } = this;
    this.registerOutputs({ vipUrl, kubeconfig, nodes: this.nodes, lastChange });
  }
}

function createIdentity(
  parent: pulumi.Resource,
  plan: Plan,
  shared: SharedInputs,
  nodes: ClusterInputs["nodes"],
): Cluster {
  const candidates = Object.entries(nodes).map(([key, node]) => ({
    key,
    hardware: node.hardware,
    role: node.role,
  }));
  return new Cluster("cluster", { plan: plan.receipt, cluster: shared, candidates }, { parent });
}

function createNodes(
  parent: pulumi.Resource,
  plan: Plan,
  cluster: Cluster,
  description: ClusterInputs,
): Record<string, HarvesterNode> {
  const { nodes, ...shared } = description;
  const members: Record<string, HarvesterNode> = {};
  for (const { key, after, atRest } of joinOrder(description)) {
    const join = { after: after.map((other) => members[other]!.installation), atRest };
    const { identity } = cluster;
    const { approved, judged } = plan;
    const args = { node: nodes[key]!, cluster: shared, identity, join, approved, judged };
    members[key] = new HarvesterNode(key, args, { parent });
  }
  return members;
}

function createMembership(
  parent: pulumi.Resource,
  {
    plan,
    cluster,
    shared,
    nodes,
    members,
  }: {
    plan: Plan;
    cluster: Cluster;
    shared: SharedInputs;
    nodes: ClusterInputs["nodes"];
    members: Record<string, HarvesterNode>;
  },
): Membership {
  const everybody = Object.entries(nodes).map(([key, node]) => ({
    key,
    node,
    installation: members[key]!.installation,
    sshHostKey: members[key]!.ssh.hostKey,
  }));
  return new Membership(
    "membership",
    {
      cluster: shared,
      identity: cluster.identity,
      members: everybody,
      approved: plan.approved,
      judged: plan.judged,
      back: plan.leaving,
    },
    { parent, dependsOn: Object.values(members), ...timeoutOf(shared) },
  );
}

/** What has to be copied off a node decides how long a change of members takes. */
function timeoutOf({ leave }: SharedInputs): Pick<pulumi.CustomResourceOptions, "customTimeouts"> {
  if (leave?.timeout === undefined) return {};
  const why = "It is given to the engine with the resource";
  return { customTimeouts: { update: plainValue(leave.timeout, "leave.timeout", why) as string } };
}
