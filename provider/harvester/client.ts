/**
 * Talks to a Harvester cluster through its VIP: Rancher's API for the login, and the Kubernetes API behind it.
 *
 * The certificate is judged before a password is sent: its authority is the pinned one, or, where nothing is pinned yet,
 * the one that the cluster shows the first time, which the caller records.
 */
import { parse, stringify } from "yaml";
import { type HttpAnswer, type HttpRequest, HttpServer } from "../net/http";
import { poll } from "../net/retry";
import { certificatesIn, fingerprintOf, normaliseFingerprint, type Trust } from "../net/trust";
import { secrets } from "../shell/secrets";
import { atShutdown } from "../shell/shutdown";
import { expectOk } from "./errors";
import { KubeApi, type KubeObject } from "./kube-api";
import { type KubeNode, type NodeFacts, nodeFacts } from "./node-facts";

/** One request to a cluster; failing over the VIP takes longer than a request is waited for, and the caller asks again. */
const REQUEST_MS = 10_000;

/** A greeting; what does not answer by then is taken for silent. */
const GREETING_MS = 4000;

/** How long a cluster is asked again that says "not now" (HTTP 429), as an API server does while it opens its storage. */
const BUSY_MS = 15_000;

/** How long a login of ours lasts at the longest. It is ended when the provider ends. */
const SESSION_MS = 4 * 3600 * 1000;

/** An unauthenticated look at whatever answers at a base URL. */
export interface Greeting {
  /** Whether it answers as Rancher does (`/ping` says `pong`). */
  pong: boolean;
  /** HTTP status of `/ping`. */
  status: number;
  /** PEM of the authority behind its certificate, as it says itself (`/cacerts`); empty when it says none, undefined when it cannot say. */
  ca: string | undefined;
}

/** Looks, over a connection whose certificate nobody has judged: nothing secret is sent. Throws `NoAnswer`. */
export async function greet(url: string, signal: AbortSignal): Promise<Greeting> {
  const server = new HttpServer(url, { insecure: true });
  const get = (path: string) => server.send({ method: "GET", path, timeoutMs: GREETING_MS, signal });
  try {
    const ping = await get("/ping");
    const ca = await get("/cacerts");
    return {
      pong: ping.status === 200 && ping.body.trim() === "pong",
      status: ping.status,
      ca: ca.status === 200 ? ca.body : ca.status < 500 ? "" : undefined,
    };
  } finally {
    server.close();
  }
}

/** How a cluster is reached and trusted. */
export interface HarvesterOptions {
  /** Base URL. */
  url: string;
  /** The authority as the cluster shows it. */
  ca: string;
  /** SHA-256 fingerprint that the authority must have. */
  pinned?: string | undefined;
  /** Token of a kubeconfig that this cluster's Rancher made; then nobody has to log in. */
  token?: string;
}

/** A login at a cluster. */
export class HarvesterClient {
  /** Fingerprint of the authority behind the cluster's certificate; empty where the system's authorities vouch for it. */
  readonly caFingerprint: string;
  /** Objects of the Kubernetes API. */
  readonly kube = new KubeApi((method, path, body, contentType) =>
    this.#send(method, `/k8s/clusters/local${path}`, body, { contentType }),
  );
  readonly #server: HttpServer;
  readonly #options: HarvesterOptions;
  #token = "";

  constructor(options: HarvesterOptions) {
    this.#options = options;
    const [authority] = certificatesIn(options.ca);
    this.caFingerprint = authority === undefined ? "" : fingerprintOf(authority);
    this.#server = new HttpServer(options.url, this.#trust());
    if (options.token !== undefined) {
      this.#token = options.token;
      secrets.add(options.token);
    }
  }

