import * as pulumi from "@pulumi/pulumi";
import type { NodeStatus } from "../../model/node-status";
import type { ChangeRecord } from "../../model/transition";
import type { NodeInputs } from "../description";
import type { ClusterIdentity, SharedInputs } from "./cluster";
import type { ApprovedStep } from "./plan";

/** One member as it should be. */
export interface MemberInputs {
  /** The node's key in the description. */
  key: string;
  /** The node and the host under it. */
  node: NodeInputs;
  /** `installation` of its `Machine`: a new installation is verified anew. */
  installation: pulumi.Input<string>;
  /** `sshHostKey` of its `Machine`. */
  sshHostKey: pulumi.Input<string>;
}

/** Arguments of a `Membership`. */
export interface MembershipArgs {
  /** What all nodes share. */
  cluster: pulumi.Input<SharedInputs>;
  /** Output of the `Cluster`. */
  identity: pulumi.Input<ClusterIdentity>;
  /** Everybody who belongs. */
  members: pulumi.Input<pulumi.Input<MemberInputs>[]>;
  /** Output of the `Plan`. */
  approved: pulumi.Input<ApprovedStep[]>;
  /** Output of the `Plan`: nobody leaves whom it still counts as described. */
  judged: pulumi.Input<Record<string, number>>;
  /** Output `leaving` of the `Plan`: nodes that are taken back into use. */
  back: pulumi.Input<string[]>;
}

/**
 * Who belongs to the cluster. Takes out who belongs no more, one node at a time, waits until every member is Ready and promotion is at rest, verifies it against the
 * description, and keeps the roster in the cluster. Its delete powers the cluster down only if the state says so, and only in a
 * `pulumi destroy` of the whole stack.
 */
export class Membership extends pulumi.CustomResource {
  /** @internal Lets policies recognise the resource. */
  static readonly __pulumiType = "metal:index:Membership";

  /** Kubeconfig of the user `admin`, through the VIP. Secret. */
  declare readonly kubeconfig: pulumi.Output<string>;
  /** SHA-256 fingerprint of the CA behind the VIP's certificate, pinned from the first login on. */
  declare readonly caFingerprint: pulumi.Output<string>;
  /** The nodes as they were verified. */
  declare readonly nodes: pulumi.Output<NodeStatus[]>;
  /** etcd as it was verified. */
  declare readonly quorum: pulumi.Output<{ members: number; healthy: number; tolerance: number }>;

  /** What the last change of nodes did, step by step, and etcd's voters meanwhile. Undefined where a running cluster was adopted and not changed since. */
  declare readonly lastChange: pulumi.Output<ChangeRecord | undefined>;

  constructor(name: string, args: MembershipArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      kubeconfig: undefined,
      caFingerprint: undefined,
      nodes: undefined,
      quorum: undefined,
      lastChange: undefined,
    };
    super(Membership.__pulumiType, name, { ...args, ...outputs }, opts);
  }
}
