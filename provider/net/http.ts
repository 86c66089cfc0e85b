/**
 * One HTTP request to one server, with a deadline, a trust policy and failures told apart. On Node's own `https`:
 * the certificate is judged after the handshake and before a byte of the request (which may carry a password) is sent.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { authoritiesFor, judge, type Trust, UntrustedCertificate } from "./trust";

/** Why no answer came. `refused` and `unreachable` and `name` and `untrusted`: the request was certainly not processed. */
export type Silence = "refused" | "unreachable" | "name" | "timeout" | "reset" | "untrusted" | "not-http";

/** Thrown where no HTTP answer came. */
export class NoAnswer extends Error {
  constructor(
    readonly silence: Silence,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "NoAnswer";
  }
}

/** A request. */
export interface HttpRequest {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query, absolute. */
  path: string;
  headers?: Record<string, string>;
  body?: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

/** An answer, read to its end. */
export interface HttpAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Answers of an API are small; more than this is something else answering. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A connection that takes longer will not come about; without a limit the attempt would outlive its request. */
const CONNECT_MS = 15_000;

/** A server, reached over connections that are kept for further requests. */
export class HttpServer {
  readonly #url: URL;
  readonly #agent: HttpAgent;

  constructor(
    readonly baseUrl: string,
    trust: Trust,
  ) {
    this.#url = new URL(baseUrl);
    const host = this.#url.hostname.replace(/^\[|\]$/g, "");
    this.#agent =
      this.#url.protocol === "https:" ? trustingAgent(host, trust) : new HttpAgent({ keepAlive: true });
  }

  /** Sends a request. Throws `NoAnswer`, or the signal's reason. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const outgoing = httpRequest({
        agent: this.#agent,
        protocol: this.#url.protocol,
        host: this.#url.hostname.replace(/^\[|\]$/g, ""),
        port: this.#url.port || (this.#url.protocol === "https:" ? 443 : 80),
        method: request.method,
        path: this.#url.pathname.replace(/\/$/, "") + request.path,
        headers: {
          ...(request.body === undefined
            ? {}
            : { "content-length": String(Buffer.byteLength(request.body)) }),
          ...request.headers,
        },
      });
      const abort = () => outgoing.destroy(signal?.reason);
      const timer = setTimeout(() => {
        outgoing.destroy(new NoAnswer("timeout", `no answer within ${request.timeoutMs / 1000} s`));
      }, request.timeoutMs);
      const done = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        settle();
      };
      signal?.addEventListener("abort", abort, { once: true });
      const fail = (error: Error) => done(() => reject(signal?.aborted ? signal.reason : noAnswer(error)));
      outgoing.on("error", fail);
      outgoing.on("response", (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > MOST_BYTES) outgoing.destroy(new NoAnswer("not-http", "the answer is far too long"));
          else chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () =>
          done(() =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString("utf8"),
            }),
          ),
        );
      });
      outgoing.end(request.body);
    });
  }

  /** Ends the connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** An agent that hands out a connection only after the server has been judged. */
function trustingAgent(host: string, trust: Trust): HttpsAgent {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 6 });
  agent.createConnection = (options, created) => {
    const socket = tlsConnect({
      host: options.host ?? host,
      port: Number(options.port),
      ...(isIP(host) ? {} : { servername: host }),
      ca: authoritiesFor(trust),
      rejectUnauthorized: false,
      ALPNProtocols: ["http/1.1"],
    });
    const failed = (error: Error) => {
      clearTimeout(limit);
      created?.(error, socket);
    };
    const limit = setTimeout(() => {
      socket.destroy(new NoAnswer("timeout", `no connection within ${CONNECT_MS / 1000} s`));
    }, CONNECT_MS).unref();
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      clearTimeout(limit);
      socket.removeListener("error", failed);
      try {
        judge(socket, host, trust);
        created?.(null, socket);
      } catch (error) {
        socket.destroy();
        created?.(error as Error, socket);
      }
    });
    return undefined as never;
  };
  return agent;
}

/** Tells failures apart. */
function noAnswer(error: Error): Error {
  if (error instanceof NoAnswer) return error;
  const wrap = (silence: Silence, text: string) => new NoAnswer(silence, text, { cause: error });
  if (error instanceof UntrustedCertificate) return wrap("untrusted", error.reason);
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ECONNREFUSED":
      return wrap("refused", "connection refused");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "EADDRNOTAVAIL":
      return wrap("unreachable", "no route to it");
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return wrap("name", "its name cannot be resolved");
    case "ETIMEDOUT":
      return wrap("timeout", "no answer");
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
      return wrap("reset", "the connection was cut");
    default:
      if (code?.startsWith("HPE_") || code?.startsWith("ERR_SSL") || code === "EPROTO") {
        return wrap("not-http", `what answers there does not speak the protocol (${code})`);
      }
      return wrap("reset", error.message || String(code));
  }
}
