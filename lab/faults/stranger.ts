import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { type CertificateFiles, selfSigned } from "../pki";

/** A thing on the network that is no Harvester: it answers at an address that somebody else is meant to have. */
export class Stranger {
  private constructor(private readonly server: Server) {}

  static async start(address: string, port: number, siteDir: string): Promise<Stranger> {
    const files: CertificateFiles = {
      certificate: join(siteDir, "stranger.pem"),
      key: join(siteDir, "stranger-key.pem"),
    };
    await selfSigned(address, files);
    const server = createServer(
      { cert: readFileSync(files.certificate), key: readFileSync(files.key) },
      (_, response) => response.writeHead(404, { server: "lab-printer/1.0" }).end("no such page\n"),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, address, resolve);
    });
    return new Stranger(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
