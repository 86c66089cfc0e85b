/** Runs one command on a node over SSH, as `rancher`, against a pinned host key. */
import { Client } from "ssh2";
import { UserError } from "../shell/errors";

/** Where and as whom. */
export interface SshTarget {
  host: string;
  port: number;
  /** Public host key (`ssh-ed25519 AAAA...`) that the server must show. */
  hostKey: string;
  /** Private key of the login, OpenSSH. */
  privateKey: string;
}

/** How a command ended. */
export interface SshResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command was begun on the node, and how it ended was not heard: the connection broke, or the time was up. */
export class CommandCutOff extends UserError {
  override readonly name = "CommandCutOff";
}

/**
 * Runs a command. Throws if the node cannot be reached, is not the one meant, or does not answer in time; `CommandCutOff` where the command had
 * been begun by then.
 */
export function runOverSsh(target: SshTarget, command: string, deadlineMs: number): Promise<SshResult> {
  const wanted = Buffer.from(target.hostKey.split(" ")[1] ?? "", "base64");
  const where = `rancher@${target.host}:${target.port}`;
  return new Promise((resolve, reject) => {
    const client = new Client();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      client.end();
      settle();
    };
    let begun = false;
    const fail = (message: string) => {
      const Failure = begun ? CommandCutOff : UserError;
      end(() => reject(new Failure(`${where}: ${message}`)));
    };
    const timer = setTimeout(() => fail(`no answer within ${deadlineMs / 1000} s`), deadlineMs);
    client.on("error", (error) => fail(error.message));
    client.on("ready", () => {
      client.exec(command, (error, channel) => {
        if (error) return fail(error.message);
        begun = true;
        let [stdout, stderr] = ["", ""];
        channel.on("data", (chunk: Buffer) => {
          stdout += chunk;
        });
        channel.stderr.on("data", (chunk: Buffer) => {
          stderr += chunk;
        });
        channel.on("close", (code: number) => end(() => resolve({ code, stdout, stderr })));
      });
    });
    client.connect({
      host: target.host,
      port: target.port,
      username: "rancher",
      privateKey: target.privateKey,
      hostVerifier: (key: Buffer) => key.equals(wanted),
      readyTimeout: deadlineMs,
    });
  });
}
