/** An SSH server on loopback that runs what it is told in a shell of this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Server, utils } from "ssh2";

/** A running server. */
export interface TestSshServer {
  port: number;
  /** Its public key, as in authorized_keys. */
  hostKey: string;
  /** Private key of the one user who may log in. */
  userKey: string;
  stop(): void;
}

/** Starts a server that accepts one user's key, or a password. */
export async function startSshServer(user: string, password: string): Promise<TestSshServer> {
  const [host, owner] = [utils.generateKeyPairSync("ed25519"), utils.generateKeyPairSync("ed25519")];
  const allowed = utils.parseKey(owner.public);
  if (allowed instanceof Error) throw allowed;
  const connections = new Set<{ end(): unknown }>();
  const server = new Server({ hostKeys: [host.private] }, (connection) => {
    connections.add(connection);
    connection.on("error", () => {});
    connection.on("close", () => connections.delete(connection));
    connection.on("authentication", (login) => {
      if (login.username !== user) return login.reject();
      if (login.method === "password" && login.password === password) return login.accept();
      if (login.method !== "publickey" || !login.key.data.equals(allowed.getPublicSSH()))
        return login.reject();
      if (!login.signature || !login.blob) return login.accept();
      if (allowed.verify(login.blob, login.signature, login.hashAlgo) === true) return login.accept();
      login.reject();
    });
    connection.on("session", (accept) => {
      const environment: Record<string, string> = {};
      const session = accept();
      session.on("env", (_accept, _reject, { key, val }) => {
        environment[key] = val;
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        const child = spawn("/bin/sh", ["-c", command], { env: { ...process.env, ...environment } });
        child.stdin.on("error", () => {});
        channel.pipe(child.stdin);
        child.stdout.pipe(channel, { end: false });
        child.stderr.pipe(channel.stderr, { end: false });
        child.on("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    hostKey: host.public,
    userKey: owner.private,
    stop: () => {
      for (const connection of connections) connection.end();
      server.close();
    },
  };
}

/** A public key that no server has. */
export function strangersKey(): string {
  return utils.generateKeyPairSync("ed25519").public;
}
