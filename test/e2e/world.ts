/**
 * A data centre, a backend and an operator's files of a test's own, and the real `pulumi` run on them. The lab runs in the process of the
 * test, so that a test hears what happens in it at the very instant it happens.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { pulumiVariables } from "../../cli/environment";
import { findBinaries } from "../../lab/binaries";
import { Lab } from "../../lab/lab";
import { DEFAULT_DELAYS, type Delays } from "../../lab/machine/delays";
import { DEFAULT_NET, findFreeNet } from "../../lab/net";
import type { LedgerEntry } from "../../lab/types";
import { installedToolchain, toolchainPaths } from "../../toolchain/toolchain";
import { connectionsIn, forbidden, recordingConnections } from "./connections";
import { type BmcRequest, clusterWrites, isBmcWrite, readLines } from "./observe";

/** The clone that the tests are part of. */
export const REPOSITORY = join(__dirname, "../..");

/** The stack's name, in a backend of the world's own. */
const STACK = "lab";

/** Real time that any one run of pulumi gets; the longest, a provisioning of four nodes, takes about a minute. */
const RUN_DEADLINE_MS = 180_000;

/** How a run of pulumi ended. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
  /** Standard output and error. */
  output: string;
}

/** A run of pulumi under way. */
export interface Running {
  readonly pid: number;
  readonly done: Promise<Run>;
  /** Calls back, once, when it has said something that matches. */
  said(pattern: RegExp, then: () => void): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<Run>;
}

/** How a world is made. */
export interface WorldOptions {
  /** Lab seconds in a real one. @default 40 */
  speed?: number;
  /** Delays of the machines, in lab seconds. */
  delays?: Partial<Delays>;
  /** How many machines there are, which are as many first nodes of stack lab. @default 1 */
  nodes?: number;
}

/** How one run of pulumi differs from the others. */
export interface RunOptions {
  /** Project folder. @default this clone */
  project?: string;
  /** Stack. @default lab */
  stack?: string;
  /** Changes of the environment. */
  env?: Record<string, string>;
}

/** What must not change where nothing may be touched. */
export interface Snapshot {
  /** Requests of the BMCs that change something. */
  bmcWrites: number;
  /** Changes of the cluster that somebody outside asked for. */
  clusterWrites: number;
  /** Everything notable that happened in the data centre. */
  ledger: number;
}

// biome-ignore lint/suspicious/noExplicitAny: a stack file, into which tests write what no description may hold
export type Loose = any;

/** Verbs that read the stack file; the others only read the state. */
const WITH_CONFIG = new Set(["up", "preview", "destroy", "refresh", "watch"]);

/** Verbs that know no stack at all or are told it in another way. */
const WITHOUT_STACK = new Set(["version", "logout"]);

/** A world, with one machine unless more are asked for. */
export class World {
  readonly #listeners = new Set<(entry: LedgerEntry) => void>();
  readonly #watchers = new Set<(line: string) => void>();
  readonly #running = new Set<ChildProcess>();
  readonly #home: string;

