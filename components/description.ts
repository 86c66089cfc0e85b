import type * as pulumi from "@pulumi/pulumi";
import type { ClusterDescription, NodeDescription } from "../model/description";

/**
 * A description whose values may still be outputs, and whose shape is plain: which nodes there are is known when the
 * program runs, what a password is may not be.
 */
export type Inputs<T> = T extends undefined
  ? undefined
  : T extends (infer Item)[]
    ? Inputs<Item>[]
    : T extends object
      ? { [Key in keyof T]: Inputs<T[Key]> }
      : pulumi.Input<T>;

/** The description of a cluster; see `model/description.ts` for each field. */
export type ClusterInputs = Inputs<ClusterDescription>;

/** The description of a node and the machine under it. */
export type NodeInputs = Inputs<NodeDescription>;
