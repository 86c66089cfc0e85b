/** The provider as a process: starts the server, tells the engine where, and ends when the engine does. */
import type { AddressInfo } from "node:net";
import { EngineLog } from "./engine-log";
import { explain } from "./errors";
import { Operations } from "./operations";
import { grpc, ResourceProviderService, UNLIMITED } from "./protocol";
import type { Resource } from "./resource";
import { providerService } from "./service";
import { shutdown } from "./shutdown";

/** How long operations may take to stop once the engine is gone. */
const STOP_MS = 3000;

/** How long closing may take. The engine kills a provider five seconds after it has asked it to end. */
const CLOSE_MS = 1500;

/** What to serve. */
export interface ServeOptions {
  resources: readonly Resource[];
  /** The provider's version, without `v`. */
  version: string;
  /** Command line after the script. Its last word is the engine's address. */
  argv: readonly string[];
}

/** Serves until the engine is done. */
export async function serve({ resources, version, argv }: ServeOptions): Promise<void> {
  const log = new EngineLog();
  const operations = new Operations(log);
  const engineAddress = argv.filter((arg) => !arg.startsWith("-")).at(-1);
  if (engineAddress !== undefined) log.connect(engineAddress);

  let ending = false;
  const end = async (reason: string, code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    operations.stop(reason);
    await operations.idle(STOP_MS);
    await shutdown(CLOSE_MS);
    process.exit(code);
  };
  // The engine holds our standard input open for as long as it lives, and by nothing else do we learn of its death.
  process.stdin.on("end", () => void end("The Pulumi engine has gone away.", 1));
  process.stdin.on("error", () => void end("The Pulumi engine has gone away.", 1));
  process.stdin.resume();
  process.on("SIGINT", () => void end("The operation was cancelled.", 0));
  process.on("SIGTERM", () => void end("The provider was asked to end.", 0));
  // Nobody reads what we print once the engine is dead; that must not be what ends us.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  // A mistake beside the operations (a callback, a forgotten promise) fails the run but must not cut an installation short.
  process.on("uncaughtException", (error) => log.send("error", "", explain(error)));
  process.on("unhandledRejection", (error) => log.send("error", "", explain(error)));

  const { port } = await listen({ resources, version, operations, log });
  process.stdout.write(`${port satisfies AddressInfo["port"]}\n`);
}

/** Listens for an engine on a free port of the loopback address. */
export async function listen(
  options: Parameters<typeof providerService>[0],
): Promise<{ port: number; close(): void }> {
  const server = new grpc.Server(UNLIMITED);
  server.addService(ResourceProviderService, providerService(options));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}