  /** Logs in as `admin`. Returns whether the password was right. */
  async login(password: string): Promise<boolean> {
    const body = { username: "admin", password, responseType: "json", ttl: SESSION_MS, description: "metal" };
    const answer = await this.#send("POST", "/v3-public/localProviders/local?action=login", body);
    if (answer.status === 401) return false;
    this.#token = (JSON.parse(expectOk(answer, "logging in").body) as { token: string }).token;
    secrets.add(this.#token);
    atShutdown(`login at ${this.#options.url}`, () => this.#logout());
    return true;
  }

  /** Changes the password of the user who is logged in. The login stays. */
  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    const answer = await this.#send("POST", "/v3/users?action=changepassword", {
      currentPassword,
      newPassword,
    });
    expectOk(answer, "changing the admin password");
  }

  /** Whether Harvester itself says that it is ready. */
  async ready(): Promise<boolean> {
    return (await this.#send("GET", "/v1/harvester/cluster/local")).status < 300;
  }

  /** The nodes. */
  async nodes(): Promise<NodeFacts[]> {
    const { items } = (await this.#kube("GET", "/api/v1/nodes", "listing the nodes")) as {
      items: KubeNode[];
    };
    return items.map(nodeFacts);
  }

  /** What stands at a path of the Kubernetes API that lists; nothing where the cluster does not know the kind. */
  async list<T>(path: string): Promise<T[]> {
    const answer = await this.#send("GET", `/k8s/clusters/local${path}`);
    if (answer.status === 404) return [];
    return (JSON.parse(expectOk(answer, `listing ${path}`).body) as { items: T[] }).items;
  }

  /** A kubeconfig with a token of its own, whose server is the URL that the cluster is reached at from here. */
  async kubeconfig(): Promise<string> {
    const path = "/v1/management.cattle.io.clusters/local?action=generateKubeconfig";
    const answer = expectOk(await this.#send("POST", path, {}), "generating a kubeconfig");
    const { config } = JSON.parse(answer.body) as { config: string };
    const parsed = parse(config) as {
      clusters: { cluster: { server: string } }[];
      users?: { user?: { token?: string } }[];
    };
    for (const { user } of parsed.users ?? []) if (user?.token !== undefined) secrets.add(user.token);
    for (const { cluster } of parsed.clusters) {
      cluster.server = this.#options.url + new URL(cluster.server).pathname;
    }
    return stringify(parsed);
  }

  /** Whether a kubeconfig that was generated earlier still works. */
  async accepts(kubeconfig: string): Promise<boolean> {
    const parsed = parse(kubeconfig) as { users?: { user?: { token?: string } }[] };
    const token = parsed.users?.[0]?.user?.token;
    if (token === undefined) return false;
    const answer = await this.#send("GET", "/k8s/clusters/local/api/v1/namespaces/default", undefined, {
      token,
    });
    return answer.status === 200;
  }

  /** Holder of a Lease; undefined when there is none. */
  async leaseHolder(namespace: string, name: string): Promise<string | undefined> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
    const lease = await this.kube.find<KubeObject & { spec?: { holderIdentity?: string } }>(
      path,
      `reading the lease ${name}`,
    );
    return lease?.spec?.holderIdentity;
  }

  /** Data of a ConfigMap; undefined when there is none. */
  async configMap(namespace: string, name: string): Promise<Record<string, string> | undefined> {
    const found = await this.kube.find<KubeObject & { data?: Record<string, string> }>(
      configMapPath(namespace, name),
      `reading the ConfigMap ${name}`,
    );
    return found && (found.data ?? {});
  }

  /** Sets labels of a node by server-side apply; its other labels stay. */
  async labelNode(name: string, labels: Record<string, string>): Promise<void> {
    const object = { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
    await this.#kube(
      "PATCH",
      `/api/v1/nodes/${name}?fieldManager=harvester-stack&force=true`,
      `labelling the node ${name}`,
      object,
    );
  }

  /** Writes a ConfigMap by server-side apply, unless it already holds this. */
  async applyConfigMap(namespace: string, name: string, data: Record<string, string>): Promise<void> {
    const present = await this.configMap(namespace, name);
    if (present !== undefined && Object.entries(data).every(([key, value]) => present[key] === value)) return;
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
    await this.#kube(
      "PATCH",
      `${configMapPath(namespace, name)}?fieldManager=harvester-stack&force=true`,
      `writing the ConfigMap ${name}`,
      object,
    );
  }

  async #kube(method: HttpRequest["method"], path: string, what: string, body?: object): Promise<unknown> {
    const answer = await this.#send(method, `/k8s/clusters/local${path}`, body);
    return JSON.parse(expectOk(answer, what).body);
  }

  #send(
    method: HttpRequest["method"],
    path: string,
    body?: object,
    { token = this.#token, contentType }: { token?: string; contentType?: string | undefined } = {},
  ): Promise<HttpAnswer> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (token !== "") headers.authorization = `Bearer ${token}`;
    if (body !== undefined) {
      const usual = method === "PATCH" ? "application/apply-patch+yaml" : "application/json";
      headers["content-type"] = contentType ?? usual;
    }
    return unlessBusy(() =>
      this.#server.send({
        method,
        path,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs: REQUEST_MS,
      }),
    );
  }

  #trust(): Trust {
    const { ca, pinned } = this.#options;
    const fingerprint = pinned !== undefined ? normaliseFingerprint(pinned) : this.caFingerprint;
    return fingerprint === "" ? {} : { fingerprint, candidates: ca };
  }

  async #logout(): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}` };
    // Not by the operation's signal: a cancelled run should leave no login behind either.
    await this.#server.send({ method: "POST", path: "/v3/tokens?action=logout", headers, timeoutMs: 2000 });
    this.#server.close();
  }
}

function configMapPath(namespace: string, name: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps/${name}`;
}

/** A request that was answered with "not now" was not carried out, so that any may be repeated. */
async function unlessBusy(send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  let last: HttpAnswer | undefined;
  const ask = async () => {
    last = await send();
    return last.status === 429 ? undefined : last;
  };
  return (await poll(ask, { everyMs: 500, deadlineMs: BUSY_MS })) ?? last!;
}
