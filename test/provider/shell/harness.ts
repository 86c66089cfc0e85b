/** Stands in for the engine: starts a provider process, calls it over gRPC, and receives what it logs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type engine, grpc, messages, Struct } from "../../../provider/shell/protocol";

const fromSdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));
const { ResourceProviderClient } = fromSdk("./proto/provider_grpc_pb.js");
const { EngineService } = fromSdk("./proto/engine_grpc_pb.js");
const { Empty } = fromSdk("google-protobuf/google/protobuf/empty_pb.js");

export const URN = "urn:pulumi:lab::harvester-stack::harvester:index:Cluster$metal:index:Probe::n1";
export const UNKNOWN_ON_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A secret as the engine sends it. */
export const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

export interface LogRow {
  severity: number;
  message: string;
  urn: string;
  ephemeral: boolean;
}

/** A failed call. */
export interface CallError extends Error {
  details: string;
  metadata: import("@grpc/grpc-js").Metadata;
}

/** A provider process under an engine of our own. */
export class Harness {
  readonly logs: LogRow[] = [];
  output = "";

  private constructor(
    readonly process: ChildProcess,
    private readonly engineServer: import("@grpc/grpc-js").Server,
    // biome-ignore lint/suspicious/noExplicitAny: the generated client has a method for each call
    readonly client: any,
    /** Milliseconds from the start to the port. */
    readonly startedIn: number,
  ) {}

  /** Starts a provider; by default the probe. */
  static async start(command?: string[], env: NodeJS.ProcessEnv = {}): Promise<Harness> {
    const logs: LogRow[] = [];
    const server = new grpc.Server();
    server.addService(EngineService, {
      log: (
        call: { request: InstanceType<typeof engine.LogRequest> },
        done: (e: null, r: unknown) => void,
      ) => {
        const r = call.request;
        logs.push({
          severity: r.getSeverity(),
          message: r.getMessage(),
          urn: r.getUrn(),
          ephemeral: r.getEphemeral(),
        });
        done(null, new Empty());
      },
    });
    const enginePort = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (e, p) =>
        e ? reject(e) : resolve(p),
      ),
    );
    const begun = performance.now();
    const [program, ...args] = command ?? [
      process.execPath,
      "--require",
      "tsx/cjs",
      join(__dirname, "probe-provider.ts"),
    ];
    const child = spawn(program!, [...args, `127.0.0.1:${enginePort}`], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    let errors = "";
    child.stderr?.on("data", (d) => {
      errors += d;
    });
    const port = await new Promise<string>((resolve, reject) => {
      let text = "";
      child.stdout?.on("data", (d) => {
        text += d;
        if (text.includes("\n")) resolve(text.split("\n")[0]!);
      });
      child.once("exit", (code) => reject(new Error(`the provider ended with ${code}: ${errors}`)));
    });
    const startedIn = performance.now() - begun;
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const harness = new Harness(child, server, client, startedIn);
    harness.logs.push = logs.push.bind(logs);
    Object.defineProperty(harness, "logs", { value: logs });
    return harness;
  }

  /** Calls a method; rejects with a `CallError`. */
  // biome-ignore lint/suspicious/noExplicitAny: any message
  call(method: string, request: unknown): Promise<any> {
    return new Promise((resolve, reject) =>
      this.client[method](request, (e: CallError | null, r: unknown) => (e ? reject(e) : resolve(r))),
    );
  }

  async check(news: object, olds: object = {}) {
    const r = new messages.CheckRequest();
    r.setUrn(URN);
    r.setNews(Struct.fromJavaScript(news as never));
    r.setOlds(Struct.fromJavaScript(olds as never));
    const response = await this.call("check", r);
    return {
      inputs: response.getInputs().toJavaScript(),
      failures: response
        .getFailuresList()
        .map((f: InstanceType<typeof messages.CheckFailure>) => f.toObject()),
    };
  }

  async diff(oldInputs: object, news: object, ignore: string[] = []) {
    const r = new messages.DiffRequest();
    r.setUrn(URN);
    r.setId("probe-1");
    r.setOlds(Struct.fromJavaScript(oldInputs as never));
    r.setOldInputs(Struct.fromJavaScript(oldInputs as never));
    r.setNews(Struct.fromJavaScript(news as never));
    r.setIgnorechangesList(ignore);
    const response: InstanceType<typeof messages.DiffResponse> = await this.call("diff", r);
    return {
      changes: response.getChanges(),
      diffs: response.getDiffsList(),
      replaces: response.getReplacesList(),
      detailed: Object.fromEntries(
        response
          .getDetaileddiffMap()
          .toArray()
          .map(([k, v]) => [k, (v as unknown as { toObject(): object }).toObject?.() ?? v]),
      ),
    };
  }

  async create(inputs: object, { preview = false, timeout = 0 } = {}) {
    const r = new messages.CreateRequest();
    r.setUrn(URN);
    r.setProperties(Struct.fromJavaScript(inputs as never));
    r.setPreview(preview);
    r.setTimeout(timeout);
    const response = await this.call("create", r);
    return { id: response.getId(), outputs: response.getProperties().toJavaScript() };
  }

  async read(id: string, inputs?: object, outputs?: object) {
    const r = new messages.ReadRequest();
    r.setUrn(URN);
    r.setId(id);
    if (inputs) r.setInputs(Struct.fromJavaScript(inputs as never));
    if (outputs) r.setProperties(Struct.fromJavaScript(outputs as never));
    const response = await this.call("read", r);
    return {
      id: response.getId(),
      inputs: response.getInputs()?.toJavaScript(),
      outputs: response.getProperties()?.toJavaScript(),
    };
  }

  async delete(inputs: object) {
    const r = new messages.DeleteRequest();
    r.setUrn(URN);
    r.setId("probe-1");
    r.setOldInputs(Struct.fromJavaScript(inputs as never));
    r.setProperties(Struct.fromJavaScript(inputs as never));
    await this.call("delete", r);
  }

  cancel() {
    return this.call("cancel", new Empty());
  }

  /** Waits until the provider has logged something that matches. */
  async logged(pattern: RegExp): Promise<LogRow> {
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      const row = this.logs.find((l) => pattern.test(l.message));
      if (row) return row;
      await new Promise((r) => setTimeout(r, 10));
    }
    throw new Error(`nothing like ${pattern} was logged, only: ${JSON.stringify(this.logs)}`);
  }

  /** What the process ended with. */
  async exit(): Promise<number | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    const [code] = await once(this.process, "exit");
    return code as number | null;
  }

  async stop(): Promise<void> {
    this.client.close();
    this.engineServer.forceShutdown();
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGKILL");
      await once(this.process, "exit");
    }
  }
}
