import * as pulumi from "@pulumi/pulumi";
import { sshEndpointOf } from "../model/description";
import type { NodeInputs } from "./description";
import {
  type ApprovedStep,
  type ClusterIdentity,
  type JoinInputs,
  Machine,
  type SharedInputs,
} from "./metal";
import { plainValue } from "./plain";

/** Arguments of a `HarvesterNode`. */
export interface HarvesterNodeArgs {
  /** The node and the host under it; see `NodeDescription` for each field. */
  node: NodeInputs;
  /** What all nodes share; see `ClusterDescription`. */
  cluster: SharedInputs;
  /** The identity of the cluster that the node belongs to. */
  identity: ClusterIdentity;
  /** When it may join. @default as soon as the cluster answers */
  join?: JoinInputs;
  /** Steps without a way back that were approved. @default none */
  approved?: pulumi.Input<ApprovedStep[]>;
  /** What the plan has judged. @default not asked about */
  judged?: pulumi.Input<Record<string, number>>;
}

/**
 * One node of a Harvester cluster: a bare-metal host, booted over the network, installed, and a member.
 *
 * The component's name is the node's key in the description. It names the host for good; the hostname may differ.
 */
export class HarvesterNode extends pulumi.ComponentResource {
  /** @internal Lets policies recognise the component. */
  static readonly __pulumiType = "harvester:index:HarvesterNode";

  /** Hostname and name of the Kubernetes node. */
  readonly hostname: pulumi.Output<string>;
  /** Id of the installation it runs on; changes with each reinstallation. */
  readonly installation: pulumi.Output<string>;
  /** SSH endpoint of the user `rancher`, with the host key to pin. */
  readonly ssh: pulumi.Output<{ host: string; port: number; hostKey: string }>;

  constructor(key: string, args: HarvesterNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super(HarvesterNode.__pulumiType, key, args, opts);

    const machine = new Machine(
      key,
      { key, ...args },
      { parent: this, customTimeouts: timeoutsOf(args.cluster) },
    );

    this.hostname = machine.hostname;
    this.installation = machine.installation;
    this.ssh = sshEndpoint(args.node, machine);
    this.registerOutputs({ hostname: this.hostname, installation: this.installation, ssh: this.ssh });
  }
}

/** The engine takes them as plain text only: they are no inputs of the resource. */
function timeoutsOf({ installTimeout }: SharedInputs): pulumi.CustomTimeouts | undefined {
  if (installTimeout === undefined) return undefined;
  const plain = plainValue(
    installTimeout,
    "installTimeout",
    "It is given to the engine with the resource",
  ) as string;
  return { create: plain, update: plain };
}

/** Where the node's SSH server is reached, with the key it must show. */
function sshEndpoint(node: NodeInputs, machine: Machine): HarvesterNode["ssh"] {
  return pulumi
    .all([node.ssh?.host, node.ssh?.port, node.address, machine.hostname, machine.sshHostKey])
    .apply(([host, port, address, hostname, hostKey]) => ({
      ...sshEndpointOf(hostname, { ssh: { host, port }, address }),
      hostKey,
    }));
}
