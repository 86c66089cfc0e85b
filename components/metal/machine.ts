import * as pulumi from "@pulumi/pulumi";
import type { NodeInputs } from "../description";
import type { ClusterIdentity, SharedInputs } from "./cluster";
import type { ApprovedStep } from "./plan";

/** When a machine may join the cluster. */
export interface JoinInputs {
  /** `installation` of the machines that must be members first. */
  after: pulumi.Input<string>[];
  /** Whether it also waits until no promotion is under way or due, so that it is not promoted in somebody's place. */
  atRest: boolean;
}

/** Arguments of a `Machine`. */
export interface MachineArgs {
  /** The node's key in the description. */
  key: string;
  /** What all nodes share. */
  cluster: pulumi.Input<SharedInputs>;
  /** The node and the host under it. */
  node: pulumi.Input<NodeInputs>;
  /** Output of the `Cluster`. */
  identity: pulumi.Input<ClusterIdentity>;
  /** When it may join. It counts for the first installation only. @default as soon as the cluster answers */
  join?: pulumi.Input<JoinInputs>;
  /** Output of the `Plan`: a living member is installed anew only where that was approved. @default nothing was */
  approved?: pulumi.Input<ApprovedStep[]>;
  /** Output of the `Plan`: nothing is installed that it has not judged. @default not asked about */
  judged?: pulumi.Input<Record<string, number>>;
}

/**
 * One physical host, from power-on to member of the cluster. Its create looks at the host first and then adopts,
 * resumes or installs. It is never replaced; deleting it forgets it and performs no act (P11).
 */
export class Machine extends pulumi.CustomResource {
  /** @internal Lets policies recognise the resource. */
  static readonly __pulumiType = "metal:index:Machine";

  /** Where the installation stands: `armed`, `served`, `done` or `member`. */
  declare readonly phase: pulumi.Output<string>;
  /** Id of the intent under which the host was installed; changes with each installation. */
  declare readonly installation: pulumi.Output<string>;
  /** Hostname it was installed with. */
  declare readonly hostname: pulumi.Output<string>;
  /** Public SSH host key (`ssh-ed25519 ...`) it was installed with, to pin connections by. */
  declare readonly sshHostKey: pulumi.Output<string>;
  /** Harvester version it was installed with. */
  declare readonly installedVersion: pulumi.Output<string>;
  /** Power as the BMC reported it last (`On`, `Off`); a refresh brings it up to date. */
  declare readonly power: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      phase: undefined,
      installation: undefined,
      hostname: undefined,
      sshHostKey: undefined,
      installedVersion: undefined,
      power: undefined,
    };
    super(Machine.__pulumiType, name, { ...args, ...outputs }, opts);
  }
}
