/** What is known about a cluster as it is: seen at a preview, or remembered in the state. */
import type { Role } from "../description";
import type { PromotionNode } from "../promotion";

/** How sure the facts are. `live`: looked at just now; `state`: what the last `up` or `refresh` saw. */
export type FactSource = "live" | "state";

/** A cluster as it is. */
export interface ClusterFacts {
  /** Where they come from. */
  source: FactSource;
  /** When they were seen, ISO 8601. */
  asOf: string;
  /** Harvester version of the cluster. */
  version: string;
  /** Life that the cluster is in, by the mark that it carries; undefined where it was not read. */
  generation?: number;
  /** Every node that the cluster knows. */
  nodes: readonly NodeFacts[];
  /** Longhorn's volumes; undefined where they could not be looked at. */
  volumes?: readonly VolumeFacts[];
  /** Running virtual machines; undefined where they could not be looked at. */
  virtualMachines?: readonly VirtualMachineFacts[];
  /** An upgrade that is under way, by the name of its object. */
  upgrade?: string;
  /** Version that it leads to; undefined where its object does not say. */
  upgradeTo?: string;
}

/** A node as it is: as the promotion controller sees it, and a little more. `name` is its key in the description, or its hostname. */
export interface NodeFacts extends PromotionNode {
  role: Role;
  /** Harvester version that the node runs; undefined where it does not say. */
  version?: string;
  /** In Harvester's maintenance mode, or on the way into it. */
  maintenance?: boolean;
  /** Its machine was switched off on purpose, by the mark that its node carries. */
  switchedOff?: boolean;
  /** It has registered, and its installation is still going on. */
  joining?: boolean;
  /** The count of `reinstall` under which its machine was installed; undefined where it is not known. */
  reinstall?: number;
}

/** A Longhorn volume as it is. */
export interface VolumeFacts {
  /** Namespace and name of its claim, or its own name. */
  name: string;
  /** Replicas that it is to have. */
  replicas: number;
  /** Nodes that hold a healthy replica. */
  healthyOn: readonly string[];
}

/** A running virtual machine as it is. */
export interface VirtualMachineFacts {
  /** Namespace and name. */
  name: string;
  /** Node that it runs on. */
  node: string;
  /** Whether it can be live-migrated. */
  migratable: boolean;
}
