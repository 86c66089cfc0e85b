import { creatorKeyOf, type DeclaredRoles, previewControlPlane } from "../../control-plane";
import { controlPlaneRules } from "../../control-plane-rules";
import type { Facts, Rule } from "../rule";

/** The rules over the control plane, on descriptions. They wait until every role and zone is known. */
export const roleRules: readonly Rule[] = controlPlaneRules.map(({ id, about, source, severity }) => ({
  id,
  about,
  source,
  severity,
  *judge(facts) {
    const declared = declaredRoles(facts);
    if (declared === undefined || creatorKeyOf(declared) === undefined) return;
    yield* previewControlPlane(declared).problems.filter((problem) => problem.rule === id);
  },
}));

function declaredRoles({ cluster, nodes, version, absent }: Facts): DeclaredRoles | undefined {
  const complete =
    Object.keys(cluster.nodes ?? {}).length === nodes.length &&
    nodes.every(
      ({ path, node }) =>
        (node.role !== undefined || absent(`${path}.role`)) &&
        (node.zone !== undefined || absent(`${path}.zone`)),
    );
  if (!complete) return undefined;
  return {
    ...(version === undefined ? {} : { version }),
    nodes: Object.fromEntries(nodes.map(({ key, node: { role, zone } }) => [key, { role, zone }])),
  };
}
