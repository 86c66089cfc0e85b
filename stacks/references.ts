import { readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** Folder that relative paths in a stack file start from: the one of Pulumi.yaml. */
const PROJECT_ROOT = join(__dirname, "..");

/**
 * Replaces references in a stack file by what they point to, so that no secret has to stand in it:
 * `{secretFromFile: path}`, `{secretFromEnv: NAME}` (both become Pulumi secrets) and `{fromFile: path}`.
 * Paths are relative to the project. The last newline of a file is dropped.
 */
export function resolveReferences<T>(value: T, property = ""): T {
  return resolve(value, property, pulumi.secret) as T;
}

/** As `resolveReferences`, with secrets in clear: for tools that run beside Pulumi and keep them in memory. */
export function resolveInClear<T>(value: T, property = ""): T {
  return resolve(value, property, (secret) => secret) as T;
}

function resolve(value: unknown, property: string, wrap: (secret: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolve(item, `${property}[${index}]`, wrap));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  const [kind, target] = entries[0] ?? [];
  if (entries.length === 1) {
    if (kind === "secretFromFile") return wrap(readText(String(target), property));
    if (kind === "secretFromEnv") return wrap(readEnvironment(String(target), property));
    if (kind === "fromFile") return readText(String(target), property);
  }
  return Object.fromEntries(
    entries.map(([key, item]) => [key, resolve(item, property === "" ? key : `${property}.${key}`, wrap)]),
  );
}

function readText(path: string, property: string): string {
  try {
    return readFileSync(resolvePath(PROJECT_ROOT, path), "utf8").replace(/\n$/, "");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : String(error);
    throw new pulumi.RunError(
      `${property}: the stack file takes this value from the file ${path}, which ${reason}. ` +
        "Create it, or give the value as a Pulumi secret (pulumi config set --secret --path).",
    );
  }
}

function readEnvironment(name: string, property: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw new pulumi.RunError(
    `${property}: the stack file takes this value from the environment variable ${name}, which is not set. ` +
      `Set it, or give the value as a Pulumi secret (pulumi config set --secret --path).`,
  );
}
