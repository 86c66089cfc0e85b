import * as pulumi from "@pulumi/pulumi";
import type { ClusterInputs } from "./description";

/** Properties of a description that are secrets wherever they stand. */
const SECRET_PROPERTIES = new Set(["adminPassword", "password", "sshPrivateKey"]);

/**
 * The description with every password marked as a secret, however it came in: a password that a program reads from
 * a file or from the environment must not reach the state, a diff or a log in clear (P9).
 */
export function withSecrets(description: ClusterInputs): ClusterInputs {
  return mark(description) as ClusterInputs;
}

function mark(value: unknown, property?: string): unknown {
  if (pulumi.Output.isInstance(value) || value instanceof Promise || value === undefined) {
    return property !== undefined && SECRET_PROPERTIES.has(property) ? pulumi.secret(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => mark(item));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item, key)]));
  }
  return property !== undefined && SECRET_PROPERTIES.has(property) ? pulumi.secret(value) : value;
}
