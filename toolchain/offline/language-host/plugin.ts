/** Runs source-based plugins: policy packs and providers. */
import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { type Child, locateModule, startNode, stopChild } from "./child";
import { parseOptions } from "./options";

/** Plugins under way. They end with their stream, or with this host; a Cancel of the engine is no reason to end one. */
export class PluginRunner {
  readonly #children = new Set<Child>();

  /**
   * Runs a plugin until it ends or the engine drops the stream. Copies RunPlugin of the official main.go: the order of arguments
   * and the working directory differ between a policy pack and everything else. There is no PolicyProxy: @pulumi/policy takes the
   * stack's configuration by its own ConfigureStack; only pulumi.getStack() and Config inside a policy are not served.
   */
  async run(call: ServerWritableStream<RunPluginRequest, RunPluginResponse>): Promise<void> {
    const request = call.request;
    const info = request.getInfo();
    const folder = info?.getProgramDirectory() ?? "";
    if (request.getAttachDebugger()) {
      throw new Error("the offline language host cannot attach a debugger to a plugin");
    }
    const options = parseOptions(info);
    const pack = request.getKind() === "analyzer";
    const module = pack ? "@pulumi/pulumi/cmd/run-policy-pack" : "@pulumi/pulumi/cmd/run-plugin";
    const script = locateModule(module, folder, `npm install in ${folder}`);
    const operands = pack ? [...request.getArgsList(), folder] : [folder, ...request.getArgsList()];
    const child = startNode([], [script, ...options.nodeargs, ...operands], {
      cwd: pack ? folder : request.getPwd(),
      env: {
        ...environment(request.getEnvList()),
        ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
        ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
      },
    });
    this.#children.add(child);
    call.on("cancelled", () => child.process.kill("SIGKILL"));
    child.stdout.on("data", (bytes: Buffer) => call.write(new RunPluginResponse().setStdout(bytes)));
    child.stderr.on("data", (bytes: Buffer) => call.write(new RunPluginResponse().setStderr(bytes)));
    try {
      const { code } = await child.ended;
      if (code !== 0 && !call.cancelled) throw new Error(`Program exited with non-zero exit code: ${code}`);
    } finally {
      this.#children.delete(child);
    }
  }

  /** Interrupts every plugin; fulfilled when all have ended. */
  async stop(): Promise<void> {
    await Promise.all([...this.#children].map(stopChild));
  }
}

function environment(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf("=", 1);
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
