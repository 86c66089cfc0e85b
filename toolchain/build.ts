/** Builds a pinned tool from Go modules, with live progress. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { GoCommand, Pin } from "./pins";
import type { Step } from "./progress";
import { run } from "./run";

/** The folder of the Go modules that pin the tools. */
export const modules = join(__dirname, "go");

/** Long enough for two slow cores and a slow mirror; a build that hangs ends here. */
const BUILD_TIMEOUT_MS = 40 * 60_000;

/**
 * Builds every command of a tool into a folder. The module's go.sum is complete, so that nothing has to be resolved: `go build`
 * then works with a proxy that serves no more than the pinned files.
 */
export async function build(pin: Pin, folder: string, step: Step, signal?: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const command of pin.source.commands) await buildCommand(pin, command, folder, step, signal);
}

async function buildCommand(
  pin: Pin,
  command: GoCommand,
  folder: string,
  step: Step,
  signal: AbortSignal | undefined,
): Promise<void> {
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", `-ldflags=${pin.source.ldflags}`];
  const cwd = join(modules, pin.source.module);
  // A Go newer than the module asks for is fine; an older one is told by the go command itself.
  const env = { ...process.env, GOTOOLCHAIN: process.env.GOTOOLCHAIN ?? "local", CGO_ENABLED: "0" };
  let fetched = 0;
  step.update(`${command.binary}: fetching Go modules`);
  const listed = await run(
    "go",
    ["list", ...flags, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", command.package],
    {
      cwd,
      env,
      signal,
      timeoutMs: BUILD_TIMEOUT_MS,
      onErrorLine: (line) => {
        if (line.startsWith("go: downloading")) {
          step.update(`${command.binary}: fetching Go modules, ${++fetched} so far`);
        }
      },
    },
  );
  const stale = new Set(listed.stdout.split("\n").filter(Boolean));
  const total = stale.size;
  let compiled = 0;
  const say = () => {
    const far = `${compiled} of ${total} packages, ${Math.floor((100 * compiled) / Math.max(total, 1))} %`;
    step.update(`${command.binary}: ${compiled < total ? `compiled ${far}` : "linking"}`);
  };
  say();
  await run("go", ["build", "-v", ...flags, "-o", join(folder, command.binary), command.package], {
    cwd,
    env,
    signal,
    timeoutMs: BUILD_TIMEOUT_MS,
    onErrorLine: (line) => {
      if (!stale.delete(line.trim())) return;
      compiled++;
      say();
    },
  });
}
