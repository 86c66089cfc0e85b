/** Single objects of the Kubernetes API behind a cluster's VIP. */
import type { HttpAnswer } from "../net/http";
import { expectOk } from "./errors";

/** An object as far as every object is alike. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
  };
}

/** Sends one request; the path begins after `/k8s/clusters/local`. */
export type KubeSend = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: object,
  contentType?: string,
) => Promise<HttpAnswer>;

/**
 * Reads and writes objects by their paths. `what` says in errors what was being done: "deleting the Machine custom-1". Throws `NoAnswer`,
 * and `HarvesterError` where the cluster refuses.
 */
export class KubeApi {
  constructor(private readonly send: KubeSend) {}

  /** An object; undefined where there is none. */
  async find<T extends KubeObject>(path: string, what: string): Promise<T | undefined> {
    const answer = await this.send("GET", path);
    return answer.status === 404 ? undefined : (JSON.parse(expectOk(answer, what).body) as T);
  }

  /** Creates an object. False where there is one already. */
  async create(path: string, object: object, what: string): Promise<boolean> {
    const answer = await this.send("POST", path, object);
    if (answer.status === 409) return false;
    expectOk(answer, what);
    return true;
  }

  /** Replaces an object as it was read. False where somebody has changed it since, or removed it. */
  async replace(path: string, object: KubeObject, what: string): Promise<boolean> {
    const answer = await this.send("PUT", path, object);
    if (answer.status === 409 || answer.status === 404) return false;
    expectOk(answer, what);
    return true;
  }

  /** Merges a change into an object; null removes a value [RFC 7386]. */
  async merge(path: string, change: object, what: string): Promise<void> {
    expectOk(await this.send("PATCH", path, change, "application/merge-patch+json"), what);
  }

  /** Asks for the deletion of an object; finalizers are left to those who set them. Nothing where there is none. */
  async remove(path: string, what: string): Promise<void> {
    const answer = await this.send("DELETE", path);
    if (answer.status !== 404) expectOk(answer, what);
  }

  /** Creates what is asked for on an object, such as the eviction of a pod. Returns the HTTP status of a refusal, if it is one of these. */
  async ask(path: string, object: object, what: string, refusals: readonly number[]): Promise<number> {
    const answer = await this.send("POST", path, object);
    if (!refusals.includes(answer.status)) expectOk(answer, what);
    return answer.status;
  }
}
