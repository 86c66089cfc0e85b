import { type ChildProcess, spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { toolchainPaths } from "../../toolchain/toolchain";

export const repository = join(__dirname, "..", "..");

/** How a pulumi command ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A throwaway Pulumi project with a backend and a PULUMI_HOME of its own, run by the real engine of this clone. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "pulumi-project-"));
  readonly env: NodeJS.ProcessEnv;

  constructor(
    options: Record<string, unknown> = { typescript: false },
    bin = toolchainPaths(repository).bin,
  ) {
    const state = join(this.folder, "state");
    mkdirSync(state);
    this.env = {
      ...process.env,
      PATH: [bin, process.env.PATH].join(delimiter),
      PULUMI_HOME: join(this.folder, "home"),
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    this.write("Pulumi.yaml", JSON.stringify({ name: "probe", runtime: { name: "nodejs", options } }));
    this.write("package.json", JSON.stringify({ name: "probe", version: "1.0.0", main: "index.js" }));
    this.link("@pulumi/pulumi");
  }

  /** Writes a file of the project. */
  write(path: string, text: string): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** Makes one of this repository's packages a package of the project, or of a folder in it. */
  link(name: string, inFolder = "."): void {
    const target = join(this.folder, inFolder, "node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), target);
  }

  /** Starts a pulumi command. */
  start(...args: string[]): { process: ChildProcess; ended: Promise<Ended> } {
    const child = spawn("pulumi", ["--non-interactive", "--color", "never", ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
    return { process: child, ended };
  }

  /** Runs a pulumi command to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Runs a pulumi command that has to succeed and returns its standard output. */
  async succeed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Stack outputs as JSON, secrets in clear. */
  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.succeed("stack", "output", "--json", "--show-secrets"));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A process as /proc shows it. */
export interface ProcessSeen {
  pid: number;
  command: string;
  environment: string;
}

/** Every process whose command line or working folder lies in a folder. */
export function processesOf(folder: string): ProcessSeen[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: read(name, "cmdline"),
      environment: read(name, "environ"),
    }))
    .filter(({ command, environment }) => command.includes(folder) || environment.includes(folder));
}

/** Asks again and again until the answer is there, or the deadline is over. */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
