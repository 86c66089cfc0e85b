/** Speaks to a plugin as the engine does, without an engine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import {
  type engineMessages,
  grpc,
  messages,
  ResourceProviderService,
  Status,
  Struct,
} from "../../../../toolchain/offline/plugins/shell/protocol";
import type { Values } from "../../../../toolchain/offline/plugins/shell/values";
import { pluginUnderTest } from "./stack";

const sdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));
const { Empty } = sdk("google-protobuf/google/protobuf/empty_pb.js");
const { EngineService } = sdk("./proto/engine_grpc_pb.js");

/** How long the plugin may take to say where it listens. */
const START_MS = 10_000;

/** What an operation failed with; with the resource's state, where it exists but is not ready. */
export class PluginError extends Error {
  constructor(
    message: string,
    readonly partial?: { id: string; properties: Values; reasons: string[] },
  ) {
    super(message);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the shipped messages have no common type.
type Message = any;

/** A running plugin. */
export class PluginClient {
  /** Messages for the person at the terminal. */
  logged: string[] = [];
  readonly #process: ChildProcess;
  readonly #engine: InstanceType<typeof grpc.Server>;
  readonly #client: Record<
    string,
    (request: Message, done: (error: Message, response: Message) => void) => void
  >;

  private constructor(process: ChildProcess, engine: InstanceType<typeof grpc.Server>, port: string) {
    this.#process = process;
    this.#engine = engine;
    const Client = grpc.makeGenericClientConstructor(ResourceProviderService, "ResourceProvider");
    this.#client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure()) as Message;
  }

  /** Starts a plugin and configures it. */
  static async start(
    name: string,
    { config = {}, parameter, env }: { config?: Values; parameter?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<PluginClient> {
    const logged: string[] = [];
    const engine = new grpc.Server();
    engine.addService(EngineService, {
      log: (call: Message, done: (error: null, response: Message) => void) => {
        logged.push((call.request as InstanceType<typeof engineMessages.LogRequest>).getMessage());
        done(null, new Empty());
      },
    });
    const enginePort = await new Promise<number>((resolve, reject) =>
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    const child = spawn(pluginUnderTest(name).executable, [`127.0.0.1:${enginePort}`], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    const lines = createInterface({ input: child.stdout });
    const [port] = await once(lines, "line", { signal: AbortSignal.timeout(START_MS) });
    const client = new PluginClient(child, engine, port);
    client.logged = logged;
    const handshake = new messages.ProviderHandshakeRequest();
    handshake.setEngineAddress(`127.0.0.1:${enginePort}`);
    await client.#call("handshake", handshake);
    if (parameter !== undefined) await client.parameterize(parameter);
    const configure = new messages.ConfigureRequest();
    configure.setAcceptsecrets(true);
    configure.setArgs(struct(config));
    for (const [key, value] of Object.entries(config)) {
      configure
        .getVariablesMap()
        .set(`${name}:config:${key}`, typeof value === "string" ? value : JSON.stringify(value));
    }
    await client.#call("configure", configure);
    return client;
  }

  /** Makes the plugin another package. */
  async parameterize(value: string): Promise<{ name: string; version: string }> {
    const request = new messages.ParameterizeRequest();
    const parameters = new messages.ParameterizeRequest.ParametersValue();
    parameters.setValue(Buffer.from(value));
    request.setValue(parameters);
    const response = await this.#call("parameterize", request);
    return { name: response.getName(), version: response.getVersion() };
  }

  /** Diff of the plugin's configuration. */
  async diffConfig(olds: Values, news: Values): Promise<{ changed: boolean; replaces: string[] }> {
    const request = new messages.DiffRequest();
    request.setUrn("urn:pulumi:test::plugins::pulumi:providers:plugin::plugin");
    for (const set of [request.setOlds, request.setOldInputs]) set.call(request, struct(olds));
    request.setNews(struct(news));
    const response = await this.#call("diffConfig", request);
    return {
      changed: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
      replaces: response.getReplacesList(),
    };
  }

  /** Check. */
  async check(urn: string, news: Values, olds: Values = {}): Promise<{ inputs: Values; failures: string[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setRandomseed(Buffer.alloc(32, 7));
    const response = await this.#call("check", request);
    const failures = response.getFailuresList().map((f: Message) => `${f.getProperty()}: ${f.getReason()}`);
    return { inputs: values(response.getInputs()), failures };
  }

  /** Diff: property path -> kind of change. */
  async diff(
    urn: string,
    { id, olds, oldInputs, news }: { id: string; olds: Values; oldInputs: Values; news: Values },
  ): Promise<{ changes: Record<string, string>; deleteBeforeReplace: boolean }> {
    const request = new messages.DiffRequest();
    request.setId(id);
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setOldInputs(struct(oldInputs));
    request.setNews(struct(news));
    const response = await this.#call("diff", request);
    const names = Object.entries(messages.PropertyDiff.Kind);
    const changes: Record<string, string> = {};
    for (const [path, change] of response.getDetaileddiffMap().entries()) {
      changes[path] = names.find(([, kind]) => kind === change.getKind())?.[0] ?? "";
    }
    return { changes, deleteBeforeReplace: response.getDeletebeforereplace() };
  }

  /** Create. */
  async create(
    urn: string,
    inputs: Values,
    { preview = false, timeout = 0 } = {},
  ): Promise<{ id: string; properties: Values }> {
    const request = new messages.CreateRequest();
    request.setUrn(urn);
    request.setProperties(struct(inputs));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response = await this.#call("create", request);
    return { id: response.getId(), properties: values(response.getProperties()) };
  }

  /** Read; undefined where the resource is gone. */
  async read(
    urn: string,
    id: string,
    { properties, inputs }: { properties?: Values; inputs?: Values } = {},
  ): Promise<{ id: string; properties: Values; inputs: Values } | undefined> {
    const request = new messages.ReadRequest();
    request.setUrn(urn);
    request.setId(id);
    if (properties) request.setProperties(struct(properties));
    if (inputs) request.setInputs(struct(inputs));
    const response = await this.#call("read", request);
    if (response.getId() === "") return undefined;
    return {
      id: response.getId(),
      properties: values(response.getProperties()),
      inputs: values(response.getInputs()),
    };
  }

  /** Update. */
  async update(
    urn: string,
    { id, olds, oldInputs, news }: { id: string; olds: Values; oldInputs: Values; news: Values },
    { preview = false, timeout = 0 } = {},
  ): Promise<Values> {
    const request = new messages.UpdateRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setOlds(struct(olds));
    request.setOldInputs(struct(oldInputs));
    request.setNews(struct(news));
    request.setPreview(preview);
    request.setTimeout(timeout);
    return values((await this.#call("update", request)).getProperties());
  }

  /** Delete. */
  async delete(
    urn: string,
    id: string,
    properties: Values,
    { timeout = 0, oldInputs = {} } = {},
  ): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setProperties(struct(properties));
    request.setOldInputs(struct(oldInputs));
    request.setTimeout(timeout);
    await this.#call("delete", request);
  }

  /** Cancels what runs. */
  async cancel(): Promise<void> {
    await this.#call("cancel", new Empty());
  }

  /** Ends the plugin as the engine does. */
  async stop(): Promise<void> {
    (this.#client as Message).close();
    this.#engine.forceShutdown();
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGINT");
    await ended;
  }

  #call(method: string, request: Message): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#client[method]?.(request, (error, response) =>
        error ? reject(readError(error)) : resolve(response),
      );
    });
  }
}

function readError(error: { details: string; metadata: import("@grpc/grpc-js").Metadata }): PluginError {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const [detail] = bytes ? Status.deserializeBinary(Buffer.from(bytes as Buffer)).getDetailsList() : [];
  if (!detail) return new PluginError(error.details);
  const failure = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return new PluginError(error.details, {
    id: failure.getId(),
    properties: values(failure.getProperties()),
    reasons: failure.getReasonsList(),
  });
}

function struct(properties: Values) {
  return Struct.fromJavaScript(properties as Message);
}

function values(properties: { toJavaScript(): object } | undefined): Values {
  return (properties?.toJavaScript() ?? {}) as Values;
}
