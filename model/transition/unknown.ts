/** Values of a description that are not known yet, as in a preview whose inputs are outputs of something that does not exist yet. */
import type { ClusterDescription } from "../description";
import { propertyPath } from "../problem";

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
