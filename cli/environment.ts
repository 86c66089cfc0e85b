/** The environment in which pulumi runs on this project; also for a person's own shell. */
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { hasStandIns, type Toolchain, toolchainPaths } from "../toolchain/toolchain";

/** The stack that `npm start` provisions in the virtual data centre. */
export const LAB_STACK = "lab";

/** Stacks in the virtual data centre: throwaway, with a published passphrase. */
export const STACKS_IN_THE_LAB: readonly string[] = [LAB_STACK, "single"];

/**
 * The variables this project sets. What a person has set is kept: another backend, their own passphrase. The lab's passphrase is
 * given for the lab's stacks only, so that no real stack is ever encrypted with a published word.
 */
export function pulumiVariables(
  repository: string,
  toolchain: Toolchain,
  stack: string,
  given: NodeJS.ProcessEnv,
): Record<string, string> {
  const paths = toolchainPaths(repository);
  const variables: Record<string, string> = {
    PATH: [paths.bin, given.PATH].filter(Boolean).join(delimiter),
    PULUMI_HOME: paths.home,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  if (!given.PULUMI_BACKEND_URL) variables.PULUMI_BACKEND_URL = `file://${join(repository, ".pulumi-state")}`;
  if (hasStandIns(toolchain)) variables.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  if (
    STACKS_IN_THE_LAB.includes(stack) &&
    given.PULUMI_CONFIG_PASSPHRASE === undefined &&
    given.PULUMI_CONFIG_PASSPHRASE_FILE === undefined
  ) {
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = join(repository, "stacks", "lab.passphrase");
  }
  return variables;
}

/** The process environment with this project's variables. */
export function pulumiEnvironment(
  repository: string,
  toolchain: Toolchain,
  stack: string,
  given: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  return { ...given, ...pulumiVariables(repository, toolchain, stack, given) };
}

/** Lines for a POSIX shell's eval. The tools' folder goes before whatever the shell's own search path is. */
export function exportLines(variables: Readonly<Record<string, string>>, bin: string): string {
  const quote = (value: string) => `'${value.replaceAll("'", "'\\''")}'`;
  const lines = Object.entries({ ...variables, PATH: "" }).map(([name, value]) =>
    name === "PATH" ? `export PATH=${quote(bin)}"\${PATH:+:$PATH}"\n` : `export ${name}=${quote(value)}\n`,
  );
  return lines.join("");
}

/**
 * The stack a pulumi command line is about: named by --stack, -s or `stack init|select|rm <name>`, else the selected one, else the
 * lab's. Names may be qualified (organization/project/stack); the last part counts.
 */
export function stackOf(args: readonly string[], repository: string): string {
  const name = namedStack(args) ?? selectedStack(toolchainPaths(repository).home) ?? LAB_STACK;
  return name.split("/").at(-1) ?? name;
}

function namedStack(args: readonly string[]): string | undefined {
  for (const [at, arg] of args.entries()) {
    if (arg === "--") break;
    if (arg === "--stack" || arg === "-s") return args[at + 1];
    const joined = /^(?:--stack|-s)=(.+)$/.exec(arg);
    if (joined) return joined[1];
  }
  const [first, second, third] = args.filter((arg) => !arg.startsWith("-"));
  const names = first === "stack" && ["init", "select", "rm"].includes(second ?? "");
  return names ? third : undefined;
}

/** What `pulumi stack select` remembered for this project in PULUMI_HOME/workspaces (workspace.Settings of the engine). */
function selectedStack(home: string): string | undefined {
  try {
    const folder = join(home, "workspaces");
    const files = readdirSync(folder).filter((name) => /^harvester-stack-.*-workspace\.json$/.test(name));
    return JSON.parse(readFileSync(join(folder, files[0] ?? ""), "utf8")).stack || undefined;
  } catch {
    return undefined;
  }
}
