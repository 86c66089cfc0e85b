/** The real pulumi CLI with the plugins under test in its cache, driving a program given as a function. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import { toolPath } from "./cluster";

const TOOLCHAIN = path.resolve(__dirname, "../../../../.toolchain");
const PLUGINS = path.resolve(__dirname, "../../../../toolchain/offline/plugins");

/**
 * Executable of a plugin: the stand-in, or, where OFFICIAL_PLUGINS names a plugin cache
 * (`$PULUMI_HOME/plugins`), the official one in it. Both are held to the same tests.
 */
export function pluginUnderTest(name: string): { executable: string; version: string } {
  const standIn = path.join(PLUGINS, name);
  const { version } = JSON.parse(readFileSync(path.join(standIn, "plugin.json"), "utf8"));
  const official = process.env.OFFICIAL_PLUGINS;
  const folder = official ? path.join(official, `resource-${name}-v${version}`) : standIn;
  return { executable: path.join(folder, `pulumi-resource-${name}`), version };
}

/** A stack in a temporary file backend. */
export interface TestStack {
  stack: Stack;
  /** Runs one of the stack's operations with another program. */
  with(program: PulumiFn): Stack;
  /** The stack's state as it is stored. */
  state(): string;
  remove(): void;
}

/** Makes an empty stack. */
export async function makeStack(program: PulumiFn): Promise<TestStack> {
  const folder = mkdtempSync(path.join(tmpdir(), "plugin-test-stack-"));
  for (const name of readdirSync(PLUGINS)) {
    if (!readdirSync(path.join(PLUGINS, name)).includes("plugin.json")) continue;
    const plugin = pluginUnderTest(name);
    const cached = path.join(folder, "home", "plugins", `resource-${name}-v${plugin.version}`);
    mkdirSync(cached, { recursive: true });
    symlinkSync(plugin.executable, path.join(cached, `pulumi-resource-${name}`));
  }
  mkdirSync(path.join(folder, "state"));
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "test", projectName: "plugins", program },
    {
      pulumiCommand: existsSync(path.join(TOOLCHAIN, "bin", "pulumi"))
        ? await PulumiCommand.get({ root: TOOLCHAIN })
        : undefined,
      pulumiHome: path.join(folder, "home"),
      envVars: {
        PATH: toolPath(),
        PULUMI_BACKEND_URL: `file://${folder}/state`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      },
    },
  );
  return {
    stack,
    with: (other) => {
      stack.workspace.program = other;
      return stack;
    },
    state: () =>
      readFileSync(path.join(folder, "state", ".pulumi", "stacks", "plugins", "test.json"), "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
