/** Role, zone and further labels of a node that stays: what its labels should become. Pure. */
import type { NodeDescription, Role } from "../../../../model/description";
import { DEFAULT_ROLE } from "../../../../model/roles";

/** Labels by which Harvester knows a declared role [harvester pkg/util/node.go]. `default` has none. */
const ROLE_LABELS: Readonly<Partial<Record<Role, string>>> = {
  management: "node-role.harvesterhci.io/management",
  worker: "node-role.harvesterhci.io/worker",
};

const ZONE_LABEL = "topology.kubernetes.io/zone";

/**
 * The labels to set, and with null those to remove, for a node to be as described now. A witness is installed as one and never becomes
 * another, so its label is not touched. Further labels are removed only if the description held them before.
 */
export function labelsFor(
  before: NodeDescription | undefined,
  after: NodeDescription,
  present: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const role = after.role ?? DEFAULT_ROLE;
  const roles = Object.entries(ROLE_LABELS).map(([name, label]) => [label, name === role ? "true" : null]);
  const gone = Object.keys(before?.labels ?? {}).map((label) => [label, null]);
  const wanted: Record<string, string | null> = {
    ...Object.fromEntries(gone),
    ...after.labels,
    ...(role === "witness" ? {} : Object.fromEntries(roles)),
    [ZONE_LABEL]: after.zone ?? null,
  };
  return Object.fromEntries(
    Object.entries(wanted).filter(([label, value]) => (present[label] ?? null) !== value),
  );
}
