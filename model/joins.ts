/**
 * In which order nodes join, so that the control plane that was previewed comes about.
 *
 * Promotion takes whoever is there once three nodes are: where all join at once it is a lottery. So those that are meant to be
 * promoted join first, and the others once promotion rests.
 */
import { type DeclaredRoles, freshNode, replayDeclared, versionOf } from "./control-plane";
import { membersOf, nextPromotion, type PromotionNode, promotedNode } from "./promotion";
import { isPromotable, roleOf } from "./roles";

/** The order of joins. All names are keys of nodes; each node but the creator stands in exactly one of `first` and `rest`. */
export interface JoinWaves {
  /** Groups that join one after another, each once the one before is Ready; inside a group in any order, also at once. */
  first: string[][];
  /** The others, in any order, once `first` has joined and promotion is at rest. */
  rest: string[];
  /** Those of `rest` that promotion never looks at, so that they need not wait: workers. */
  indifferent: string[];
}

/** The waves in which the nodes of a description join the machine that creates the cluster. */
export function joinWaves(description: DeclaredRoles, creator: string): JoinWaves {
  const { promoted: wanted } = replayDeclared(description, creator);
  const others = Object.keys(description.nodes).filter((key) => key !== creator && !wanted.includes(key));
  const serial = wanted.map((key) => [key]);
  const parallel = wanted.length > 0 ? [wanted] : [];
  const goal = nameOf([creator, ...wanted]);
  const endsAsWanted = (groups: string[][]) =>
    [...outcomes(description, creator, groups)].every((outcome) => outcome === goal);

  let first = [parallel, serial].find(endsAsWanted);
  // Where zones are missing, promotion goes on only when others bring them; one at a time, so that none overtakes.
  for (let i = 1; first === undefined && i <= others.length; i++) {
    const groups = [...serial, ...others.slice(0, i).map((key) => [key])];
    if (endsAsWanted(groups)) first = groups;
  }
  first ??= serial;
  const rest = others.filter((key) => !first.flat().includes(key));
  const indifferent = rest.filter((key) => !isPromotable(roleOf(description.nodes[key]!)));
  return { first, rest, indifferent };
}

/** Every control plane that may be there once the groups have joined, whoever in a group is first and however late promotion is. */
function outcomes(
  description: DeclaredRoles,
  creator: string,
  groups: readonly (readonly string[])[],
): Set<string> {
  const version = versionOf(description);
  const found = new Set<string>();
  const explore = (nodes: readonly PromotionNode[], waiting: readonly (readonly string[])[]): void => {
    const { pick } = nextPromotion(nodes, version);
    const [group = [], ...later] = waiting;
    if (pick === undefined && waiting.length === 0) {
      found.add(nameOf(membersOf(nodes)));
      return;
    }
    if (pick !== undefined)
      explore(
        nodes.map((node) => (node.name === pick ? promotedNode(node) : node)),
        waiting,
      );
    for (const key of group) {
      const left = group.filter((other) => other !== key);
      explore(
        [...nodes, freshNode(description, key, nodes.length)],
        left.length > 0 ? [left, ...later] : later,
      );
    }
  };
  explore([freshNode(description, creator, 0, true)], groups);
  return found;
}

function nameOf(members: readonly string[]): string {
  return [...members].sort().join(" ");
}
