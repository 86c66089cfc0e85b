import { didYouMean, fold } from "../nearest";
import { type Problem, propertyPath } from "../problem";
import { isAtLeast, parseVersion } from "../versions";

/**
 * The shape of a value: which keys exist, which types they have, which are required.
 *
 * Harvester's installer ignores a key that it does not know and turns types into each other, so a slip of the pen becomes a
 * default [harvester-installer pkg/config/{coerce,rename}.go]. Here an unknown key and a wrong type are errors.
 */
export type Shape =
  | { kind: "string" }
  | { kind: "boolean" }
  | { kind: "integer"; min?: number; max?: number }
  | { kind: "enum"; values: readonly string[] }
  | { kind: "list"; of: Shape }
  | { kind: "map"; of: Shape }
  | { kind: "object"; fields: Fields }
  | { kind: "word-or-object"; word: string; fields: Fields }
  | { kind: "any" };

/** One field of an object. */
export interface Field {
  shape: Shape;
  /** Set when the field is required: why it is, as a sentence. */
  because?: string;
  /** First version (`1.5`, `1.3.1`) whose installer reads the field. */
  since?: string;
  /** First version that no longer reads it. */
  until?: string;
}

/** Fields by name. */
export type Fields = Record<string, Field>;

/** The fields of an interface, one by one, so that the compiler reports a field that was forgotten here. */
export type FieldsOf<T> = {
  [K in keyof T]-?: undefined extends T[K] ? Field & { because?: undefined } : Field & { because: string };
};

/** A value in which everything may be missing: what is left once unknown and ill-typed values were taken out. */
export type Known<T> = T extends readonly (infer E)[]
  ? (Known<E> | undefined)[]
  : T extends object
    ? { [K in keyof T]?: Known<T[K]> }
    : T;

/** What `examine` found. */
export interface Examined {
  problems: Problem[];
  /** The value without what is unknown, ill-typed or not part of the shape. List positions are kept. */
  known: unknown;
  /** Paths of everything that was given, also of values that are unknown or of the wrong type. */
  given: Set<string>;
  /** Paths of fields that were left out of an object that is known. */
  absent: Set<string>;
}

/** How `examine` reads a value. */
export interface ExamineOptions {
  /** Says that a value is not known yet (a Pulumi preview). Such values are skipped. */
  unknown?: (value: unknown) => boolean;
  /** Harvester version, for fields with `since` and `until`. */
  version?: string;
  /** What to do instead of keys that are known elsewhere, but refused here on purpose; in lower case without "-" and "_". */
  instead?: Readonly<Record<string, string>>;
}

/** Holds a value against a shape. */
export function examine(value: unknown, shape: Shape, options: ExamineOptions = {}): Examined {
  const problems: Problem[] = [];
  const given = new Set<string>();
  const absent = new Set<string>();
  const version =
    options.version !== undefined && parseVersion(options.version) !== undefined
      ? options.version
      : undefined;
  const report = (property: string, rule: string, message: string) =>
    problems.push({ property, rule, severity: "error", message });
  const walk = (item: unknown, expected: Shape, path: string): unknown => {
    if (item === undefined || item === null) return undefined;
    given.add(path);
    if (options.unknown?.(item)) return undefined;
    switch (expected.kind) {
      case "any":
        return item;
      case "string":
        if (typeof item === "string") return item;
        break;
      case "boolean":
        if (typeof item === "boolean") return item;
        break;
      case "integer":
        if (typeof item !== "number" || !Number.isInteger(item)) break;
        if (item < (expected.min ?? -Infinity) || item > (expected.max ?? Infinity)) {
          report(path, "out-of-range", `${item} is out of range: give ${describe(expected)}.`);
          return undefined;
        }
        return item;
      case "enum":
        if (typeof item !== "string") break;
        if (expected.values.includes(item)) return item;
        report(
          path,
          "not-one-of",
          `"${item}" is not known here: give ${describe(expected)}.${didYouMean(item, expected.values)}`,
        );
        return undefined;
      case "list":
        if (!Array.isArray(item)) break;
        return item.map((element, index) => walk(element, expected.of, propertyPath(path, index)));
      case "map":
        if (!isRecord(item)) break;
        return Object.fromEntries(
          Object.entries(item).map(([key, element]) => [
            key,
            walk(element, expected.of, propertyPath(path, key)),
          ]),
        );
      case "word-or-object":
        if (item === expected.word) return item;
        if (!isRecord(item)) break;
        return walkFields(item, expected.fields, path);
      case "object":
        if (!isRecord(item)) break;
        return walkFields(item, expected.fields, path);
    }
    // The value itself stays out of the message: it may be a password written in the wrong place.
    report(
      path,
      "wrong-type",
      `is ${typeName(item)}, but must be ${describe(expected)}.${typeHint(item, expected)}`,
    );
    return undefined;
  };
  const walkFields = (item: Record<string, unknown>, fields: Fields, path: string): unknown => {
    const readable = Object.keys(fields).filter((key) => availability(fields[key]!, version) === undefined);
    for (const key of Object.keys(item)) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const where = propertyPath(path, key);
      const unavailable = field === undefined ? undefined : availability(field, version);
      if (field === undefined) {
        const folded = fold(key);
        const instead =
          options.instead !== undefined && Object.hasOwn(options.instead, folded)
            ? ` ${options.instead[folded]}`
            : undefined;
        const hint = instead ?? (didYouMean(key, readable) || ` Known here: ${readable.join(", ")}.`);
        report(where, "unknown-key", `"${key}" is not a known key, so it would have no effect.${hint}`);
      } else if (unavailable !== undefined) {
        report(
          where,
          "unknown-key",
          `the installer of ${version} ${unavailable}, so it would have no effect: remove it.`,
        );
      }
    }
    const known: Record<string, unknown> = {};
    for (const key of readable) {
      const field = fields[key]!;
      const where = propertyPath(path, key);
      const element = Object.hasOwn(item, key) ? item[key] : undefined;
      if (element === undefined || element === null) {
        absent.add(where);
        if (field.because === undefined) continue;
        report(where, "missing", `is missing. ${field.because} Give ${describe(field.shape)}.`);
        continue;
      }
      const seen = walk(element, field.shape, where);
      if (seen !== undefined) known[key] = seen;
    }
    return known;
  };
  if (value === undefined || value === null) report("", "missing", `is missing: give ${describe(shape)}.`);
  return { known: walk(value, shape, ""), problems, given, absent };
}

