/** Commands on another machine, over SSH (remote/commandOutputs.go run, remote/connection.go). */
import { setTimeout as sleep } from "node:timers/promises";
import { type Algorithms, Client, type ConnectConfig, utils } from "ssh2";
import { isObject } from "../shell/plugin";
import type { Values } from "../shell/values";
import { Collector } from "./collect";
import type { Run, Said } from "./command";

/** Delays between attempts: retry.Until of the Pulumi SDK. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;

/** Runs a command on the machine that `connection` names. */
export async function runRemotely({ command, inputs, environment, signal, show }: Run): Promise<Said> {
  const connection = isObject(inputs.connection) ? inputs.connection : {};
  const client = await dial(connection, signal, show);
  const abort = () => client.destroy();
  signal.addEventListener("abort", abort, { once: true });
  const collector = new Collector(inputs.logging, show);
  try {
    return await new Promise<Said>((resolve, reject) => {
      // Unlike the official plugin, ssh2 cannot tell whether the server took the variables (AcceptEnv).
      client.exec(command, { env: environment }, (error, channel) => {
        if (error) return reject(error);
        collector.listen(channel, "stdout");
        collector.listen(channel.stderr, "stderr");
        let status: string | undefined;
        channel.on("exit", (code: number | null, killedBy?: string) => {
          if (code !== 0)
            status = killedBy
              ? `Process exited with signal ${killedBy}`
              : `Process exited with status ${code}`;
          else status = "";
        });
        channel.on("close", () => {
          if (status === "") return resolve(collector.said);
          reject(collector.failure(status ?? "the connection ended before the command did", command));
        });
        channel.end(typeof inputs.stdin === "string" ? inputs.stdin : "");
      });
      client.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    });
  } finally {
    signal.removeEventListener("abort", abort);
    client.end();
  }
}

/** Connects, again and again up to the limit (remote/connection.go dialWithRetry). */
async function dial(connection: Values, signal: AbortSignal, show: (line: string) => void): Promise<Client> {
  const limit = number(connection.dialErrorLimit, 10);
  const config = readConfig(connection);
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      return await connect(config, signal);
    } catch (error) {
      failures++;
      if (limit > -1 && failures > limit) {
        throw new Error(
          `after ${failures - 1} failed attempts: ${error instanceof Error ? error.message : error}`,
        );
      }
      show(`Dial ${failures}/${limit === -1 ? "inf" : limit} failed: retrying`);
      const delay = Math.min(FIRST_DELAY_MS * 1.5 ** (failures - 1), LONGEST_DELAY_MS);
      await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

async function connect(config: ConnectConfig, signal: AbortSignal): Promise<Client> {
  const client = new Client();
  const abort = () => client.destroy();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.on("ready", resolve);
      client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) =>
        answer(prompts.map(() => config.password ?? "")),
      );
      client.on("error", reject);
      client.on("close", () => reject(new Error("the connection was closed")));
      client.connect(config);
    });
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** remote/connection.go SSHConfig: the host key, where given, is the only one accepted. */
function readConfig(connection: Values): ConnectConfig {
  const config: ConnectConfig = {
    host: String(connection.host),
    port: number(connection.port, 22),
    username: text(connection, "user") ?? "root",
    readyTimeout: number(connection.perDialTimeout, 15) * 1000,
    privateKey: text(connection, "privateKey"),
    passphrase: text(connection, "privateKeyPassword"),
    password: text(connection, "password"),
    tryKeyboard: text(connection, "password") !== undefined,
    agent: text(connection, "agentSocketPath") ?? process.env.SSH_AUTH_SOCK,
  };
  if (config.privateKey) {
    const key = utils.parseKey(config.privateKey, config.passphrase);
    if (key instanceof Error) throw new Error(`connection.privateKey: ${key.message}`);
  }
  const hostKey = text(connection, "hostKey");
  if (hostKey) {
    const expected = utils.parseKey(hostKey);
    if (expected instanceof Error) throw new Error(`failed to parse host key: ${expected.message}`);
    const signatures =
      expected.type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [expected.type];
    config.algorithms = { serverHostKey: signatures } as Algorithms;
    config.hostVerifier = (key: Buffer) => key.equals(expected.getPublicSSH());
  }
  return config;
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
