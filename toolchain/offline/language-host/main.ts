/**
 * A Node.js language host that stands in for the official pulumi-language-nodejs, which is no Go module and so cannot be had where
 * only package registries are reachable. Started by the engine as `pulumi-language-nodejs [flags] <engine address>`; says the port
 * it listens on as its first line. Official source: pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go.
 */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { version } from "@pulumi/pulumi/version";
import { languageHost } from "./service";

/** The SDK's own limit (@pulumi/pulumi runtime/rpc.ts, maxRPCMessageSize). */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** What was started gets this long to end by itself. */
const END_WITHIN_MS = 6_000;
const LAST_WORDS_MS = 20;

/** The engine's address is the last argument and the only one that is no flag; `--tracing` alone takes a value. */
function engineAddress(args: readonly string[]): string | undefined {
  return args.filter((arg, at) => !arg.startsWith("-") && args[at - 1] !== "--tracing").at(-1);
}

function main(args: readonly string[]): void {
  if (args.includes("-version") || args.includes("--version")) {
    process.stdout.write(`v${version}\n`);
    return;
  }
  const engine = engineAddress(args);
  const host = languageHost(version, engine);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(LanguageRuntimeService, host.service);

  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), END_WITHIN_MS);
    // The engine keeps its connection open, so the server's own end is not waited for; what it has to say goes out first.
    host.stopAll().then(() => setTimeout(() => process.exit(0), LAST_WORDS_MS));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  if (engine) {
    // The engine holds this pipe open for as long as it lives; it says nothing on it.
    process.stdin.resume();
    process.stdin.on("end", end);
    process.stdin.on("error", end);
  }

  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`could not start language host RPC server: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}

main(process.argv.slice(2));
