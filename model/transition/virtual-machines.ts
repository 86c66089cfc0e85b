/** What becomes of virtual machines when nodes are emptied. */
import { isFull } from "../roles";
import type { NodeFacts, VirtualMachineFacts } from "./facts";

/** Virtual machines that move and that stop, by name; both missing where the running ones are not known. */
export interface Displaced {
  moving?: readonly string[];
  stopping?: readonly string[];
}

/**
 * What becomes of the virtual machines on the nodes that are emptied; without a list every node is, one after another. Those that can be
 * live-migrated move as long as there is another node to take them; the others stop.
 */
export function displacedFrom(
  emptied: readonly string[] | undefined,
  nodes: readonly NodeFacts[],
  machines: readonly VirtualMachineFacts[] | undefined,
): Displaced {
  if (machines === undefined) return {};
  const touched = machines.filter(({ node }) => emptied?.includes(node) ?? true);
  const moves = ({ node, migratable }: VirtualMachineFacts) =>
    migratable && nodes.some((other) => other.name !== node && takesMachines(other));
  return {
    moving: touched.filter(moves).map(({ name }) => name),
    stopping: touched.filter((machine) => !moves(machine)).map(({ name }) => name),
  };
}

/** Whether virtual machines can be scheduled on a node; a witness takes none [docs witness]. */
export function takesMachines(node: NodeFacts): boolean {
  return node.healthy && isFull(node.role) && node.cordoned !== true && node.maintenance !== true;
}
