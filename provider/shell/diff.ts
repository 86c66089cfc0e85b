/** The structural difference of two sets of properties. */
import { formatPath, type Path } from "./paths";
import { containsUnknown, isUnknown, type Properties, type PropertyChange } from "./resource";

/** Every path at which `news` differs from `olds`. What is unknown counts as changed; `undefined` as absent. */
export function differences(olds: Properties, news: Properties): PropertyChange[] {
  const changes: PropertyChange[] = [];
  const walk = (before: unknown, after: unknown, path: Path): void => {
    if (before === undefined && after === undefined) return;
    if (before === undefined) changes.push({ path: formatPath(path), kind: "add" });
    else if (after === undefined) changes.push({ path: formatPath(path), kind: "delete" });
    else if (isUnknown(after)) changes.push({ path: formatPath(path), kind: "update" });
    else if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        walk(before[key], after[key], [...path, Array.isArray(after) ? Number(key) : key]);
      }
    } else if (before !== after) changes.push({ path: formatPath(path), kind: "update" });
  };
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) walk(olds[key], news[key], [key]);
  return changes;
}

/** Whether two values are known to be the same. */
export function same(a: unknown, b: unknown): boolean {
  return !containsUnknown(a) && !containsUnknown(b) && differences({ v: a }, { v: b }).length === 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object";
}
