/** One node that leaves, with everything that its leaving needs to be told. */
import type { LeaveDescription, NodeDescription } from "../../../../model/description";
import type { NodeShell } from "../../../harvester/etcd";
import type { OperationContext } from "../../../shell/resource";
import type { ClusterInQuestion } from "../../live-cluster";
import type { Purpose } from "./decide";

/** Somebody who may be asked over SSH. */
export interface Peer {
  /** UUID of its host. */
  uuid: string;
  shell: { ask: NodeShell; act: NodeShell };
}

/** A departure. */
export interface Departure {
  ctx: Pick<OperationContext, "signal" | "deadline" | "status" | "info" | "warn" | "facts">;
  /** The cluster, and who it is. */
  question: ClusterInQuestion;
  /** Fingerprint of the cluster's authority. */
  pinned: string | undefined;
  /** The node's key, and what it was described as when it was installed. */
  key: string;
  node: NodeDescription;
  /** Intent under which it was installed. */
  installation: string;
  purpose: Purpose;
  /** A person has approved that it is removed where it is dead. */
  removalApproved: boolean;
  /** The way onto the node itself. */
  shell: Peer["shell"] | undefined;
  /** The way onto the others. */
  peers: readonly Peer[];
}

/** What the description says about virtual machines that cannot be moved. */
export function virtualMachinePolicy(leave: LeaveDescription | undefined): "refuse" | "stop" {
  return leave?.virtualMachines ?? "refuse";
}
