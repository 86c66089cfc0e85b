/** Looks for secrets where they must not be (P9), in every form in which text commonly travels. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { familyOf } from "./processes";

/** Secrets by name. */
export type Secrets = Record<string, string>;

/** Shorter pieces of a secret turn up by chance. */
const SHORTEST = 12;

/** Names of the secrets that a text gives away. */
export function secretsIn(text: string | Buffer, secrets: Secrets): string[] {
  const bytes = Buffer.from(text as string);
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => bytes.includes(form)))
    .map(([name]) => name);
}

/** Findings in all files below a folder: `file: secret`. */
export function scanFolder(folder: string, secrets: Secrets): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .flatMap((file) => secretsIn(readFileSync(file), secrets).map((secret) => `${file}: ${secret}`));
}

/** Command lines and environments of a run's processes, seen as often as possible while it goes on. */
export class ProcessSampler {
  readonly seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(engine: number) {
    const look = () => {
      for (const { command, environment } of familyOf(engine)) this.seen.add(`${command}\0${environment}`);
    };
    look();
    this.#timer = setInterval(look, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A secret as it stands, each of its lines, and within base64 at each of the three alignments. */
function formsOf(secret: string): string[] {
  const lines = secret.split("\n").filter((line) => line.length >= SHORTEST && !line.startsWith("-----"));
  return lines.flatMap((line) => [line, ...[0, 1, 2].map((shift) => insideBase64(line, shift))]);
}

/** What of a text's base64 does not depend on its neighbours when it begins `shift` bytes after a multiple of three. */
function insideBase64(text: string, shift: number): string {
  const encoded = Buffer.from("\0".repeat(shift) + text)
    .toString("base64")
    .replace(/=+$/, "");
  const length = Buffer.byteLength(text) + shift;
  return encoded.slice(shift === 0 ? 0 : shift + 1, length % 3 === 0 ? undefined : -1);
}
