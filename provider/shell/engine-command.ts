/**
 * What the engine was asked for, by the command line of the process that started this one. The protocol says nothing of it: a deletion looks the same
 * whether the whole stack goes or one resource that a person has named, with all that depends on it.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The engine's command line, word by word; undefined where it could not be read. */
export function engineCommand(parent: number = process.ppid): string[] | undefined {
  try {
    return readFileSync(`/proc/${parent}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    // Only Linux has it there.
  }
  try {
    const args = ["-ww", "-o", "args=", "-p", String(parent)];
    return execFileSync("ps", args, { encoding: "utf8", timeout: 5000 }).trim().split(/\s+/);
  } catch {
    return undefined;
  }
}

/** Commands that may delete resources, with their other names [pulumi pkg/cmd/pulumi/operations, v3.245.0]. */
const DESTROY = ["destroy", "down", "dn"];
const OTHERS = ["up", "update", "refresh", "import", "watch"];

/** Single-letter options of `pulumi destroy` that take what follows as their value; the others may be written together, as in `-yf`. */
const WITH_VALUE = "scmpCv";

/** Every option may be given by a variable instead, which the engine hands on to its plugins [pulumi pkg/cmd/pulumi/pulumi.go, v3.245.0]. */
const NARROWING_VARIABLE = /^PULUMI_OPTION_(TARGET|EXCLUDE)/i;

/**
 * What keeps a command from being the destruction of a whole stack; undefined: nothing does. Whatever leaves a doubt keeps it from being one: a value that
 * looks like an option counts as that option. Values are never repeated, they may be secret.
 */
export function whyNotWhole(
  command: readonly string[] | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (command === undefined) return "what pulumi was asked for could not be read";
  const words = command.slice(1);
  const other = words.find((word) => OTHERS.includes(word));
  if (other !== undefined) return `this may be a pulumi ${other}`;
  if (!words.some((word) => DESTROY.includes(word))) return "it was not started by a pulumi command";
  const narrowing =
    words.map(narrowingOption).find((option) => option !== undefined) ??
    Object.keys(environment).find((name) => NARROWING_VARIABLE.test(name));
  return narrowing === undefined ? undefined : `${narrowing} picks single resources`;
}

/** The option by which a word picks resources, if it does: `--target`, `--exclude`, and their relatives. */
function narrowingOption(word: string): string | undefined {
  if (word.startsWith("--")) return /^--(target|exclude)[a-z-]*/.exec(word)?.[0];
  if (!word.startsWith("-")) return undefined;
  for (const letter of word.slice(1)) {
    if (letter === "t") return "--target";
    if (letter === "x") return "--exclude";
    if (WITH_VALUE.includes(letter)) return undefined;
  }
  return undefined;
}
