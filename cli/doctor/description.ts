/** Reads a stack's description from its stack file, as its program would. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ClusterDescription } from "../../model/description";
import { resolveInClear } from "../../stacks/references";
import type { Engine } from "../engine";

/** The description with its secrets in clear; it stays in this process's memory. */
export async function readDescription(engine: Engine): Promise<ClusterDescription> {
  const args = ["config", "--json", "--show-secrets", "--stack", engine.stack];
  const { stdout } = await promisify(execFile)(engine.path, args, engine).catch((error) => {
    throw new Error(
      `The stack file of ${engine.stack} cannot be read: ${String(error.stderr ?? error).trim()}`,
    );
  });
  const config = JSON.parse(stdout) as Record<string, { value?: string; objectValue?: unknown }>;
  const cluster = config["harvester-stack:cluster"];
  if (cluster === undefined) {
    throw new Error(`The stack file of ${engine.stack} describes no cluster (harvester-stack:cluster).`);
  }
  return resolveInClear(
    cluster.objectValue ?? JSON.parse(cluster.value ?? "null"),
    "cluster",
  ) as ClusterDescription;
}
