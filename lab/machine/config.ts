import { parse, stringify } from "yaml";
import type { HarvesterConfig } from "../types";
import { CONFIG, type Field, type Fields } from "./schema";

/** A value could not be read as the installer reads it; the installer shows the text and goes no further. */
export class ConfigError extends Error {}

type Plain = Record<string, unknown>;

/** Minor version of a Harvester 1 release: 6 of `v1.6.1`. */
export function minorOf(version: string): number {
  const match = /^v1\.(\d+)\./.exec(version);
  if (match === null) throw new ConfigError(`"${version}" is not a Harvester version such as v1.6.1`);
  return Number(match[1]);
}

/** Reads a configuration file as the installer of a version does: any spelling of known keys, unknown ones ignored, values coerced. */
export function readConfig(text: string, version: string): HarvesterConfig {
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    throw new ConfigError(`fail to parse config: ${(error as Error).message}`);
  }
  if (!isPlain(data)) throw new ConfigError("fail to parse config: the file is not a mapping");
  return normalise(data, version);
}

/** Brings the keys of parsed data to snake_case and its values to their types. */
export function normalise(data: Plain, version: string): HarvesterConfig {
  return readFields(data, CONFIG, minorOf(version), "") as HarvesterConfig;
}

/**
 * Merges the fetched configuration into that of the kernel command line: what is empty is filled, what is there stays, and lists are
 * appended - so what is given in both appears twice.
 */
export function mergeConfig(base: HarvesterConfig, fetched: HarvesterConfig): HarvesterConfig {
  return mergePlain(base as Plain, fetched as Plain) as HarvesterConfig;
}

/** The file /oem/harvester.config: keys in lower case without separators, as Go's YAML writer makes of field names. */
export function harvesterConfigFile(config: HarvesterConfig): string {
  return stringify(renameFields(config as Plain, CONFIG));
}

function mergePlain(base: Plain, fetched: Plain): Plain {
  const result: Plain = { ...base };
  for (const [key, value] of Object.entries(fetched)) {
    const present = result[key];
    if (Array.isArray(present) && Array.isArray(value)) result[key] = [...present, ...value];
    else if (isPlain(present) && isPlain(value)) result[key] = mergePlain(present, value);
    else if (isEmpty(present)) result[key] = value;
  }
  return result;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false || value === 0;
}

function readFields(data: Plain, fields: Fields, minor: number, path: string): Plain {
  const result: Plain = {};
  for (const [key, value] of Object.entries(data)) {
    const found = Object.entries(fields).find(([name, field]) => spellings(name, field).includes(key));
    if (found === undefined || value === null || value === undefined) continue;
    const [name, field] = found;
    if ((field.since ?? 0) > minor || (field.until ?? Number.POSITIVE_INFINITY) < minor) continue;
    result[name] = readValue(value, field, minor, path === "" ? name : `${path}.${name}`);
  }
  return result;
}

/** The spellings the mapper accepts of a key: snake_case, lower case, camelCase, and of a list's name the singular. */
function spellings(name: string, field: Field): string[] {
  const list = field.kind === "strings" || (typeof field.kind === "object" && "each" in field.kind);
  const names = [name];
  if (list && name.endsWith("es")) names.push(name.slice(0, -2));
  if (list && name.endsWith("s")) names.push(name.slice(0, -1));
  return names.flatMap((n) => [n, n.replaceAll("_", ""), camelCase(n)]);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function readValue(value: unknown, field: Field, minor: number, path: string): unknown {
  const { kind } = field;
  if (kind === "any") return value;
  if (kind === "string") return scalar(value, path);
  if (kind === "bool")
    return typeof value === "boolean" ? value : scalar(value, path).toLowerCase() === "true";
  if (kind === "int") return integer(value, path);
  if (kind === "strings") return (Array.isArray(value) ? value : [value]).map((item) => scalar(item, path));
  if (kind === "string-map") return stringMap(value, path);
  if ("each" in kind) {
    const each = kind.each as Fields;
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => {
      if (!isPlain(item))
        throw new ConfigError(`fail to load config: ${path}: cannot unmarshal ${typeof item} into object`);
      return readFields(item, each, minor, path);
    });
  }
  if (!isPlain(value))
    throw new ConfigError(`fail to load config: ${path}: cannot unmarshal ${typeof value} into object`);
  return readFields(value, kind as Fields, minor, path);
}

function scalar(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return String(value);
  throw new ConfigError(
    `fail to load config: ${path}: cannot unmarshal ${Array.isArray(value) ? "array" : "object"} into string`,
  );
}

function integer(value: unknown, path: string): number {
  const number = typeof value === "number" ? value : Number(scalar(value, path));
  if (!Number.isInteger(number))
    throw new ConfigError(`fail to load config: ${path}: "${String(value)}" is not a whole number`);
  return number;
}

function stringMap(value: unknown, path: string): Record<string, string> {
  if (!isPlain(value))
    throw new ConfigError(`fail to load config: ${path}: cannot unmarshal ${typeof value} into map`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, scalar(item, `${path}.${key}`)]),
  );
}

function renameFields(data: Plain, fields: Fields): Plain {
  const result: Plain = {};
  for (const [key, value] of Object.entries(data)) {
    const kind = fields[key]?.kind;
    const name = key.replaceAll("_", "");
    if (typeof kind !== "object") result[name] = value;
    else if ("each" in kind)
      result[name] = (value as Plain[]).map((item) => renameFields(item, kind.each as Fields));
    else result[name] = renameFields(value as Plain, kind as Fields);
  }
  return result;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
