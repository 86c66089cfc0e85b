/** Serves a plugin to the engine over gRPC. */
import type * as grpcTypes from "@grpc/grpc-js";
import { difference } from "./difference";
import { type Difference, InitializationFailed, type Operation, type Plugin, type Severity } from "./plugin";
import {
  Any,
  Empty,
  EngineClient,
  engineMessages,
  grpc,
  messages,
  PluginInfo,
  ResourceProviderService,
  Status,
  Struct,
} from "./protocol";
import type { Values } from "./values";

const UNLIMITED = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const SEVERITY = { status: 1, info: 1, warning: 2, error: 3 } as const;
const CHANGE = {
  add: 0,
  "add-replace": 1,
  delete: 2,
  "delete-replace": 3,
  update: 4,
  "update-replace": 5,
} as const;

/** Serves until the engine is done: prints the port first, as the engine expects, and ends with the engine. */
export function serve(plugin: Plugin): void {
  const engineAddress = process.argv.slice(2).find((arg) => !arg.startsWith("-"));
  const engine =
    engineAddress && new EngineClient(engineAddress, grpc.credentials.createInsecure(), UNLIMITED);
  const stop = new AbortController();

  const log = (urn: string, severity: Severity, message: string): void => {
    if (!engine) return;
    const request = new engineMessages.LogRequest();
    request.setUrn(urn);
    request.setSeverity(SEVERITY[severity]);
    request.setEphemeral(severity === "status");
    request.setMessage(message);
    engine.log(request, () => {});
  };

  const server = new grpc.Server(UNLIMITED);
  server.addService(ResourceProviderService, handlers(plugin, stop, log));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
  // The engine keeps our standard input open; its end is the only sign that the engine has died.
  process.stdin.on("end", () => process.exit(1)).resume();
  process.stdout.on("error", () => {});
}

// biome-ignore lint/suspicious/noExplicitAny: the shipped messages have no common type; each handler knows its own.
type Request = any;
type Handler = (request: Request) => unknown;