  private constructor(
    readonly dir: string,
    readonly net: string,
    readonly lab: Lab,
  ) {
    this.#home = this.freshHome();
    const { ledger } = lab;
    const append = ledger.append.bind(ledger);
    ledger.append = (entry) => {
      append(entry);
      for (const listener of [...this.#listeners]) listener(entry);
    };
    const show = this.machine.console.bind(this.machine);
    this.machine.console = (line) => {
      show(line);
      for (const watcher of [...this.#watchers]) watcher(line);
    };
  }

  /** A new data centre with machines that are off and blank, and an empty stack whose file describes them. */
  static async start({ speed = 40, delays = {}, nodes = 1 }: WorldOptions = {}): Promise<World> {
    const dir = mkdtempSync(join(tmpdir(), "world-"));
    const net = await findFreeNet();
    const lab = await Lab.start({
      siteDir: join(dir, "site"),
      net,
      machines: nodes,
      speed,
      delays: { ...DEFAULT_DELAYS, ...delays },
      sampleEtcd: true,
      binaries: findBinaries(toolchainPaths(REPOSITORY).bin),
    });
    const world = new World(dir, net, lab);
    try {
      mkdirSync(join(dir, "backend"));
      writeFileSync(world.configFile, describedIn(net, world.siteDir, nodes));
      await world.must("stack", "init", "--no-select");
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Ends everything that was started, and removes every file. */
  async stop(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    await this.lab.stop();
    const strange = forbidden(this.connections(), this.net);
    rmSync(this.dir, { recursive: true, force: true });
    if (strange.length > 0) throw new Error(`the provider connected to ${strange.join(", ")}`);
  }

  get siteDir(): string {
    return this.lab.services.siteDir;
  }

  /** The first machine, which creates the cluster. */
  get machine() {
    return this.lab.machine("m1");
  }

  /** Addresses that the provider connected to; the world's end fails if it should not have. */
  connections(): string[] {
    return connectionsIn(join(this.dir, "connections.txt"));
  }

  /** The stack file that pulumi is given. */
  get configFile(): string {
    return join(this.dir, "stack.yaml");
  }

  get bootServer(): { address: string; port: number } {
    return { address: `${this.net}.2`, port: 17081 };
  }

  get vipUrl(): string {
    return `https://${this.net}.10:17443`;
  }

  /** A secret that the lab made for the operator. */
  secret(name: "bmc-password" | "admin-password" | "ssh_ed25519"): string {
    return readFileSync(join(this.siteDir, "secrets", name), "utf8").trim();
  }

  /** Edits the stack file: `cluster` and `objects` as they stand in it. */
  edit(change: (config: { cluster: Loose; objects: Loose }) => void): void {
    const file = parse(readFileSync(this.configFile, "utf8"));
    const config = {
      cluster: file.config["harvester-stack:cluster"],
      objects: file.config["harvester-stack:objects"],
    };
    change(config);
    writeFileSync(this.configFile, stringify(file));
  }

  /** Runs something with an edited stack file, and puts the file back. */
  async edited<T>(change: Parameters<World["edit"]>[0], then: () => Promise<T>): Promise<T> {
    const before = readFileSync(this.configFile);
    this.edit(change);
    try {
      return await then();
    } finally {
      writeFileSync(this.configFile, before);
    }
  }

  /** A PULUMI_HOME in which nothing has happened yet; it holds the plugins of the toolchain. */
  freshHome(): string {
    const home = mkdtempSync(join(this.dir, "home-"));
    symlinkSync(join(toolchainPaths(REPOSITORY).home, "plugins"), join(home, "plugins"));
    return home;
  }

  /** Leaves out what the stack manages inside the cluster: it comes after the machines, and has tests of its own. */
  withoutObjects(): void {
    this.edit(({ objects }) => {
      for (const name of Object.keys(objects)) delete objects[name];
    });
  }

  /** Environment of a person who works on this stack with plain pulumi. */
  environment(): Record<string, string> {
    const toolchain = installedToolchain(REPOSITORY);
    if (toolchain === undefined) throw new Error("there is no toolchain yet; run the tests by npm test");
    const given = {
      PATH: process.env.PATH ?? "",
      PULUMI_BACKEND_URL: `file://${join(this.dir, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(REPOSITORY, "stacks", "lab.passphrase"),
    };
    return {
      ...given,
      HOME: process.env.HOME ?? this.dir,
      ...pulumiVariables(REPOSITORY, toolchain, STACK, given),
      ...recordingConnections(join(this.dir, "connections.txt")),
      PULUMI_HOME: this.#home,
    };
  }

  /** Starts pulumi. */
  spawn(args: readonly string[], options: RunOptions = {}): Running {
    const [verb = ""] = args;
    const stack = WITHOUT_STACK.has(verb) ? [] : ["--stack", options.stack ?? STACK];
    const config = WITH_CONFIG.has(verb) ? ["--config-file", this.configFile] : [];
    const child = spawn("pulumi", [...args, ...stack, ...config, "--color=never", "--non-interactive"], {
      cwd: options.project ?? REPOSITORY,
      env: { ...this.environment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(child);
    const done = ended(child, `pulumi ${args.join(" ")}`).finally(() => this.#running.delete(child));
    // Whoever kills it may look at the end later, or never.
    done.catch(() => undefined);
    return {
      pid: child.pid!,
      done,
      said: (pattern, then) => {
        let text = "";
        const listen = (chunk: string) => {
          text += chunk;
          if (!pattern.test(text)) return;
          child.stdout!.off("data", listen);
          then();
        };
        child.stdout!.on("data", listen);
      },
      kill: () => {
        child.kill("SIGKILL");
        return done;
      },
    };
  }

  /** Runs pulumi to its end. */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Run> {
    return this.spawn(args, options).done;
  }

  /** Runs pulumi to an end that has to be a good one. */
  async must(...args: string[]): Promise<Run> {
    return mustSucceed(args, await this.pulumi(args));
  }

  /** The state as `pulumi stack export` gives it. */
  async state(options?: RunOptions): Promise<Loose> {
    const args = ["stack", "export"];
    return JSON.parse(mustSucceed(args, await this.pulumi(args, options)).stdout);
  }

  /** Records of the ledger of one kind. */
  happened(event: string): Loose[] {
    return this.lab.ledger.read().filter((record) => record.event === event);
  }

  /** Calls back at the instant something is written into the ledger, before its effect can be seen; returns how to stop that. */
  onLedger(listener: (entry: LedgerEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back at the instant the machine writes a line on its screen; returns how to stop that. */
  onConsole(watcher: (line: string) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Requests of the BMCs that change something. */
  bmcWrites(): BmcRequest[] {
    return readLines<BmcRequest>(join(this.siteDir, "bmc-requests.jsonl")).filter(isBmcWrite);
  }

  /** What must not change where nothing may be touched. */
  snapshot(): Snapshot {
    return {
      bmcWrites: this.bmcWrites().length,
      clusterWrites: clusterWrites(join(this.siteDir, "audit")).length,
      ledger: this.lab.ledger.read().length,
    };
  }
}

/** Throws unless a run ended well. */
export function mustSucceed(args: readonly string[], run: Run): Run {
  if (run.code === 0) return run;
  throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}:\n${run.output}`);
}

/** Resolves when a run has said something that matches; throws where it ends without. */
export async function says(run: Running, what: RegExp): Promise<void> {
  const said = new Promise<undefined>((resolve) => run.said(what, () => resolve(undefined)));
  const ended = await Promise.race([said, run.done]);
  if (ended !== undefined) throw new Error(`it ended without ${what}:\n${ended.output}`);
}

/** The committed description of the lab, in another net, with another lab's secrets, and with its first nodes alone. */
function describedIn(net: string, siteDir: string, count: number): string {
  const text = readFileSync(join(REPOSITORY, "stacks", "Pulumi.lab.yaml"), "utf8")
    .replaceAll(DEFAULT_NET, net)
    .replaceAll(".lab/", `${siteDir}/`);
  const file = parse(text);
  const { nodes } = file.config["harvester-stack:cluster"];
  for (const key of Object.keys(nodes).slice(count)) delete nodes[key];
  return stringify(file);
}

function ended(child: ChildProcess, what: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const run = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream]!.setEncoding("utf8").on("data", (text: string) => {
        run[stream] += text;
      });
    }
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${what}: no end after ${RUN_DEADLINE_MS / 1000} s:\n${run.stdout}${run.stderr}`));
    }, RUN_DEADLINE_MS);
    child.once("error", reject);
    // Not "close": plugins that a killed engine left behind hold its output open for a moment.
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      const settle = () =>
        resolve({ code: code ?? -1, ...run, output: `${run.stdout}${run.stderr}${signal ?? ""}` });
      if (signal === null) child.once("close", settle);
      else settle();
    });
  });
}
