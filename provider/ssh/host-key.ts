/** Asks a node which SSH host key it shows, as ssh-keyscan does: nobody logs in. */
import { Client } from "ssh2";
import { UserError } from "../shell/errors";

/** The Ed25519 host key as `ssh-ed25519 AAAA...`. Throws where none is shown within the deadline. */
export function readHostKey(host: string, port: number, deadlineMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const end = (settle: () => void) => {
      clearTimeout(timer);
      client.destroy();
      settle();
    };
    const fail = (message: string) => end(() => reject(new UserError(`${host}:${port}: ${message}`)));
    const timer = setTimeout(() => fail(`no SSH host key within ${deadlineMs / 1000} s`), deadlineMs);
    client.on("error", (error) => fail(error.message));
    client.connect({
      host,
      port,
      username: "rancher",
      algorithms: { serverHostKey: ["ssh-ed25519"] },
      hostVerifier: (key: Buffer) => {
        end(() => resolve(`ssh-ed25519 ${key.toString("base64")}`));
        return false;
      },
      readyTimeout: deadlineMs,
    });
  });
}
