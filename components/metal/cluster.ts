import * as pulumi from "@pulumi/pulumi";
import type { ClusterInputs, NodeInputs } from "../description";

/** What all nodes share: the description without the nodes. */
export type SharedInputs = Omit<ClusterInputs, "nodes">;

/** A machine that may be chosen to create the cluster. */
export interface CandidateInputs {
  /** The node's key in the description. */
  key: string;
  /** The host's identity. */
  hardware: NodeInputs["hardware"];
  /** Role of the node. Workers and witnesses are never chosen. */
  role: NodeInputs["role"];
}

/** Who a cluster is: everything that must survive any crash, chosen once and kept in the state. */
export interface ClusterIdentity {
  /** Id of this life of the cluster, twelve hex digits. It travels into the cluster as a node label. */
  incarnation: pulumi.Input<string>;
  /** The one machine that may ever be served a create configuration (P1), until it is described no more. */
  creator: pulumi.Input<{ key: string; uuid: string; serial: string; retired?: boolean }>;
  /** 32 random bytes, hex, from which join token, boot URLs and SSH host keys are derived. Secret. */
  seed: pulumi.Input<string>;
}

/** Arguments of a `Cluster`. */
export interface ClusterArgs {
  /** Receipt of the `Plan`. */
  plan: pulumi.Input<string>;
  /** What all nodes share. */
  cluster: pulumi.Input<SharedInputs>;
  /** The machines, in the order of the description; the first that may hold etcd becomes the creator. */
  candidates: pulumi.Input<CandidateInputs[]>;
}

/**
 * The identity of a cluster. Created before any machine boots and only where nothing answers at the VIP;
 * updated in place; its id never changes.
 */
export class Cluster extends pulumi.CustomResource {
  /** @internal Lets policies recognise the resource. */
  static readonly __pulumiType = "metal:index:Cluster";

  /** Id of this life of the cluster. */
  declare readonly incarnation: pulumi.Output<string>;
  /** The machine that creates the cluster. */
  declare readonly creator: pulumi.Output<{ key: string; uuid: string; serial: string; retired?: boolean }>;
  /** What secrets are derived from. Secret. */
  declare readonly seed: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      Cluster.__pulumiType,
      name,
      { ...args, incarnation: undefined, creator: undefined, seed: undefined },
      opts,
    );
  }

  /** What the machines and the membership need of it. */
  get identity(): ClusterIdentity {
    return { incarnation: this.incarnation, creator: this.creator, seed: this.seed };
  }
}
