/** What a node that leaves still has: its name, its address and its host are free only once it is out and off. */
import { hostnameOf, installedAs, type NodeDescription } from "../../description";
import { sameUuid } from "../../hardware";
import { nodePath, type TransitionRule } from "./rule";

export const reuseRules: readonly TransitionRule[] = [
  {
    id: "in-use-until-gone",
    about: "A node that joins takes no name, address or host of one that leaves by the same change.",
    source:
      "replacements join before those that they replace leave; harvester#1497, #8713: two installations under one name do not get on",
    severity: "error",
    binding: "two machines would answer to one name or address at once, and one host would be two nodes",
    *judge({ situation: { before, after }, change }) {
      for (const key of change.joins) {
        for (const gone of change.leaves) {
          const [was, wanted] = [before?.nodes[gone], after.nodes[key]!];
          const shared = was === undefined ? undefined : sharedBy([gone, was], [key, wanted]);
          if (shared === undefined) continue;
          yield {
            property: `${nodePath(key)}${shared.path}`,
            message: `${shared.what} is that of ${gone}, which leaves only after ${key} has joined.`,
            next:
              shared.next ??
              `Choose another one, or take ${gone} out in this change and join ${key} in the next.`,
          };
        }
      }
    },
  },
];

type Named = [key: string, node: NodeDescription];

function sharedBy(
  [goneKey, gone]: Named,
  [key, node]: Named,
): { path: string; what: string; next?: string } | undefined {
  const [was, wanted] = [installedAs(gone).uuid, installedAs(node).uuid];
  if (typeof was === "string" && typeof wanted === "string" && sameUuid(was, wanted)) {
    return {
      path: ".hardware.uuid",
      what: `the host ${wanted}`,
      next: `Keep the key ${goneKey}: a key names its host for good. To install it anew, raise its reinstall; or let it leave first.`,
    };
  }
  if (hostnameOf(goneKey, gone) === hostnameOf(key, node))
    return { path: ".hostname", what: `the name ${hostnameOf(key, node)}` };
  if (node.address !== undefined && node.address === gone.address)
    return { path: ".address", what: `the address ${node.address}` };
  return undefined;
}
