/** Collects what a command says, and shows it line by line as it comes. */
import type { Readable } from "node:stream";
import type { Value } from "../shell/values";
import type { Said } from "./command";

/** Listens to the output of a command (local/commandOutputs.go run, util/util.go LogOutput). */
export class Collector {
  #stdout = "";
  #stderr = "";
  #both = "";
  readonly #rest = { stdout: "", stderr: "" };

  constructor(
    private readonly logging: Value | undefined,
    private readonly show: (line: string) => void,
  ) {}

  /** Listens to one stream. */
  listen(stream: Readable, which: "stdout" | "stderr"): void {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      if (which === "stdout") this.#stdout += text;
      else this.#stderr += text;
      this.#both += text;
      const lines = (this.#rest[which] + text).split("\n");
      this.#rest[which] = lines.pop() ?? "";
      for (const line of lines) this.#line(which, line);
    });
    stream.on("end", () => this.#rest[which] && this.#line(which, this.#rest[which]));
  }

  /** What was said on each stream. */
  get said(): Said {
    return { stdout: this.#stdout, stderr: this.#stderr };
  }

  /** The error of a command that ended with anything but success. */
  failure(how: string, command: string): Error {
    return new Error(`${how}: running ${JSON.stringify(command)}:\n${this.#both}`);
  }

  #line(which: "stdout" | "stderr", line: string): void {
    const { logging = "stdoutAndStderr" } = this;
    if (logging === which || logging === "stdoutAndStderr" || logging === null) this.show(line);
  }
}
