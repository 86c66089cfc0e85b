/**
 * The engine's protocol as `@pulumi/pulumi` ships it. Loaded file by file - the SDK's own entry point would pull in
 * the whole runtime - and with the very gRPC and protobuf libraries that those files use.
 */
import { createRequire } from "node:module";

const fromSdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

/** gRPC itself. */
export const grpc: typeof import("@grpc/grpc-js") = fromSdk("@grpc/grpc-js");

/** Messages of the provider service. */
export const messages: typeof import("@pulumi/pulumi/proto/provider_pb") = fromSdk("./proto/provider_pb.js");

/** Definition of the provider service. */
export const { ResourceProviderService } = fromSdk("./proto/provider_grpc_pb.js") as {
  ResourceProviderService: import("@grpc/grpc-js").ServiceDefinition;
};

/** Messages of the plugin service. */
export const plugin: typeof import("@pulumi/pulumi/proto/plugin_pb") = fromSdk("./proto/plugin_pb.js");

/** Messages of the engine service. */
export const engine: typeof import("@pulumi/pulumi/proto/engine_pb") = fromSdk("./proto/engine_pb.js");

/** Client of the engine service. */
export const { EngineClient } = fromSdk("./proto/engine_grpc_pb.js") as {
  EngineClient: typeof import("@pulumi/pulumi/proto/engine_grpc_pb").EngineClient;
};

/** Google's structured error status. */
export const status: typeof import("@pulumi/pulumi/proto/status_pb") = fromSdk("./proto/status_pb.js");

/** Protobuf's `Any`. */
export const { Any } = fromSdk(
  "google-protobuf/google/protobuf/any_pb.js",
) as typeof import("google-protobuf/google/protobuf/any_pb.js");

/** Protobuf's `Empty`. */
export const { Empty } = fromSdk(
  "google-protobuf/google/protobuf/empty_pb.js",
) as typeof import("google-protobuf/google/protobuf/empty_pb.js");

/** Protobuf's `Struct`, which carries property values. */
export const { Struct } = fromSdk(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb.js");

/** A gRPC client limit high enough for any state. */
export const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
