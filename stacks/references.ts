import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** Folder that relative paths in a stack file start from: the one of Pulumi.yaml. */
const PROJECT_ROOT = resolve(__dirname, "..");

/**
 * Replaces references in a stack file by what they point to, so that no secret has to stand in it:
 * `{secretFromFile: path}`, `{secretFromEnv: NAME}` (both become Pulumi secrets) and `{fromFile: path}`.
 * Paths are relative to the project. The last newline of a file is dropped.
 */
export function resolveReferences<T>(value: T, property = ""): T {
  return resolveValue(value, property) as T;
}

function resolveValue(value: unknown, property: string): unknown {
  if (Array.isArray(value)) return value.map((item, index) => resolveValue(item, `${property}[${index}]`));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value);
  const [kind, target] = entries[0] ?? [];
  if (entries.length === 1 && kind !== undefined && kind in REFERENCES) {
    return REFERENCES[kind as keyof typeof REFERENCES](String(target), property);
  }
  return Object.fromEntries(
    entries.map(([key, item]) => [key, resolveValue(item, property === "" ? key : `${property}.${key}`)]),
  );
}

const REFERENCES = {
  secretFromFile: (path: string, property: string) => pulumi.secret(readText(path, property)),
  secretFromEnv: (name: string, property: string) => pulumi.secret(readEnvironment(name, property)),
  fromFile: readText,
};

function readText(path: string, property: string): string {
  try {
    return readFileSync(resolve(PROJECT_ROOT, path), "utf8").replace(/\n$/, "");
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
