import * as pulumi from "@pulumi/pulumi";
import { isSecretPath } from "../model/secrets";
import type { ClusterInputs } from "./description";

/**
 * The description with everything in it that is a secret marked as one, however it came in: a password that a program
 * reads from a file or from the environment must not reach the state, a diff or a log in clear (P9).
 */
export function withSecrets(description: ClusterInputs): ClusterInputs {
  return mark(description, []) as ClusterInputs;
}

function mark(value: unknown, path: readonly string[]): unknown {
  if (value === undefined) return undefined;
  const plain = !pulumi.Output.isInstance(value) && !(value instanceof Promise);
  if (plain && Array.isArray(value)) return value.map((item, index) => mark(item, [...path, String(index)]));
  if (plain && value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item, [...path, key])]));
  }
  return isSecretPath(path) ? pulumi.secret(value) : value;
}
