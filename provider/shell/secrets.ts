/**
 * Keeps secret values out of everything that leaves the provider as text. The shell tells it every secret it meets in
 * a request; whatever is shown afterwards is scrubbed of them.
 */

/** Shorter secrets cannot be told apart from ordinary words; no one is protected by hiding every "no". */
const SHORTEST = 4;

/** Inside a secret object most strings are no secrets by themselves (names, roles), so only longer ones count there. */
const SHORTEST_INSIDE = 8;

/** Lines of a multi-line secret (a private key) are secrets, too, because logs are cut into lines. */
const SHORTEST_LINE = 16;

/** All secret values seen so far. */
export class Secrets {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Remembers a secret: a string, or every longer string inside a secret object. */
  add(secret: unknown): void {
    if (typeof secret === "string") this.#addText(secret, SHORTEST);
    else this.#addInside(secret);
  }

  /** Whether the value contains a known secret. */
  reveals(value: unknown): boolean {
    if (typeof value === "string") return this.scrub(value) !== value;
    if (Array.isArray(value)) return value.some((v) => this.reveals(v));
    if (value !== null && typeof value === "object") return Object.values(value).some((v) => this.reveals(v));
    return false;
  }

  /** The text with every secret replaced by `[secret]`. */
  scrub(text: string): string {
    if (this.#values.size === 0) return text;
    this.#pattern ??= new RegExp(
      [...this.#values]
        .sort((a, b) => b.length - a.length)
        .map((value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))
        .join("|"),
      "g",
    );
    return text.replace(this.#pattern, "[secret]");
  }

  #addInside(value: unknown): void {
    if (typeof value === "string") this.#addText(value, SHORTEST_INSIDE);
    else if (Array.isArray(value)) for (const v of value) this.#addInside(v);
    else if (value !== null && typeof value === "object")
      for (const v of Object.values(value)) this.#addInside(v);
  }

  #addText(text: string, shortest: number): void {
    const forms = [text, text.trim(), JSON.stringify(text).slice(1, -1), encodeURIComponent(text)];
    if (text.length >= SHORTEST_INSIDE) forms.push(Buffer.from(text).toString("base64").replace(/=+$/, ""));
    for (const form of forms) if (form.length >= shortest) this.#values.add(form);
    for (const line of text.split("\n"))
      if (line.trim().length >= SHORTEST_LINE && !line.includes("-----")) this.#values.add(line.trim());
    this.#pattern = undefined;
  }
}

/** The secrets of this process. */
export const secrets = new Secrets();
