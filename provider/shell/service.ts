/** The provider service: one method for each call of the engine, translated to and from the plain interface of a resource. */
import type { handleUnaryCall, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb";
import type { Struct as StructMessage } from "google-protobuf/google/protobuf/struct_pb.js";
import type { EngineLog } from "./engine-log";
import { explain } from "./errors";
import type { Operations } from "./operations";
import { isWithin, type Path, parsePath, valueAt, withValueAt } from "./paths";
import { Any, Empty, grpc, messages, plugin, Struct, status } from "./protocol";
import { InitialisationFailed, type Properties, type Resource, UserError } from "./resource";
import { secrets } from "./secrets";
import { type Received, receive, send, type Wire } from "./values";

/** What the service needs. */
export interface ServiceOptions {
  resources: readonly Resource[];
  /** The provider's version, without `v`. */
  version: string;
  operations: Operations;
  log: EngineLog;
}

const DEFAULT_TIMEOUT_SECONDS = 300;

/** Check and Diff look at facts of a living site, too, but must not hold up a preview for long. */
const LOOK_TIMEOUT_SECONDS = 120;

/** Config keys that the engine itself adds to every provider. */
const ENGINE_KEYS = new Set(["version", "pluginDownloadURL"]);

/** Builds the service. */
export function providerService(options: ServiceOptions): UntypedServiceImplementation {
  const { resources, version, operations, log } = options;
  const byToken = new Map(resources.map((r) => [r.token, r]));

  const resourceOf = (urn: string, type: string): Resource => {
    const token = type || urn.split("::")[2]?.split("$").at(-1) || "";
    const resource = byToken.get(token);
    if (resource) return resource;
    throw new UserError(
      `The metal provider has no resource type ${token}. It has ${[...byToken.keys()].join(", ")}.`,
    );
  };
  const timeoutOf = (request: { getTimeout(): number }, resource: Resource) =>
    request.getTimeout() || resource.defaultTimeoutSeconds || DEFAULT_TIMEOUT_SECONDS;
  const outputsOf = (resource: Resource, outputs: Properties, secretPaths: readonly Path[]) =>
    struct(
      send(outputs, {
        secretPaths: [...secretPaths, ...(resource.secretOutputs ?? []).map((name) => [name])],
      }),
    );
  /** Runs what may end half-way; the engine then keeps the resource, and its secrets stay secrets. */
  const keepingPartial = async <T>(
    resource: Resource,
    known: Received,
    work: () => Promise<T>,
    read = false,
  ) => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof InitialisationFailed)) throw error;
      throw new PartialFailure(
        error,
        outputsOf(resource, error.outputs, known.secretPaths),
        read ? struct(send(known.properties, { secretPaths: known.secretPaths })) : undefined,
      );
    }
  };

  const calls = {
    async handshake(request: pb.ProviderHandshakeRequest) {
      log.connect(request.getEngineAddress());
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(false);
      response.setAcceptOutputs(false);
      return response;
    },

    async attach(request: import("@pulumi/pulumi/proto/plugin_pb").PluginAttach) {
      log.connect(request.getAddress());
      return new Empty();
    },

    async getPluginInfo() {
      const info = new plugin.PluginInfo();
      info.setVersion(version);
      return info;
    },

    async getSchema() {
      const response = new messages.GetSchemaResponse();
      const tokens = Object.fromEntries(resources.map((r) => [r.token, {}]));
      response.setSchema(JSON.stringify({ name: "metal", version, resources: tokens }));
      return response;
    },

    async checkConfig(request: pb.CheckRequest) {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      const unknown = Object.keys(plain(request.getNews())).filter((key) => !ENGINE_KEYS.has(key));
      response.setFailuresList(
        unknown.map((key) =>
          failure(key, "the metal provider takes no configuration; every resource carries its own"),
        ),
      );
      return response;
    },

    async diffConfig() {
      const response = new messages.DiffResponse();
      response.setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE);
      return response;
    },

    async configure() {
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(false);
      response.setAcceptoutputs(false);
      return response;
    },

    async check(request: pb.CheckRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const olds = receive(plain(request.getOlds())).properties;
      const news = receive(plain(request.getNews()));
      const { inputs, failures } = await operations.run(
        { verb: "check", urn: request.getUrn(), preview: true, timeoutSeconds: LOOK_TIMEOUT_SECONDS },
        (ctx) =>
          resource.check(ctx, {
            olds: Object.keys(olds).length === 0 ? undefined : olds,
            news: news.properties,
          }),
      );
      const response = new messages.CheckResponse();
      response.setInputs(struct(send(inputs, { secretPaths: news.secretPaths })));
      response.setFailuresList(failures.map((f) => failure(f.property, f.reason)));
      return response;
    },

    async diff(request: pb.DiffRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const oldInputs = receive(plain(request.getOldInputs())).properties;
      const oldOutputs = receive(plain(request.getOlds())).properties;
      const ignored = request.getIgnorechangesList().map(parsePath);
      const news = ignoring(ignored, oldInputs, receive(plain(request.getNews())).properties);
      const { changes } = await operations.run(
        { verb: "diff", urn: request.getUrn(), preview: true, timeoutSeconds: LOOK_TIMEOUT_SECONDS },
        (ctx) => resource.diff(ctx, { id: request.getId(), oldInputs, oldOutputs, news }),
      );
      const shown = changes.filter((c) => !ignored.some((path) => isWithin(parsePath(c.path), path)));
      const response = new messages.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
      response.setChanges(shown.length === 0 ? DIFF_NONE : DIFF_SOME);
      response.setDiffsList([...new Set(shown.map((c) => String(parsePath(c.path)[0])))]);
      response.setHasdetaileddiff(true);
      for (const change of shown) {
        const detail = new messages.PropertyDiff();
        detail.setKind(KIND[change.kind]);
        detail.setInputdiff(change.inputDiff ?? true);
        response.getDetaileddiffMap().set(change.path, detail);
      }
      return response;
    },

    async create(request: pb.CreateRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const inputs = receive(plain(request.getProperties()));
      const { id, outputs } = await keepingPartial(resource, inputs, () =>
        operations.run(
          {
            verb: "create",
            urn: request.getUrn(),
            preview: request.getPreview(),
            timeoutSeconds: timeoutOf(request, resource),
          },
          (ctx) => resource.create(ctx, inputs.properties),
        ),
      );
      const response = new messages.CreateResponse();
      response.setId(id);
      response.setProperties(outputsOf(resource, outputs, inputs.secretPaths));
      return response;
    },

    async read(request: pb.ReadRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const inputs = receive(plain(request.getInputs()));
      const outputs = receive(plain(request.getProperties()));
      const result = await keepingPartial(
        resource,
        inputs,
        () =>
          operations.run(
            {
              verb: "read",
              urn: request.getUrn(),
              preview: false,
              timeoutSeconds: resource.defaultTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
            },
            (ctx) =>
              resource.read(ctx, {
                id: request.getId(),
                inputs: Object.keys(inputs.properties).length === 0 ? undefined : inputs.properties,
                outputs: Object.keys(outputs.properties).length === 0 ? undefined : outputs.properties,
              }),
          ),
        true,
      );
      const response = new messages.ReadResponse();
      if (result === undefined) return response;
      response.setId(result.id);
      response.setInputs(struct(send(result.inputs, { secretPaths: inputs.secretPaths })));
      response.setProperties(
        outputsOf(resource, result.outputs, [...inputs.secretPaths, ...outputs.secretPaths]),
      );
      return response;
    },

    async update(request: pb.UpdateRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const oldInputs = receive(plain(request.getOldInputs())).properties;
      const oldOutputs = receive(plain(request.getOlds())).properties;
      const news = receive(plain(request.getNews()));
      const { outputs } = await keepingPartial(resource, news, () =>
        operations.run(
          {
            verb: "update",
            urn: request.getUrn(),
            preview: request.getPreview(),
            timeoutSeconds: timeoutOf(request, resource),
          },
          (ctx) =>
            resource.update(ctx, { id: request.getId(), oldInputs, oldOutputs, news: news.properties }),
        ),
      );
      const response = new messages.UpdateResponse();
      response.setProperties(outputsOf(resource, outputs, news.secretPaths));
      return response;
    },

    async delete(request: pb.DeleteRequest) {
      const resource = resourceOf(request.getUrn(), request.getType());
      const oldInputs = receive(plain(request.getOldInputs())).properties;
      const oldOutputs = receive(plain(request.getProperties())).properties;
      await operations.run(
        {
          verb: "delete",
          urn: request.getUrn(),
          preview: false,
          timeoutSeconds: timeoutOf(request, resource),
        },
        (ctx) => resource.delete(ctx, { id: request.getId(), oldInputs, oldOutputs }),
      );
      return new Empty();
    },

    /** Comes at Ctrl-C, but also at the normal end of every run; then nothing is in flight that it could stop. */
    async cancel() {
      operations.stop("The operation was cancelled.");
      return new Empty();
    },
  };

  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, unary(call as (request: never) => Promise<unknown>)]),
  );
}