function handlers(
  plugin: Plugin,
  stop: AbortController,
  log: (urn: string, severity: Severity, message: string) => void,
): grpcTypes.UntypedServiceImplementation {
  const operation = (request: Request): Operation => {
    const [type, name] = typeAndName(request.getUrn());
    return {
      urn: request.getUrn(),
      type,
      name,
      signal: stop.signal,
      log: (severity, message) => log(request.getUrn(), severity, message),
    };
  };
  const methods: Record<string, Handler> = {
    handshake: () => {
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    },
    getPluginInfo: () => {
      const info = new PluginInfo();
      info.setVersion(plugin.version);
      return info;
    },
    getSchema: () => {
      const response = new messages.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    },
    parameterize: (request) => {
      if (!plugin.parameterize || !request.hasValue()) {
        throw new Error(
          `This stand-in of the plugin ${plugin.name} cannot generate packages. Run \`pulumi package add\` where the official plugin can be downloaded.`,
        );
      }
      const made = plugin.parameterize(Buffer.from(request.getValue().getValue_asU8()).toString());
      const response = new messages.ParameterizeResponse();
      response.setName(made.name);
      response.setVersion(made.version);
      return response;
    },
    checkConfig: (request) => {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    },
    diffConfig: async (request) => {
      // The engine's own entry: for a parameterised package it is the package's version at first, and the plugin's from
      // then on (resource/deploy/source_eval.go RegisterResource), which changes nothing.
      const { version: _old, ...olds } = values(request.getOldInputs() ?? request.getOlds());
      const { version: _new, ...news } = values(request.getNews());
      return diffResponse((await plugin.diffConfig?.({ olds, news })) ?? { changes: difference(olds, news) });
    },
    configure: async (request) => {
      await plugin.configure(values(request.getArgs()));
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    },
    check: async (request) => {
      const { inputs, failures = [] } = await plugin.check({
        ...operation(request),
        olds: values(request.getOlds()),
        news: values(request.getNews()),
        randomSeed: Buffer.from(request.getRandomseed_asU8()),
      });
      const response = new messages.CheckResponse();
      response.setInputs(struct(inputs));
      for (const { property, reason } of failures) {
        const failure = new messages.CheckFailure();
        failure.setProperty(property);
        failure.setReason(reason);
        response.addFailures(failure);
      }
      return response;
    },
    diff: async (request) => {
      const found = await plugin.diff({
        ...operation(request),
        id: request.getId(),
        olds: values(request.getOlds()),
        oldInputs: values(request.getOldInputs()),
        news: values(request.getNews()),
      });
      const ignored: string[] = request.getIgnorechangesList();
      const changes = Object.entries(found.changes).filter(
        ([path]) => !ignored.some((i) => path === i || path.startsWith(`${i}.`) || path.startsWith(`${i}[`)),
      );
      return diffResponse({ ...found, changes: Object.fromEntries(changes) });
    },
    create: async (request) => {
      const { id, properties } = await plugin.create({
        ...operation(request),
        inputs: values(request.getProperties()),
        timeout: request.getTimeout(),
        preview: request.getPreview(),
      });
      const response = new messages.CreateResponse();
      response.setId(id);
      response.setProperties(struct(properties));
      return response;
    },
    read: async (request) => {
      const found = await plugin.read({
        ...operation(request),
        id: request.getId(),
        properties: values(request.getProperties()),
        inputs: values(request.getInputs()),
      });
      const response = new messages.ReadResponse();
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(struct(found.properties));
      response.setInputs(struct(found.inputs));
      return response;
    },
    update: async (request) => {
      const properties = await plugin.update({
        ...operation(request),
        id: request.getId(),
        olds: values(request.getOlds()),
        news: values(request.getNews()),
        timeout: request.getTimeout(),
        preview: request.getPreview(),
      });
      const response = new messages.UpdateResponse();
      response.setProperties(struct(properties));
      return response;
    },
    delete: async (request) => {
      await plugin.delete({
        ...operation(request),
        id: request.getId(),
        properties: values(request.getProperties()),
        timeout: request.getTimeout(),
      });
      return new Empty();
    },
    cancel: () => {
      // Also sent at every normal end, when nothing runs any more.
      stop.abort(new Error("The operation was cancelled."));
      return new Empty();
    },
  };
  return Object.fromEntries(Object.entries(methods).map(([name, handler]) => [name, unary(handler)]));
}

function unary(handler: Handler): grpcTypes.handleUnaryCall<unknown, unknown> {
  return async (call, done) => {
    try {
      done(null, await handler(call.request));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const metadata = new grpc.Metadata();
      if (error instanceof InitializationFailed) metadata.add("grpc-status-details-bin", details(error));
      done({ code: grpc.status.UNKNOWN, message, details: message, metadata });
    }
  };
}

/** The engine recognises a resource that exists without being ready by this detail of the error. */
function details(error: InitializationFailed): Buffer {
  const failure = new messages.ErrorResourceInitFailed();
  failure.setId(error.id);
  failure.setProperties(struct(error.properties));
  failure.setReasonsList([error.message]);
  const any = new Any();
  any.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(any);
  return Buffer.from(status.serializeBinary());
}

function diffResponse({ changes, deleteBeforeReplace }: Difference): unknown {
  const response = new messages.DiffResponse();
  const paths = Object.entries(changes);
  response.setChanges(paths.length > 0 ? 2 : 1);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(deleteBeforeReplace ?? false);
  for (const [path, kind] of paths) {
    const change = new messages.PropertyDiff();
    change.setKind(CHANGE[kind]);
    response.getDetaileddiffMap().set(path, change);
    if (kind.endsWith("-replace")) response.addReplaces(path);
  }
  return response;
}

function values(properties: { toJavaScript(): object } | undefined): Values {
  return (properties?.toJavaScript() ?? {}) as Values;
}

function struct(properties: Values) {
  return Struct.fromJavaScript(properties as Parameters<typeof Struct.fromJavaScript>[0]);
}

/** Type and name of a resource from `urn:pulumi:stack::project::parentType$type::name`. */
function typeAndName(urn: string): [type: string, name: string] {
  const [, , types = "", ...name] = urn.split("::");
  return [types.split("$").at(-1) ?? "", name.join("::")];
}
