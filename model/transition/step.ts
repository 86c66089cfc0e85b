/** One step of a change, and what the cluster is while it is under way and after it. */
import type { DiskDescription } from "../description";
import type { Quorum } from "../quorum";

/**
 * What a step does.
 *
 * - `create`: the creator is installed and forms the cluster
 * - `join`: a machine is installed and joins as an agent
 * - `promote`: Harvester makes a node a member of the control plane; nobody asks for it, and it is waited for
 * - `leave`: a living node is emptied, leaves and is fenced
 * - `remove`: a dead node is fenced, and then taken out of the cluster
 * - `reinstall`: a member leaves, is installed anew on the same host and joins again
 * - `relabel`: role, zone or other labels of a living node change in place
 * - `maintain`, `resume`: a node is drained and kept out of use, and taken back
 * - `switch-off`, `switch-on`: the machine of a node in maintenance is shut down and kept off, and started again
 * - `upgrade`: the whole cluster goes to another version, node after node
 * - `rebuild`: backup, retirement of every machine and a new incarnation
 */
export type StepKind =
  | "create"
  | "join"
  | "promote"
  | "leave"
  | "remove"
  | "reinstall"
  | "relabel"
  | "maintain"
  | "resume"
  | "switch-off"
  | "switch-on"
  | "upgrade"
  | "rebuild";

/**
 * What it takes to be as before. `reversible`: another edit undoes it and nothing is lost; `compensable`: another edit leads to an equal
 * state, by installing anew; `final`: data or an identity is gone for good.
 */
export type Finality = "reversible" | "compensable" | "final";

/** The cluster at one moment. All names are names of nodes. */
export interface Moment {
  /** etcd's voters, counted, and how many may be lost. */
  quorum: Quorum;
  /** etcd's voters. */
  voters: readonly string[];
  /** Nodes that run an API server. */
  apiServers: readonly string[];
  /** Members of the control plane as Harvester counts them. */
  controlPlane: readonly string[];
  /** All nodes. */
  nodes: readonly string[];
}

/** A disk of a node. */
export interface NamedDisk extends DiskDescription {
  /** The node's key. */
  node: string;
}

/** One step. */
export interface Step {
  kind: StepKind;
  /** The node it is about; undefined for those about the whole cluster. */
  node?: string;
  /** The count of `reinstall` that its machine is installed under, or was where it goes; undefined where no machine comes or goes. */
  reinstall?: number;
  /** One sentence for people, in the future tense: "n4 will be promoted to the control plane". */
  about: string;
  /** The worst moment while it is under way; undefined where none is worse than before and after. */
  during?: Moment;
  /** Where it ends. */
  after: Moment;
  finality: Finality;
  /** Disks whose contents are lost. */
  wiped: readonly NamedDisk[];
  /** Disks of the same machines that are left alone. */
  kept: readonly NamedDisk[];
  /** Virtual machines that move to other nodes, by name; undefined where not known. */
  moving?: readonly string[];
  /** Virtual machines that stop, by name; undefined where not known. */
  stopping?: readonly string[];
}
