/** Property values as the engine sends them: JSON, in which secrets, assets and unknown values carry a signature. */

/** A JSON value. */
export type Value = null | boolean | number | string | Value[] | Values;

/** Named values. */
export interface Values {
  [name: string]: Value;
}

// Signatures of the wire format: sdk/nodejs/runtime/rpc.ts of pulumi.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Stands for a value that is not known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether the value is marked as a secret. */
export function isSecret(value: Value | undefined): value is { value: Value } {
  return isMap(value) && value[SIGNATURE] === SECRET;
}

/** Marks a value as a secret. */
export function secret(value: Value): Value {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** The value with every secret in it laid open. */
export function reveal<T extends Value>(value: T): T {
  return map(value, (v) => (isSecret(v) ? reveal(v.value) : undefined)) as T;
}

/** Whether some part of the value is a secret. */
export function hasSecret(value: Value): boolean {
  return some(value, isSecret);
}

/** Whether some part of the value is not known yet. */
export function hasUnknown(value: Value): boolean {
  return some(value, (v) => v === UNKNOWN);
}

/** Whether this very value is not known yet. */
export function isUnknown(value: Value | undefined): boolean {
  return value === UNKNOWN;
}

/** Copies secretness from inputs to outputs, as deep as both are objects (provider.go annotateSecrets of pulumi-kubernetes). */
export function secretsLike(values: Values, example: Values): Values {
  const result: Values = {};
  for (const [name, value] of Object.entries(values)) {
    const like = example[name];
    if (like === undefined || isSecret(value)) result[name] = value;
    else if (isMap(value) && isMap(like) && !isSecret(like)) result[name] = secretsLike(value, like);
    else result[name] = hasSecret(like) ? secret(value) : value;
  }
  return result;
}

function isMap(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function some(value: Value, test: (value: Value) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((v) => some(v, test));
  return isMap(value) && Object.values(value).some((v) => some(v, test));
}

function map(value: Value, replace: (value: Value) => Value | undefined): Value {
  const replacement = replace(value);
  if (replacement !== undefined) return replacement;
  if (Array.isArray(value)) return value.map((v) => map(v, replace));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, map(v, replace)]));
}
