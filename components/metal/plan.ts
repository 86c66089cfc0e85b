import * as pulumi from "@pulumi/pulumi";
import type { ClusterInputs } from "../description";

/** A step without a way back that was approved. */
export interface ApprovedStep {
  kind: "remove" | "reinstall";
  /** The node's key. */
  node: string;
  /** The count of `reinstall` that was approved. */
  reinstall?: number;
}

/** Arguments of a `Plan`. */
export interface PlanArgs {
  /** The whole description. It is judged against the description that was judged last, and against the live cluster. */
  cluster: pulumi.Input<ClusterInputs>;
}

/**
 * The gate. Judges the description before anything below it is touched: every other resource needs its receipt.
 * A refusal names the property and the rule, in the preview as well as with `--skip-preview`.
 */
export class Plan extends pulumi.CustomResource {
  /** @internal Lets policies recognise the resource. */
  static readonly __pulumiType = "metal:index:Plan";

  /** Proof that this generation of the cluster was judged; changes with the generation only. */
  declare readonly receipt: pulumi.Output<string>;
  /** Steps without a way back that a person has approved: machines and membership take no other one. */
  declare readonly approved: pulumi.Output<ApprovedStep[]>;
  /** The nodes that were judged, with their counts of `reinstall`: no other one is installed, and none of them leaves. */
  declare readonly judged: pulumi.Output<Record<string, number>>;
  /** Keys of described nodes whose leaving had begun, and which stay after all. */
  declare readonly leaving: pulumi.Output<string[]>;

  constructor(name: string, args: PlanArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      Plan.__pulumiType,
      name,
      { ...args, receipt: undefined, approved: undefined, judged: undefined, leaving: undefined },
      opts,
    );
  }
}
