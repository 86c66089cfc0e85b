/** After a killed run: creates of which the state does not know how they ended. */
import { run } from "../toolchain/run";
import type { Engine } from "./engine";
import { takeOver } from "./process";

const EXPORT_TIMEOUT_MS = 60_000;

/** Names of the resources whose creation was under way when the engine died, from an exported stack. */
export function pendingCreates(exported: string): string[] {
  const operations: { type: string; resource: { urn: string } }[] =
    JSON.parse(exported).deployment?.pending_operations ?? [];
  return operations
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => resource.urn.split("::").at(-1) ?? resource.urn);
}

/**
 * Drops pending creates by the stock `pulumi refresh --clear-pending-creates`. The engine cannot know whether such a resource exists;
 * this project's creates look first and adopt or resume, so forgetting the pending note is always safe.
 */
export async function clearPendingCreates(engine: Engine): Promise<void> {
  const { path, stack } = engine;
  // No such stack yet, or a backend that cannot be read: the command itself will say so better.
  const exported = await run(path, ["stack", "export", "--stack", stack, "--non-interactive"], {
    cwd: engine.cwd,
    env: engine.env,
    timeoutMs: EXPORT_TIMEOUT_MS,
  }).catch(() => undefined);
  const pending = exported ? pendingCreates(exported.stdout) : [];
  if (pending.length === 0) return;
  process.stderr.write(
    `The state has ${pending.join(", ")} as being created: a run was killed, or is still at work. ` +
      "First: pulumi refresh --clear-pending-creates --yes " +
      "(safe here: what was begun is found again and continued).\n",
  );
  const args = ["refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack];
  const code = await takeOver(path, args, engine);
  if (code !== 0)
    throw new Error(`pulumi ${args.join(" ")} ended with ${code}; see above. Nothing else was done.`);
}
