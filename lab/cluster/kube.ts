/**
 * A small client of the Kubernetes API for the software of the lab's nodes.
 */
import { HttpsClient, type HttpsTarget } from "./https-client";

/** Metadata of an object, as far as the lab uses it. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: Record<string, unknown>[];
}

/** Any Kubernetes object. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  // biome-ignore lint/suspicious/noExplicitAny: objects of the API have no common shape beyond their metadata
  [field: string]: any;
}

/** The API server refused a request. */
export class KubeError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "KubeError";
  }
}

/** True for the answer "there is no such object" (or no such kind yet). */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}

/** True when the object exists already or was changed by somebody else in between. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409;
}

/** True when the request itself is wrong: asking again cannot help. */
export function isInvalid(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 400 || error.status === 422);
}

/** A resource of the API: where objects of one kind live. */
export interface Resource {
  /** `v1`, `apps/v1`, ... */
  apiVersion: string;
  plural: string;
  namespaced: boolean;
}

/** The path of a collection, or with a name the path of one object. */
export function resourcePath(resource: Resource, namespace?: string, name?: string): string {
  const root = resource.apiVersion.includes("/")
    ? `/apis/${resource.apiVersion}`
    : `/api/${resource.apiVersion}`;
  const scope = resource.namespaced ? `/namespaces/${namespace ?? "default"}` : "";
  return `${root}${scope}/${resource.plural}${name ? "/" + name : ""}`;
}

/** Talks to the API servers of one cluster with one identity. */
export class KubeClient {
  readonly http: HttpsClient;

  constructor(target: HttpsTarget) {
    this.http = new HttpsClient(target);
  }

  async get(resource: Resource, name: string, namespace?: string): Promise<KubeObject> {
    return this.request("GET", resourcePath(resource, namespace, name));
  }

  /** The object, or undefined when there is none. */
  async find(resource: Resource, name: string, namespace?: string): Promise<KubeObject | undefined> {
    try {
      return await this.get(resource, name, namespace);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** All objects of a kind, of every namespace when none is given. */
  async list(resource: Resource, namespace?: string, query = ""): Promise<KubeObject[]> {
    const path = resourcePath(
      { ...resource, namespaced: resource.namespaced && namespace !== undefined },
      namespace,
    );
    const answer = await this.request("GET", path + query);
    return answer.items as KubeObject[];
  }

  async create(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.request("POST", resourcePath(resource, object.metadata.namespace), object);
  }

  /** Creates the object unless it exists; what exists is left as it is and returned. */
  async ensure(resource: Resource, object: KubeObject): Promise<KubeObject> {
    try {
      return await this.create(resource, object);
    } catch (error) {
      if (!isConflict(error)) throw error;
      return this.get(resource, object.metadata.name, object.metadata.namespace);
    }
  }

  async replace(resource: Resource, object: KubeObject): Promise<KubeObject> {
    return this.request(
      "PUT",
      resourcePath(resource, object.metadata.namespace, object.metadata.name),
      object,
    );
  }

  /** A JSON merge patch; `subresource` such as `status`. */
  async merge(
    resource: Resource,
    name: string,
    patch: object,
    options: { namespace?: string; subresource?: "status" } = {},
  ): Promise<KubeObject> {
    return this.#patch("application/merge-patch+json", resource, name, patch, options);
  }

  /** A strategic merge patch: lists such as conditions are merged by key. For Kubernetes' own kinds only. */
  async patch(
    resource: Resource,
    name: string,
    patch: object,
    options: { namespace?: string; subresource?: "status" } = {},
  ): Promise<KubeObject> {
    return this.#patch("application/strategic-merge-patch+json", resource, name, patch, options);
  }

  /** Deletes an object as kubectl does: what depends on it is nobody's reason to wait. */
  async delete(resource: Resource, name: string, namespace?: string): Promise<void> {
    try {
      const path = resourcePath(resource, namespace, name);
      await this.request("DELETE", `${path}?propagationPolicy=Background`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Any request; the answer is parsed as JSON, a refusal becomes a KubeError. */
  async request(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<KubeObject> {
    const answer = await this.http.send({
      method,
      path,
      headers: body === undefined ? {} : { "content-type": contentType },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status >= 400) throw refusal(answer.status, answer.body, `${method} ${path}`);
    return JSON.parse(answer.body) as KubeObject;
  }

  close(): void {
    this.http.close();
  }

  #patch(
    type: string,
    resource: Resource,
    name: string,
    patch: object,
    options: { namespace?: string; subresource?: "status" },
  ): Promise<KubeObject> {
    const path = resourcePath(resource, options.namespace, name);
    return this.request("PATCH", options.subresource ? `${path}/${options.subresource}` : path, patch, type);
  }
}

function refusal(status: number, body: string, what: string): KubeError {
  try {
    const parsed = JSON.parse(body) as { message?: string; reason?: string };
    return new KubeError(status, parsed.reason ?? "", `${what}: ${parsed.message ?? status}`);
  } catch {
    return new KubeError(status, "", `${what}: HTTP ${status} ${body.slice(0, 200)}`);
  }
}
