/** A file that iPXE fetched. */
export interface FetchedFile {
  url: string;
  bytes: number;
  head: Buffer;
}

/** What the interpreter needs from the machine. */
export interface IpxeHost {
  /** Fetches a file; rejects when the server does not answer 2xx. */
  fetch(url: string): Promise<FetchedFile>;
  console(line: string): void;
  sleep(seconds: number): Promise<void>;
  /** Built-in settings such as `net0/mac` and `uuid`. */
  settings: Record<string, string>;
}

/** How a script ended. `failed` is what iPXE makes of an error: it gives the machine back to the firmware. */
export type IpxeOutcome =
  | { kind: "boot"; kernel: FetchedFile; commandLine: string; initrds: FetchedFile[] }
  | { kind: "exit" }
  | { kind: "sanboot" }
  | { kind: "reboot" | "poweroff" }
  | { kind: "shell" }
  | { kind: "failed"; reason: string };

/** Most commands of one boot: a script that jumps in a circle must not hold the lab. */
const MOST_STEPS = 1000;

class ScriptError extends Error {}

/** Whether a file is an iPXE script. */
export function isScript(file: FetchedFile): boolean {
  return file.head.toString("latin1", 0, 6) === "#!ipxe";
}

/** File name that a URL ends with; what the kernel's `initrd=` has to say on UEFI. */
export function imageName(url: string): string {
  return new URL(url).pathname.split("/").pop() ?? "";
}

/**
 * Runs iPXE scripts: the subset that Harvester's and the usual chaining scripts are made of. A command that is unknown here fails as
 * an unknown command does there.
 */
export class Ipxe {
  readonly #settings: Record<string, string>;
  readonly #initrds: FetchedFile[] = [];
  #kernel: { file: FetchedFile; commandLine: string } | undefined;
  #steps = 0;

  constructor(private readonly host: IpxeHost) {
    this.#settings = { ...host.settings };
  }

  /** Runs a script that was fetched, and whatever it chains to. */
  async run(script: FetchedFile): Promise<IpxeOutcome> {
    try {
      return (await this.#script(script)) ?? { kind: "exit" };
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      this.host.console(error.message);
      return { kind: "failed", reason: error.message };
    }
  }

  async #script(script: FetchedFile): Promise<IpxeOutcome | undefined> {
    const lines = script.head
      .toString("utf8")
      .replaceAll("\\\n", " ")
      .split(/\r?\n/)
      .map((line) => line.trim());
    for (let at = 0; at < lines.length; at++) {
      const line = lines[at] as string;
      if (line === "" || line.startsWith("#") || line.startsWith(":")) continue;
      const done = await this.#line(line, script.url);
      if (done === undefined) continue;
      if ("outcome" in done) return done.outcome;
      const target = lines.indexOf(`:${done.label}`);
      if (target < 0) throw new ScriptError(`goto: no label ${done.label}`);
      at = target;
    }
    return undefined;
  }

  /** One line: commands joined by `&&` (go on after success) and `||` (go on after failure). */
  async #line(line: string, base: string): Promise<{ outcome: IpxeOutcome } | { label: string } | undefined> {
    const parts = line.split(/\s+(\|\||&&)(?:\s+|$)/);
    let failure: ScriptError | undefined;
    for (let index = 0; index < parts.length; index += 2) {
      const joiner = index === 0 ? undefined : parts[index - 1];
      if (joiner === "&&" && failure !== undefined) continue;
      if (joiner === "||" && failure === undefined) continue;
      failure = undefined;
      const text = (parts[index] as string).trim();
      if (text === "") continue;
      try {
        const done = await this.#command(this.#expand(text), base);
        if (done !== undefined) return done;
      } catch (error) {
        if (!(error instanceof ScriptError)) throw error;
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  async #command(
    text: string,
    base: string,
  ): Promise<{ outcome: IpxeOutcome } | { label: string } | undefined> {
    if (++this.#steps > MOST_STEPS) throw new ScriptError("the script does not end");
    const [name, ...words] = text.split(/\s+/) as [string, ...string[]];
    const args = words.filter((word) => !/^--?[a-z]/.test(word) || name === "kernel" || name === "imgargs");
    switch (name) {
      case "kernel": {
        const [url, ...parameters] = args.filter((word, index) => index > 0 || !word.startsWith("-"));
        if (url === undefined) throw new ScriptError("kernel: no image given");
        this.#kernel = { file: await this.#fetch(url, base), commandLine: parameters.join(" ") };
        return undefined;
      }
      case "imgargs":
        if (this.#kernel !== undefined) this.#kernel.commandLine = args.slice(1).join(" ");
        return undefined;
      case "initrd":
      case "module":
        this.#initrds.push(await this.#fetch(required(args[0], name), base));
        return undefined;
      case "imgfree":
        this.#kernel = undefined;
        this.#initrds.length = 0;
        return undefined;
      case "boot":
        if (this.#kernel === undefined) throw new ScriptError("boot: no image selected");
        return {
          outcome: {
            kind: "boot",
            kernel: this.#kernel.file,
            commandLine: this.#kernel.commandLine,
            initrds: [...this.#initrds],
          },
        };
      case "chain": {
        const file = await this.#fetch(required(args[0], name), base);
        if (!isScript(file)) throw new ScriptError(`chain: ${file.url}: Exec format error`);
        const outcome = await this.#script(file);
        return outcome === undefined ? undefined : { outcome };
      }
      case "set":
        this.#settings[required(args[0], name)] = args.slice(1).join(" ");
        return undefined;
      case "clear":
        delete this.#settings[required(args[0], name)];
        return undefined;
      case "isset":
        if (args.join("") === "") throw new ScriptError("isset: not set");
        return undefined;
      case "iseq":
        if (args[0] !== args[1]) throw new ScriptError("iseq: not equal");
        return undefined;
      case "goto":
        return { label: required(args[0], name) };
      case "echo":
        this.host.console(text.slice("echo".length).trim());
        return undefined;
      case "sleep":
        await this.host.sleep(Number(args[0]) || 0);
        return undefined;
      case "dhcp":
      case "ifopen":
      case "ifconf":
      case "prompt":
        return undefined;
      case "exit":
        return { outcome: { kind: "exit" } };
      case "sanboot":
        return { outcome: { kind: "sanboot" } };
      case "reboot":
      case "poweroff":
      case "shell":
        return { outcome: { kind: name } };
      default:
        throw new ScriptError(`${name}: command not found`);
    }
  }

  async #fetch(url: string, base: string): Promise<FetchedFile> {
    let target = url;
    try {
      target = new URL(url, base).href;
      const file = await this.host.fetch(target);
      this.host.console(`${target}... ok (${file.bytes} bytes)`);
      return file;
    } catch (error) {
      if (error instanceof DOMException || !(error instanceof Error)) throw error;
      throw new ScriptError(`${target}... ${error.message}`);
    }
  }

  #expand(text: string): string {
    return text.replace(
      /\$\{([^}]+)\}/g,
      (_, name: string) => this.#settings[name.split(":")[0] as string] ?? "",
    );
  }
}

function required(value: string | undefined, command: string): string {
  if (value === undefined || value === "") throw new ScriptError(`${command}: an argument is missing`);
  return value;
}
