/** The runtime options of a program or plugin, from Pulumi.yaml or PulumiPlugin.yaml. */
import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";

/** Options this host honours. */
export interface Options {
  /** Whether the SDK loads TypeScript through ts-node by itself. */
  readonly typescript: boolean;
  readonly tsconfig: string | undefined;
  /** Arguments for the Node.js process. */
  readonly nodeargs: readonly string[];
}

/**
 * Reads the options, refusing wrong types in the official words.
 * Copies parseOptions (pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go); of the package managers only npm is known here.
 */
export function parseOptions(info: ProgramInfo | undefined): Options {
  const given = (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const { typescript = true, tsconfig, nodeargs = "", packagemanager = "auto" } = given;
  if (typeof typescript !== "boolean") throw new Error("typescript option must be a boolean");
  if (tsconfig !== undefined && typeof tsconfig !== "string") {
    throw new Error("tsconfigpath option must be a string");
  }
  if (typeof nodeargs !== "string") throw new Error("nodeargs option must be a string");
  if (packagemanager !== "auto" && packagemanager !== "npm") {
    throw new Error(
      `packagemanager option is ${JSON.stringify(packagemanager)}: the offline language host knows only npm`,
    );
  }
  return { typescript, tsconfig: tsconfig || undefined, nodeargs: splitWords(nodeargs) };
}

/**
 * Splits a command line into words as a POSIX shell would, without expansions: blanks separate, quotes and backslashes keep.
 * Stands in for github.com/google/shlex Split, which the official host uses.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === "'") {
      if (char === "'") quote = undefined;
      else word += char;
    } else if (char === "\\") {
      word = (word ?? "") + text.charAt(++at);
    } else if (quote === '"') {
      if (char === '"') quote = undefined;
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote) throw new Error(`nodeargs option has an unclosed ${quote}: ${text}`);
  if (word !== undefined) words.push(word);
  return words;
}
