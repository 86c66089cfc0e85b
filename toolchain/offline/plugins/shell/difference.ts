/** What differs between two sets of values, property by property. */
import { type ChangeKind, isObject } from "./plugin";
import type { Value, Values } from "./values";

/** How each property changes; paths are written as the engine reads them, e.g. `metadata.labels["a.b"]`, `spec.nics[0]`. */
export function difference(olds: Values, news: Values): Record<string, ChangeKind> {
  const changes: Record<string, ChangeKind> = {};
  const compare = (path: string, before: Value | undefined, after: Value | undefined): void => {
    if (isObject(before) && isObject(after)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
        compare(join(path, key), before[key], after[key]);
      }
    } else if (Array.isArray(before) && Array.isArray(after)) {
      for (let i = 0; i < Math.max(before.length, after.length); i++) {
        compare(`${path}[${i}]`, before[i], after[i]);
      }
    } else if (isAbsent(before) !== isAbsent(after)) {
      changes[path] = isAbsent(before) ? "add" : "delete";
    } else if (before !== after && !isAbsent(before)) {
      changes[path] = "update";
    }
  };
  compare("", olds, news);
  return changes;
}

/** Turns changes at or below any of the paths into replacements. */
export function replacing(
  changes: Record<string, ChangeKind>,
  paths: readonly string[],
): Record<string, ChangeKind> {
  const below = (path: string) =>
    paths.some((p) => path === p || (/^[.[]/.test(path.slice(p.length)) && path.startsWith(p)));
  return Object.fromEntries(
    Object.entries(changes).map(([path, kind]) => [
      path,
      below(path) && !kind.endsWith("-replace") ? (`${kind}-replace` as ChangeKind) : kind,
    ]),
  );
}

function isAbsent(value: Value | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function join(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