const KIND = {
  add: 0,
  delete: 2,
  update: 4,
} as const satisfies Record<string, pb.PropertyDiff.Kind>;

function unary(call: (request: never) => Promise<unknown>): handleUnaryCall<unknown, unknown> {
  return ({ request }: ServerUnaryCall<unknown, unknown>, done) => {
    call(request as never).then(
      (response) => done(null, response),
      (error) => done(serviceError(error)),
    );
  };
}

/** A partial failure whose outputs are ready for the wire. */
class PartialFailure {
  constructor(
    readonly cause: InitialisationFailed,
    readonly outputs: StructMessage,
    readonly inputs: StructMessage | undefined,
  ) {}
}

/** The gRPC error for whatever was thrown. */
function serviceError(error: unknown): import("@grpc/grpc-js").ServiceError {
  const partial = error instanceof PartialFailure ? error : undefined;
  const message = secrets.scrub(explain(partial?.cause ?? error));
  const metadata = new grpc.Metadata();
  if (partial) {
    const detail = new messages.ErrorResourceInitFailed();
    detail.setId(partial.cause.id);
    detail.setProperties(partial.outputs);
    detail.setInputs(partial.inputs);
    detail.setReasonsList(partial.cause.reasons.map((reason) => secrets.scrub(reason)));
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const rich = new status.Status();
    rich.setCode(grpc.status.UNKNOWN);
    rich.setMessage(message);
    rich.addDetails(any);
    metadata.set("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  }
  return Object.assign(new Error(message), { code: grpc.status.UNKNOWN, details: message, metadata });
}

/** The property is named in the reason alone: the engine prints the value of the one that it is told, which may hold a password. */
function failure(property: string, reason: string): pb.CheckFailure {
  const result = new messages.CheckFailure();
  result.setReason(secrets.scrub(`${property}: ${reason}`));
  return result;
}

function ignoring(ignored: readonly Path[], olds: Properties, news: Properties): Properties {
  return ignored
    .filter((path) => !path.includes("*"))
    .reduce((result, path) => withValueAt(result, path, valueAt(olds, path)), news);
}

function plain(message: StructMessage | undefined): Record<string, Wire> {
  return (message?.toJavaScript() ?? {}) as Record<string, Wire>;
}

function struct(wire: Record<string, Wire>): StructMessage {
  return Struct.fromJavaScript(wire as never);
}
