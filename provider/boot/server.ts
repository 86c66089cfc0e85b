/**
 * The provider's side of the boot server: it runs as long as some machine is being installed, and answers for each
 * machine what that machine's installation decides. If its process dies it is started again with the same routes.
 */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { BootServerDescription } from "../../model/description";
import { backOff, pause } from "../net/retry";
import { UserError } from "../shell/errors";
import { atShutdown } from "../shell/shutdown";
import type { FromServer, InstallerEvent, RouteEntry, ToServer } from "./messages";

/** @default of `BootServerDescription.port` */
export const DEFAULT_BOOT_PORT = 8090;

/** One machine's part of the boot server. */
export interface BootRoute {
  /** Secret part of the URL, unguessable. */
  token: string;
  /** URL of the iPXE binary. */
  ipxeUrl: string;
  /** The script that iPXE runs. */
  script(from: string): Promise<string>;
  /** The install configuration; undefined turns the machine away. */
  configuration(from: string): Promise<string | undefined>;
  /** A report of the installer. */
  event(event: InstallerEvent, detail: string, from: string): Promise<void>;
}

/** A route that is served. */
export interface OpenRoute {
  /** Serves it no more; with the last route the server ends. */
  close(): Promise<void>;
}

const servers = new Map<string, BootServer>();

/** The boot server at an address, shared by all machines of this process. */
export function bootServerFor({ address, port = DEFAULT_BOOT_PORT }: BootServerDescription): BootServer {
  const key = `${address}:${port}`;
  const known = servers.get(key);
  if (known !== undefined) return known;
  const server = new BootServer(address, port);
  servers.set(key, server);
  return server;
}

/** A boot server. */
export class BootServer {
  readonly #routes = new Map<string, BootRoute>();
  #process: Promise<ChildProcess> | undefined;
  /** The end of the process before: its successor can listen only after it. */
  #ending: Promise<void> = Promise.resolve();

  constructor(
    readonly address: string,
    readonly port: number,
  ) {}

  /** Process id while it runs. */
  async pid(): Promise<number | undefined> {
    return (await this.#process)?.pid;
  }

  /** Serves a route. Throws if the address cannot be listened on. */
  async open(route: BootRoute): Promise<OpenRoute> {
    this.#routes.set(route.token, route);
    this.#process ??= this.#start();
    const starting = this.#process;
    try {
      this.#send(await starting, this.#routeTable());
    } catch (error) {
      this.#routes.delete(route.token);
      if (this.#process === starting) this.#process = undefined;
      throw error;
    }
    return { close: () => this.#close(route.token) };
  }

  async #close(token: string): Promise<void> {
    this.#routes.delete(token);
    const running = this.#process;
    if (this.#routes.size > 0) {
      // If it cannot be started again, there is nothing to take the route from.
      const child = await running?.catch(() => undefined);
      if (child !== undefined) this.#send(child, this.#routeTable());
      return;
    }
    this.#process = undefined;
    if (running !== undefined) {
      this.#ending = running.then(ended, () => undefined);
      await this.#ending;
    }
  }

  async #start(): Promise<ChildProcess> {
    await this.#ending;
    const child = fork(join(__dirname, "process.ts"), [], {
      execArgv: ["--require", require.resolve("tsx/cjs")],
      // Not the provider's environment: that holds the passphrase of the state.
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const forget = atShutdown(`boot server at ${this.address}:${this.port}`, () => {
      this.#routes.clear();
      return ended(child);
    });
    child.once("exit", forget);
    child.on("message", (message: FromServer) => void this.#heard(child, message));
    try {
      await this.#listening(child);
    } catch (error) {
      await ended(child);
      throw error;
    }
    const current = this.#process;
    child.once("exit", () => {
      if (this.#process === current && this.#routes.size > 0) this.#process = this.#startAgain();
    });
    return child;
  }

  /** It died under us: machines repeat what they asked for, so it is enough that it is there again. */
  async #startAgain(): Promise<ChildProcess> {
    for (let tries = 0; ; tries++) {
      try {
        const child = await this.#start();
        this.#send(child, this.#routeTable());
        return child;
      } catch (error) {
        // Those that wait for a machine end at their own deadline, which says what was waited for.
        if (this.#routes.size === 0) throw error;
        await pause(backOff(tries, 100, 5000));
      }
    }
  }

  #listening(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const first = (message: FromServer) => {
        if (message.type === "listening") resolve();
        else if (message.type === "failed") reject(this.#cannotListen(message.code, message.message));
      };
      child.on("message", first);
      child.once("exit", (code) => reject(this.#cannotListen("", `its process ended with ${code}`)));
      const { address, port } = this;
      this.#send(child, { type: "listen", address, port, routes: this.#routeEntries() });
    });
  }

  async #heard(child: ChildProcess, message: FromServer): Promise<void> {
    if (message.type !== "question" && message.type !== "event") return;
    const route = this.#routes.get(message.token);
    const answer = async (): Promise<string | undefined> => {
      if (route === undefined) return undefined;
      if (message.type === "event") {
        await route.event(message.event, message.detail, message.from);
        return undefined;
      }
      return message.wanted === "script" ? route.script(message.from) : route.configuration(message.from);
    };
    const { question } = message;
    try {
      const body = await answer();
      this.#send(child, { type: "answer", question, ...(body === undefined ? {} : { body }) });
    } catch {
      // What could not be decided (a BMC that is silent just now) is not handed out; whoever asked may ask again.
      this.#send(child, { type: "answer", question, undecided: true });
    }
  }

  #routeTable(): ToServer {
    return { type: "routes", routes: this.#routeEntries() };
  }

  #routeEntries(): RouteEntry[] {
    return [...this.#routes.values()].map(({ token, ipxeUrl }) => ({ token, ipxeUrl }));
  }

  #send(child: ChildProcess, message: ToServer): void {
    if (child.connected) child.send(message, () => undefined);
  }

  #cannotListen(code: string, message: string): UserError {
    const where = `bootServer: cannot listen on ${this.address}:${this.port}`;
    if (code === "EADDRINUSE") {
      return new UserError(
        `${where}: another program does. Machines boot from this address, so it has to be ours: stop the other program, ` +
          "or choose another bootServer.port.",
      );
    }
    if (code === "EADDRNOTAVAIL") {
      return new UserError(
        `${where}: this machine does not have the address. Set bootServer.address to one that it has and that the ` +
          "machines can reach.",
      );
    }
    return new UserError(`${where}: ${message}.`);
  }
}

/** Ends a boot server's process by closing the channel it lives by. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    if (child.connected) child.disconnect();
    else child.kill("SIGKILL");
  });
}
