/** Runs a Pulumi program. */
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { type Child, locateModule, startNode, stopChild } from "./child";
import { parseOptions } from "./options";

/** The SDK's exit code for "the error was already shown" (@pulumi/pulumi cmd/run/index.ts). */
const ALREADY_SHOWN = 32;

/** How a program ended: as RunResponse of language.proto. */
export interface Outcome {
  readonly error: string;
  readonly bail: boolean;
}

/** The running program, if any, and whether the engine has called everything off. */
export class ProgramRunner {
  #child: Child | undefined;
  #cancelled = false;

  constructor(private readonly engineAddress: () => string) {}

  /** Runs the program to its end. Copies Run and execRuntime of the official main.go, without the detour by a monitor proxy. */
  async run(request: RunRequest): Promise<Outcome> {
    if (this.#cancelled) return failed("the run was cancelled");
    if (request.getAttachDebugger()) {
      return failed(
        "the offline language host cannot attach a debugger; set nodeargs: --inspect-brk in Pulumi.yaml",
      );
    }
    const info = request.getInfo();
    const folder = info?.getProgramDirectory() ?? "";
    let child: Child;
    try {
      const options = parseOptions(info);
      const script = locateModule("@pulumi/pulumi/cmd/run", folder, "pulumi install");
      child = startNode(options.nodeargs, [script, ...this.#arguments(request)], {
        cwd: process.cwd(),
        env: {
          ...process.env,
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
          ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
          ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
        },
      });
    } catch (error) {
      return failed((error as Error).message);
    }
    this.#child = child;
    child.stdout.pipe(process.stdout, { end: false });
    child.stderr.pipe(process.stderr, { end: false });
    try {
      return outcome(await child.ended);
    } catch (error) {
      return failed(
        `Problem executing program (could not run language executor): ${(error as Error).message}`,
      );
    } finally {
      this.#child = undefined;
    }
  }

  /** Interrupts the program, and only the program: providers hosted for the engine may have work in flight. */
  cancel(): void {
    this.#cancelled = true;
    void this.stop();
  }

  /** Interrupts the program, if one is running; fulfilled when it has ended. */
  async stop(): Promise<void> {
    if (this.#child) await stopChild(this.#child);
  }

  /**
   * The command line of @pulumi/pulumi/cmd/run. Copies constructArguments of the official main.go; there is no --sync, which
   * served synchronous invokes of SDKs long gone, and --monitor is the engine's own address.
   */
  #arguments(request: RunRequest): string[] {
    const info = request.getInfo();
    const given: [string, string | undefined][] = [
      ["monitor", request.getMonitorAddress()],
      ["engine", this.engineAddress()],
      ["organization", request.getOrganization()],
      ["project", request.getProject()],
      ["root-directory", info?.getRootDirectory()],
      ["stack", request.getStack()],
      ["pwd", info?.getProgramDirectory()],
      ["parallel", String(request.getParallel())],
    ];
    return [
      ...given.flatMap(([name, value]) => (value ? [`--${name}`, value] : [])),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() ?? ".",
      ...request.getArgsList(),
    ];
  }
}

function failed(error: string): Outcome {
  return { error, bail: false };
}

function outcome({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): Outcome {
  if (code === 0) return { error: "", bail: false };
  if (code === ALREADY_SHOWN) return { error: "", bail: true };
  return failed(
    code === null ? `Program was ended by ${signal}` : `Program exited with non-zero exit code: ${code}`,
  );
}