function availability(field: Field, version: string | undefined): string | undefined {
  if (version === undefined) return undefined;
  if (field.since !== undefined && !isAtLeast(version, field.since)) {
    return `does not know it yet (it came with v${field.since})`;
  }
  if (field.until !== undefined && isAtLeast(version, field.until)) {
    return `no longer knows it (it went with v${field.until})`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return `a ${typeof value}`;
}

function typeHint(value: unknown, expected: Shape): string {
  if (expected.kind === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return " Put it in quotes.";
  }
  if ((expected.kind === "integer" || expected.kind === "boolean") && typeof value === "string") {
    return " Leave the quotes out.";
  }
  return "";
}

function describe(shape: Shape): string {
  switch (shape.kind) {
    case "any":
      return "a value";
    case "string":
      return "a string";
    case "boolean":
      return "true or false";
    case "integer": {
      if (shape.min !== undefined && shape.max !== undefined)
        return `a whole number from ${shape.min} to ${shape.max}`;
      return shape.min === undefined ? "a whole number" : `a whole number, ${shape.min} or more`;
    }
    case "enum":
      return `one of ${shape.values.map((value) => `"${value}"`).join(", ")}`;
    case "list":
      return "a list";
    case "map":
      return "a map of names to values";
    case "object":
      return `an object with ${Object.keys(shape.fields).join(", ")}`;
    case "word-or-object":
      return `"${shape.word}", or an object with ${Object.keys(shape.fields).join(", ")}`;
  }
}

/** A string. */
export const text: Shape = { kind: "string" };
/** True or false. */
export const flag: Shape = { kind: "boolean" };
/** A whole number, within bounds if any are given; both belong to it. */
export const integer = (min?: number, max?: number): Shape => ({
  kind: "integer",
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
/** One of these strings. */
export const oneOf = (...values: string[]): Shape => ({ kind: "enum", values });
/** A list of any length, also an empty one. */
export const listOf = (of: Shape): Shape => ({ kind: "list", of });
/** An object with any names, all of whose values are alike. */
export const mapOf = (of: Shape): Shape => ({ kind: "map", of });
/** An object that has these fields and no others. */
export const objectShape = (fields: Fields): Shape => ({ kind: "object", fields });
/** An object whose fields the compiler holds against the interface it describes. */
export const objectOf = <T>(fields: FieldsOf<T>): Shape => objectShape(fields as unknown as Fields);
/** A word that stands for a default, or an object as `objectOf` describes it. */
export const wordOr = <T>(word: string, fields: FieldsOf<T>): Shape => ({
  kind: "word-or-object",
  word,
  fields: fields as unknown as Fields,
});
