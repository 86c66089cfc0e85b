/** The provider protocol as `@pulumi/pulumi` ships it, with the gRPC and protobuf libraries that those files use. */
import { createRequire } from "node:module";

const sdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

export const grpc: typeof import("@grpc/grpc-js") = sdk("@grpc/grpc-js");
export const messages: typeof import("@pulumi/pulumi/proto/provider_pb") = sdk("./proto/provider_pb.js");
export const engineMessages: typeof import("@pulumi/pulumi/proto/engine_pb") = sdk("./proto/engine_pb.js");
export const { PluginInfo }: typeof import("@pulumi/pulumi/proto/plugin_pb") = sdk("./proto/plugin_pb.js");
export const { Status }: typeof import("@pulumi/pulumi/proto/status_pb") = sdk("./proto/status_pb.js");
export const { EngineClient } = sdk(
  "./proto/engine_grpc_pb.js",
) as typeof import("@pulumi/pulumi/proto/engine_grpc_pb");
export const { ResourceProviderService } = sdk("./proto/provider_grpc_pb.js") as {
  ResourceProviderService: import("@grpc/grpc-js").ServiceDefinition;
};
export const { Any } = sdk(
  "google-protobuf/google/protobuf/any_pb.js",
) as typeof import("google-protobuf/google/protobuf/any_pb.js");
export const { Empty } = sdk(
  "google-protobuf/google/protobuf/empty_pb.js",
) as typeof import("google-protobuf/google/protobuf/empty_pb.js");
export const { Struct } = sdk(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb.js");
