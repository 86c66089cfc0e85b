/**
 * HTTPS requests with certificates of a cluster, to a list of equal servers: the first that answers is kept until it fails.
 */
import type * as http from "node:http";
import * as https from "node:https";

/** How to reach and to trust a set of equal servers, and who asks. */
export interface HttpsTarget {
  /** Base URLs such as `https://127.77.0.11:6443`. */
  servers: string[];
  ca?: string;
  /** Client certificate. */
  cert?: string;
  key?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Only for the first contact with a server whose CA is not known yet. */
  insecure?: boolean;
}

/** An answer with its whole body. */
export interface HttpsAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A request; the body is sent as it is. */
export interface HttpsRequest {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A keep-alive client. A server that cannot be reached is skipped; an answer of any status is an answer. */
export class HttpsClient {
  readonly agent: https.Agent;
  #servers: string[];

  constructor(readonly target: HttpsTarget) {
    this.#servers = [...target.servers];
    this.agent = new https.Agent({
      keepAlive: true,
      ca: target.ca,
      cert: target.cert,
      key: target.key,
      rejectUnauthorized: !target.insecure,
    });
  }

  /** Replaces the list of servers, as the node's load balancer does when the cluster changes; an empty list is ignored. */
  setServers(servers: string[]): void {
    if (servers.length === 0) return;
    const current = this.#servers[0];
    this.#servers =
      current && servers.includes(current)
        ? [current, ...servers.filter((s) => s !== current)]
        : [...servers];
  }

  /** Servers in the order they would be asked. */
  get servers(): readonly string[] {
    return this.#servers;
  }

  /** Sends a request and reads the whole answer. */
  async send(request: HttpsRequest): Promise<HttpsAnswer> {
    const response = await this.stream(request);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
  }

  /** Sends a request and hands back the answer as a stream. */
  async stream(request: HttpsRequest): Promise<http.IncomingMessage> {
    let last: unknown;
    for (const server of [...this.#servers]) {
      try {
        return await this.#once(server, request);
      } catch (error) {
        if (request.signal?.aborted) throw error;
        last = error;
        this.#servers = [...this.#servers.filter((s) => s !== server), server];
      }
    }
    throw last ?? new Error("There is no server to ask.");
  }

  close(): void {
    this.agent.destroy();
  }

  #once(server: string, request: HttpsRequest): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = https.request(
        new URL(request.path, server),
        {
          method: request.method ?? "GET",
          agent: this.agent,
          headers: { ...this.target.headers, ...request.headers },
          signal: request.signal,
          timeout: request.timeoutMs ?? 10_000,
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`No answer from ${server} in time.`)));
      outgoing.on("error", reject);
      outgoing.end(request.body);
    });
  }
}
