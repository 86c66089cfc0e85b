/**
 * A small client of the Kubernetes API: any kind, found by discovery. Node's own HTTP client, because a plugin is
 * started several times in each run and must be up at once.
 */
import http from "node:http";
import https from "node:https";
import type { Value, Values } from "../shell/values";
import type { Access } from "./kubeconfig";

/** How long one request may take. */
const REQUEST_MS = 30_000;

/** An object of the API. */
export interface KubernetesObject extends Values {
  apiVersion: string;
  kind: string;
  metadata: Values;
}

/** An answer of the API server that is not success. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** The API server does not know the kind. */
export class NoMatch extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind "${kind}" in version "${apiVersion}"`);
  }
}

/** How a kind is addressed. */
export interface Kind {
  plural: string;
  namespaced: boolean;
}

/** Parameters of a request's query. */
export type Query = Record<string, string | boolean | undefined>;

/** The API of one cluster. */
export class KubernetesApi {
  readonly #agent: http.Agent;
  readonly #kinds = new Map<string, Map<string, Kind>>();

  constructor(
    readonly access: Access,
    readonly userAgent: string,
  ) {
    this.#agent = access.server.startsWith("https:")
      ? new https.Agent({
          keepAlive: true,
          ca: access.ca,
          cert: access.certificate,
          key: access.key,
          rejectUnauthorized: !access.insecure,
          servername: access.serverName,
        })
      : new http.Agent({ keepAlive: true });
  }

  /** One request; the answer is an object, anything but success an ApiError. */
  async request(
    method: string,
    path: string,
    { query = {}, body, type = "application/json", signal }: RequestOptions = {},
  ): Promise<Values> {
    const url = new URL(this.access.server + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const { status, text } = await this.#send(
      method,
      url,
      body === undefined ? undefined : JSON.stringify(body),
      type,
      signal,
    );
    let answer: Values = {};
    try {
      answer = text ? JSON.parse(text) : {};
    } catch {
      if (status < 400) throw new Error(`${url.origin} did not answer like a Kubernetes API server`);
    }
    if (status >= 400) {
      const message = typeof answer.message === "string" ? answer.message : text.slice(0, 300);
      throw new ApiError(status, String(answer.reason ?? ""), message || `HTTP ${status}`);
    }
    return answer;
  }

  /** How a kind is addressed. */
  async kind(apiVersion: string, kind: string, signal?: AbortSignal): Promise<Kind> {
    let kinds = this.#kinds.get(apiVersion);
    if (!kinds?.has(kind)) {
      kinds = await this.#discover(apiVersion, signal);
      this.#kinds.set(apiVersion, kinds);
    }
    const found = kinds.get(kind);
    if (!found) throw new NoMatch(apiVersion, kind);
    return found;
  }

  /** The path of an object, or of its collection. */
  async path(object: Address, { collection = false, signal }: PathOptions = {}): Promise<string> {
    const { plural, namespaced } = await this.kind(object.apiVersion, object.kind, signal);
    const parts = [groupPath(object.apiVersion)];
    if (namespaced) parts.push("namespaces", object.namespace || this.access.namespace);
    parts.push(plural);
    if (!collection) parts.push(encodeURIComponent(object.name));
    return parts.join("/");
  }

  /** The object, or undefined where there is none. */
  async get(object: Address, signal?: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      return (await this.request("GET", await this.path(object, { signal }), { signal })) as KubernetesObject;
    } catch (error) {
      if (error instanceof NoMatch || (error instanceof ApiError && error.code === 404)) return undefined;
      throw error;
    }
  }

  async #discover(apiVersion: string, signal?: AbortSignal): Promise<Map<string, Kind>> {
    try {
      const list = await this.request("GET", groupPath(apiVersion), { signal });
      const resources = (list.resources ?? []) as { name: string; kind: string; namespaced: boolean }[];
      return new Map(
        resources
          .filter(({ name }) => !name.includes("/"))
          .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]),
      );
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return new Map();
      throw error;
    }
  }

  #send(
    method: string,
    url: URL,
    body: string | undefined,
    type: string,
    signal?: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> = { accept: "application/json", "user-agent": this.userAgent };
    if (this.access.token) headers.authorization = `Bearer ${this.access.token}`;
    if (body !== undefined) {
      headers["content-type"] = type;
      headers["content-length"] = String(Buffer.byteLength(body));
    }
    return new Promise((resolve, reject) => {
      const request = (url.protocol === "https:" ? https : http).request(
        url,
        { method, headers, agent: this.#agent, signal, timeout: REQUEST_MS },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      request.on("timeout", () =>
        request.destroy(new Error(`${url.origin} did not answer ${method} within ${REQUEST_MS / 1000} s`)),
      );
      request.on("error", (error) => reject(signal?.aborted ? signal.reason : error));
      request.end(body);
    });
  }
}

/** What identifies an object. */
export interface Address {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** The address of an object. */
export function addressOf(object: Values): Address {
  const metadata = (object.metadata ?? {}) as { name?: Value; namespace?: Value };
  return {
    apiVersion: String(object.apiVersion ?? ""),
    kind: String(object.kind ?? ""),
    namespace: typeof metadata.namespace === "string" ? metadata.namespace : undefined,
    name: typeof metadata.name === "string" ? metadata.name : "",
  };
}

interface RequestOptions {
  query?: Query;
  body?: Value;
  type?: string;
  signal?: AbortSignal;
}

interface PathOptions {
  collection?: boolean;
  signal?: AbortSignal;
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
