import type { ResourceValidationArgs } from "@pulumi/policy";
import { PLAN } from "./resources";

/** Stands for a value that is not known yet. The model says nothing about such values. */
const UNKNOWN = Symbol("not known yet");

/** Says that a value is not known yet; for the model. */
export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN;
}

/** The description that a `Plan` judges; undefined for any other resource. */
export function descriptionOf(args: Pick<ResourceValidationArgs, "type" | "props">): unknown {
  return args.type === PLAN ? plain(args.props, "cluster") : undefined;
}

/**
 * The value of a property as plain data. The engine's own inputs throw where a value is not known yet, and one such value would
 * switch a whole rule off for the preview.
 */
export function plain(owner: Record<string, unknown>, key: string): unknown {
  let value: unknown;
  try {
    value = owner[key];
  } catch {
    return UNKNOWN;
  }
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  if (Array.isArray(value)) return value.map((_, index) => plain(object, String(index)));
  return Object.fromEntries(Object.keys(object).map((name) => [name, plain(object, name)]));
}

/** The stack that a resource belongs to: the third part of its URN, `urn:pulumi:<stack>::<project>::...`. */
export function stackOf(urn: string): string {
  return urn.split(":")[2] ?? "";
}
