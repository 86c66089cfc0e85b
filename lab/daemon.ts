/**
 * The process in which a lab runs; started by lab/cli.ts, which waits on the message channel for "ready". Usage: daemon.ts <options as JSON>
 */
import { Lab, type LabOptions } from "./lab";

/** What the daemon tells the command that started it. */
export type DaemonMessage = { progress: string } | { ready: true } | { failed: string };

function tell(message: DaemonMessage): void {
  if (process.connected) process.send?.(message);
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? "{}") as LabOptions;
  const lab = await Lab.start({ ...options, progress: (progress) => tell({ progress }) });
  const stop = () => {
    void lab.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  tell({ ready: true });
  if (process.connected) process.disconnect();
}

// One machine's defect must not take the data centre down with all that runs in it.
process.on("uncaughtException", (error) => console.error(`lab: unexpected: ${error.stack}`));
process.on("unhandledRejection", (error) =>
  console.error(`lab: unexpected: ${(error as Error)?.stack ?? error}`),
);

main().catch((error: Error) => {
  console.error(error.stack);
  if (process.connected)
    process.send?.({ failed: error.message } satisfies DaemonMessage, () => process.exit(1));
  else process.exit(1);
});
