/**
 * The command plugin: Command here (provider/pkg/provider/local/commandController.go of github.com/pulumi/pulumi-command)
 * and on another machine (remote/commandController.go). Defaults, secretness and differences are those of
 * github.com/pulumi/pulumi-go-provider, infer/resource.go.
 */
import { randomBytes } from "node:crypto";
import { difference, replacing } from "../shell/difference";
import { isObject, type Operation, type Plugin } from "../shell/plugin";
import { hasSecret, isUnknown, reveal, secret, UNKNOWN, type Value, type Values } from "../shell/values";
import { runLocally } from "./local";
import { name, version } from "./plugin.json";
import { runRemotely } from "./remote";

/** What a command is run with. */
export interface Run {
  command: string;
  inputs: Values;
  /** Environment of the command: that of the inputs, and what the previous command said. */
  environment: Record<string, string>;
  signal: AbortSignal;
  /** Called with each line to show live. */
  show(line: string): void;
}

/** What a command said. */
export interface Said {
  stdout: string;
  stderr: string;
}

const LOCAL = "command:local:Command";
const REMOTE = "command:remote:Command";
const COMMON = [
  "create",
  "update",
  "delete",
  "triggers",
  "stdin",
  "environment",
  "logging",
  "addPreviousOutputInEnv",
];
const INPUTS: Record<string, readonly string[]> = {
  [LOCAL]: [...COMMON, "dir", "interpreter"],
  [REMOTE]: [...COMMON, "connection"],
};
const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];
const CONNECTION = [
  "host",
  "port",
  "user",
  "password",
  "privateKey",
  "privateKeyPassword",
  "agentSocketPath",
  "dialErrorLimit",
  "perDialTimeout",
  "hostKey",
];
/** remote/connection.go Annotate. */
const CONNECTION_DEFAULTS: Values = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

/** The plugin. */
export function commandPlugin(): Plugin {
  return {
    name,
    version,
    configure() {},

    check({ type, news }) {
      const allowed = INPUTS[type];
      if (!allowed) {
        throw new Error(`The stand-in of the command plugin has no ${type}, only ${LOCAL} and ${REMOTE}.`);
      }
      const failures = Object.keys(news)
        .filter((property) => !allowed.includes(property))
        .map((property) => ({ property, reason: "not known to the stand-in of the command plugin" }));
      const logging = reveal(news.logging ?? null);
      if (logging !== null && !isUnknown(logging) && !LOGGING.includes(String(logging))) {
        failures.push({ property: "logging", reason: `must be one of ${LOGGING.join(", ")}` });
      }
      if (type !== REMOTE) return { inputs: news, failures };
      const connection = reveal(news.connection ?? null);
      if (isUnknown(connection)) return { inputs: { ...news, connection: secret(connection) }, failures };
      if (!isObject(connection) || !connection.host) {
        failures.push({ property: "connection.host", reason: "missing: where is the command to run?" });
        return { inputs: news, failures };
      }
      for (const property of Object.keys(connection).filter((p) => !CONNECTION.includes(p))) {
        failures.push({
          property: `connection.${property}`,
          reason: "not known to the stand-in of the command plugin",
        });
      }
      return { inputs: { ...news, connection: secret({ ...CONNECTION_DEFAULTS, ...connection }) }, failures };
    },

    diff({ oldInputs, news }) {
      return { changes: replacing(difference(reveal(oldInputs), reveal(news)), ["triggers"]) };
    },

    async create(request) {
      const { name, inputs, preview } = request;
      if (preview) return { id: "", properties: { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN } };
      const said = await run(request, inputs, text(inputs.create), { stdout: "", stderr: "" });
      return { id: `${name}${randomBytes(4).toString("hex")}`, properties: outputs(inputs, said) };
    },

    async read({ id, properties, inputs }) {
      // The official plugin cannot look at a command either: what is stored is what is there.
      return { id, properties, inputs };
    },

    async update(request) {
      const { olds, news, preview } = request;
      if (preview) return { ...news, stdout: UNKNOWN, stderr: UNKNOWN };
      const said = await run(request, news, text(news.update) ?? text(news.create), previous(olds));
      return outputs(news, said);
    },

    async delete(request) {
      const { properties } = request;
      await run(request, properties, text(properties.delete), previous(properties));
    },
  };
}

async function run(
  operation: Operation,
  marked: Values,
  command: string | undefined,
  before: Said,
): Promise<Said> {
  if (command === undefined) return before;
  const inputs = reveal(marked);
  const environment: Record<string, string> = {};
  if (isObject(inputs.environment)) {
    for (const [key, value] of Object.entries(inputs.environment)) environment[key] = String(value);
  }
  if (inputs.addPreviousOutputInEnv !== false) {
    if (before.stdout) environment.PULUMI_COMMAND_STDOUT = before.stdout;
    if (before.stderr) environment.PULUMI_COMMAND_STDERR = before.stderr;
  }
  const show = (line: string) => operation.log("status", line);
  const order: Run = { command, inputs, environment, signal: operation.signal, show };
  const said = await (operation.type === REMOTE ? runRemotely(order) : runLocally(order));
  return { stdout: said.stdout.replace(/\n$/, ""), stderr: said.stderr.replace(/\n$/, "") };
}

/** Outputs beside the inputs; they are secret as soon as one input is (infer/resource.go markSecret). */
function outputs(inputs: Values, { stdout, stderr }: Said): Values {
  const mark = (value: string): Value => (hasSecret(inputs) ? secret(value) : value);
  return { ...inputs, stdout: mark(stdout), stderr: mark(stderr) };
}

function previous(olds: Values): Said {
  return { stdout: text(olds.stdout) ?? "", stderr: text(olds.stderr) ?? "" };
}

function text(value: Value | undefined): string | undefined {
  const plain = reveal(value ?? null);
  return typeof plain === "string" ? plain : undefined;
}
