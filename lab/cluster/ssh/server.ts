/**
 * A machine's SSH server: the user rancher, with the keys and the password of the installed configuration, and the host key of the disk.
 */
import { timingSafeEqual } from "node:crypto";
import * as net from "node:net";
import { type AuthContext, type Connection, Server, type Session as SshSession, utils } from "ssh2";
import type { HarvesterConfig } from "../../types";
import { type NodeDisk, PATHS } from "../disk";
import { runLine } from "./commands";
import type { Session } from "./program";

/** The host's private key: the one the configuration has written, else one made at the first boot. */
export function hostKey(disk: NodeDisk): string {
  const configured = disk.read(PATHS.hostKey);
  const key = configured ?? utils.generateKeyPairSync("ed25519", { comment: "root@harvester" }).private;
  if (configured === undefined) disk.write(PATHS.hostKey, key);
  const parsed = utils.parseKey(key);
  if (parsed instanceof Error) {
    throw new Error(
      `${PATHS.hostKey} (os.write_files) is not a private key that sshd reads: ${parsed.message}`,
    );
  }
  const publicKey = `${parsed.type} ${parsed.getPublicSSH().toString("base64")} root@harvester\n`;
  disk.write(`${PATHS.hostKey}.pub`, publicKey, 0o644);
  return key;
}

/** Answers SSH on the machine's address until it is closed. */
export class SshServer {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(
    private readonly config: HarvesterConfig,
    private readonly session: Session,
  ) {
    const ssh = new Server({ hostKeys: [hostKey(session.disk)] }, (connection) => this.#serve(connection));
    // Sockets of our own, so that a power cut can end them without a farewell.
    this.#server = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      ssh.injectSocket(socket);
    });
  }

  async listen(address: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, address, resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(connection: Connection): void {
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (this.#allows(context)) context.accept();
      else context.reject(this.#methods());
    });
    connection.on("session", (accept) => this.#open(accept()));
  }

  #open(ssh: SshSession): void {
    ssh.on("env", (accept) => accept?.());
    ssh.on("pty", (accept) => accept?.());
    ssh.on("exec", (accept, _reject, info) => {
      const channel = accept();
      void runLine(this.session, info.command)
        .catch((error: Error) => ({ code: 1, stdout: "", stderr: `${error.message}\n` }))
        .then(({ code, stdout, stderr }) => {
          if (stderr) channel.stderr.write(stderr);
          if (stdout) channel.write(stdout);
          channel.exit(code);
          channel.end();
        });
    });
  }

  #methods(): ("publickey" | "password")[] {
    return this.#passwordAllowed() ? ["publickey", "password"] : ["publickey"];
  }

  #passwordAllowed(): boolean {
    const sshd = this.config.os?.sshd as { disable_password_auth?: boolean } | undefined;
    return sshd?.disable_password_auth !== true;
  }

  #allows(context: AuthContext): boolean {
    if (context.username !== "rancher") return false;
    if (context.method === "password") {
      const password = this.config.os?.password ?? "";
      // A crypt hash would need the C library's crypt; such an installation is reached by key.
      return (
        this.#passwordAllowed() &&
        !password.startsWith("$") &&
        password !== "" &&
        same(password, context.password)
      );
    }
    if (context.method !== "publickey") return false;
    return (this.config.os?.ssh_authorized_keys ?? []).some((line) => {
      const known = utils.parseKey(line);
      if (known instanceof Error || known.type !== context.key.algo) return false;
      if (!known.getPublicSSH().equals(context.key.data)) return false;
      if (context.signature === undefined || context.blob === undefined) return true;
      return known.verify(context.blob, context.signature, context.hashAlgo) === true;
    });
  }
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
