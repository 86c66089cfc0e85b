import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A download host on loopback that serves one file, and misbehaves on request. */
export class DownloadHost {
  readonly requests: { method: string; range: string | undefined }[] = [];
  #server: Server;
  /** Breaks off each of the next answers after that many bytes. */
  breakAfter: number[] = [];
  /** Whether it knows ranges. */
  ranges = true;
  /** Answers with this status instead of the file. */
  status: number | undefined;

  private constructor(private readonly content: Buffer) {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(content: Buffer): Promise<DownloadHost> {
    const host = new DownloadHost(content);
    await new Promise<void>((resolve) => host.#server.listen(0, "127.0.0.1", resolve));
    return host;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/releases/tool.tar.gz`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const range = request.headers.range;
    this.requests.push({ method: request.method ?? "", range });
    if (this.status !== undefined) {
      response.writeHead(this.status).end();
      return;
    }
    const start = this.ranges && range ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0;
    if (start >= this.content.length) {
      response.writeHead(416).end();
      return;
    }
    const body = this.content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length });
    if (request.method === "HEAD") {
      response.end();
      return;
    }
    const limit = this.breakAfter.shift();
    if (limit === undefined) {
      response.end(body);
      return;
    }
    // The bytes must have left before the connection is cut.
    response.write(body.subarray(0, limit), () => setImmediate(() => response.socket?.destroy()));
  }
}
