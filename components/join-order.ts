import { creatorKeyOf, type DeclaredRoles } from "../model/control-plane";
import { joinWaves } from "../model/joins";
import type { ClusterInputs } from "./description";
import { plainValue } from "./plain";

/** One node's place in the order in which a cluster comes about. */
export interface JoinPlace {
  /** The node's key. */
  key: string;
  /** Keys of the nodes that must be members first. */
  after: string[];
  /** Whether it also waits until no promotion is under way or due. */
  atRest: boolean;
}

/**
 * The order in which the nodes come: the creator, those that are to be promoted, the others. It makes the previewed
 * control plane come about; without it promotion takes whoever is there first.
 */
export function joinOrder(description: ClusterInputs): JoinPlace[] {
  const declared = declaredRoles(description);
  const creator = creatorKeyOf(declared);
  // Nobody may create the cluster: the plan refuses that, and says why.
  if (creator === undefined)
    return Object.keys(declared.nodes).map((key) => ({ key, after: [], atRest: false }));
  const { first, rest, indifferent } = joinWaves(declared, creator);
  const wave = first.flatMap((group, index) => {
    const after = [creator, ...first.slice(0, index).flat()];
    return group.map((key) => ({ key, after, atRest: index > 0 }));
  });
  const others = rest.map((key) =>
    indifferent.includes(key)
      ? { key, after: [creator], atRest: false }
      : { key, after: [creator, ...first.flat()], atRest: true },
  );
  return [{ key: creator, after: [], atRest: false }, ...wave, ...others];
}

/** Roles, zones and version decide which resources depend on which, so they have to be plain values. */
function declaredRoles({ version, nodes }: ClusterInputs): DeclaredRoles {
  return {
    version: plain(version, "version"),
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([key, { role, zone }]) => [
        key,
        { role: plain(role, `nodes.${key}.role`), zone: plain(zone, `nodes.${key}.zone`) },
      ]),
    ),
  } as DeclaredRoles;
}

function plain(value: unknown, property: string): unknown {
  return plainValue(value, property, "It decides the order in which machines join");
}
