/** The engine of this clone, ready to be run. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installToolchain, type Toolchain, toolchainPaths } from "../toolchain/toolchain";
import { pulumiEnvironment } from "./environment";
import { repository } from "./root";

/** The engine with what it needs to run on one stack. */
export interface Engine {
  readonly path: string;
  readonly toolchain: Toolchain;
  readonly stack: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Installs the toolchain where that is still to be done and prepares the backend. */
export async function prepareEngine(stack: string): Promise<Engine> {
  const toolchain = await installToolchain(repository);
  const env = pulumiEnvironment(repository, toolchain, stack);
  // The engine opens a file backend only if its folder exists.
  const backend = env.PULUMI_BACKEND_URL ?? "";
  if (backend.startsWith("file:///")) mkdirSync(fileURLToPath(backend), { recursive: true });
  return { path: join(toolchainPaths(repository).bin, "pulumi"), toolchain, stack, cwd: repository, env };
}
