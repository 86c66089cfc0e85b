/**
 * One request to the VIP and its answer, and how requests find their handlers.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** The largest body the VIP's own API reads; what goes to the Kubernetes API is passed on unread. */
const MAX_BODY = 1024 * 1024;

/** A request being answered. */
export class Exchange {
  readonly url: URL;

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
  ) {
    this.url = new URL(request.url ?? "/", "https://vip");
  }

  get path(): string {
    return this.url.pathname;
  }

  /** A header's first value. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The whole body as text. */
  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.request) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY)
        throw new ApiError(413, "RequestEntityTooLarge", "The request's body is too large.");
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** The body as a JSON object. */
  async json(): Promise<Record<string, unknown>> {
    const body = await this.text();
    try {
      return body === "" ? {} : (JSON.parse(body) as Record<string, unknown>);
    } catch {
      throw new ApiError(422, "InvalidBodyContent", "The request's body is not JSON.");
    }
  }

  replyText(status: number, body: string, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { "content-type": "text/plain", ...headers });
    this.response.end(body);
  }

  replyJson(status: number, body: object, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { "content-type": "application/json", ...headers });
    this.response.end(JSON.stringify(body));
  }
}

/** An error that is told to the caller as Rancher's API does. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** Which requests a handler answers. */
export interface Route {
  /** Any method when absent. */
  method?: string;
  path: RegExp;
  /** Value of the query parameter `action`, as Rancher's API uses it. */
  action?: string;
  handle(exchange: Exchange): Promise<void>;
}

/** Finds the route of a request and runs it; every error becomes an answer. */
export async function dispatch(routes: Route[], exchange: Exchange): Promise<void> {
  try {
    const route = routes.find(
      (r) =>
        r.path.test(exchange.path) &&
        (r.method === undefined || r.method === exchange.request.method) &&
        (r.action === undefined || r.action === exchange.url.searchParams.get("action")),
    );
    if (!route) throw new ApiError(404, "NotFound", `There is nothing at ${exchange.path}.`);
    await route.handle(exchange);
  } catch (error) {
    if (exchange.response.headersSent) {
      exchange.response.destroy();
      return;
    }
    const known = error instanceof ApiError;
    const status = known ? error.status : 503;
    exchange.replyJson(status, {
      type: "error",
      baseType: "error",
      status: String(status),
      code: known ? error.code : "ServiceUnavailable",
      message: error instanceof Error ? error.message : String(error),
    });
  }
}
