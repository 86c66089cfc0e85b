/** Property paths as Pulumi writes them: `disks.install`, `members[2].role`, `labels["topology.kubernetes.io/zone"]`. */

/** A path, one step an element: names of properties and indexes of lists. */
export type Path = readonly (string | number)[];

/** Writes a path. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/[.[\]"\s]/.test(step) || step === "") text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** Reads a path. Text that is no path is taken as the name of one property. */
export function parsePath(text: string): (string | number)[] {
  const path: (string | number)[] = [];
  const step = /\.?([^.[\]"]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return [text];
    if (match[1] !== undefined) path.push(match[1]);
    else if (match[2] !== undefined) path.push(Number(match[2]));
    else path.push(JSON.parse(match[3]!) as string);
  }
  return path;
}

/** Whether `path` is `prefix` or lies below it. A `*` in the prefix stands for any one step. */
export function isWithin(path: Path, prefix: Path): boolean {
  return (
    prefix.length <= path.length &&
    prefix.every((step, i) => step === "*" || String(step) === String(path[i]))
  );
}

/** The value at a path, or `undefined`. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      at !== null && typeof at === "object" ? (at as Record<string | number, unknown>)[step] : undefined,
    value,
  );
}

/** A copy of `value` with `leaf` at the path; `undefined` removes the property. Paths that lead nowhere change nothing. */
export function withValueAt<T>(value: T, path: Path, leaf: unknown): T {
  const [step, ...rest] = path;
  if (step === undefined) return leaf as T;
  if (value === null || typeof value !== "object") return value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>;
  const inner = rest.length === 0 ? leaf : withValueAt(copy[step], rest, leaf);
  if (inner === undefined && !Array.isArray(copy)) delete copy[step];
  else copy[step] = inner;
  return copy as T;
}
