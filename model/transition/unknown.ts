/** Values of a description that are not known yet, as in a preview whose inputs are outputs of something that does not exist yet. */
import type { ClusterDescription } from "../description";
import { propertyPath } from "../problem";
import type { Course } from "./draft";
import type { Situation } from "./situation";

/** A description of which everything is known, because what was not is as it was before. */
export interface Settled {
  description: ClusterDescription;
  /** Paths of the values that are not known yet. */
  unknown: readonly string[];
}

/**
 * Takes what is not known yet for unchanged: the value of `before`, else nothing. A node of which nothing at all is known, now or before,
 * is left out.
 */
export function settle(description: ClusterDescription, before: ClusterDescription | undefined): Settled {
  if (!holdsUnknown(description)) return { description, unknown: [] };
  const unknown: string[] = [];
  const settled = settleValue(description, before, "", unknown) as ClusterDescription;
  const nodes = Object.entries(settled.nodes ?? {}).filter(([, node]) => node !== undefined);
  return { description: { ...settled, nodes: Object.fromEntries(nodes) }, unknown };
}

function settleValue(value: unknown, was: unknown, path: string, unknown: string[]): unknown {
  if (typeof value === "symbol") {
    unknown.push(path);
    return holdsUnknown(was) ? undefined : was;
  }
  if (value === null || typeof value !== "object") return value;
  const past = was as Record<string | number, unknown> | undefined;
  if (Array.isArray(value)) {
    return value.map((item, index) => settleValue(item, past?.[index], propertyPath(path, index), unknown));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      settleValue(item, past?.[key], propertyPath(path, key), unknown),
    ]),
  );
}

function holdsUnknown(value: unknown): boolean {
  if (typeof value === "symbol") return true;
  return value !== null && typeof value === "object" && Object.values(value).some(holdsUnknown);
}

/** What could not be known of a change, one sentence each. */
export function unknownOf(
  { unknown, source, before, nodes, volumes, virtualMachines }: Situation,
  { steps }: Course,
): string[] {
  const empties = steps.some(({ kind }) => EMPTYING.includes(kind));
  return [
    ...unknown.map((path) => `${path || "The description"} is not known yet, and is taken for unchanged.`),
    ...(source === "inputs" && steps.length > 0
      ? ["The cluster was never looked at: all of it is taken to be as it was described last."]
      : []),
    ...(nodes.length > 0 && before === undefined
      ? [
          "What was described before is not known, so that nothing is said about hardware, disks and names that changed.",
        ]
      : []),
    ...(empties && volumes === undefined
      ? ["Volumes could not be looked at: whether a node holds the last healthy replica of one is not known."]
      : []),
    ...(empties && virtualMachines === undefined
      ? ["Virtual machines could not be looked at: which of them move or stop is not known."]
      : []),
  ];
}

/** Steps that take volumes or virtual machines off a node. */
const EMPTYING: readonly string[] = ["leave", "remove", "reinstall", "maintain", "upgrade"];
