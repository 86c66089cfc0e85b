/**
 * A node's way into a cluster: what it asks at https://VIP with nothing but the cluster token.
 */
import { randomBytes } from "node:crypto";
import { type HttpsAnswer, HttpsClient } from "./https-client";
import type { NodeIdentity } from "./identity";
import type { PlannedRoles, ServerBootstrap } from "./promotion";
import { type ConnectAnswer, caProof, tokenProof } from "./vip/join";

/** The cluster has answered, and the answer is no. */
export class GateRefusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Where the cluster is said to be, and who asks. */
export interface GateOptions {
  /** Base URL of the VIP. */
  server: string;
  token: string;
  identity: NodeIdentity;
  /** The VIP's CA, where it is known. */
  ca?: string;
}

/** A connection to the cluster's join protocol. */
export class Gate {
  readonly #http: HttpsClient;

  constructor(private readonly options: GateOptions) {
    this.#http = new HttpsClient({ servers: [options.server], ca: options.ca });
  }

  /** The VIP's CA, believed because whoever sent it knows the cluster token. */
  static async provenCa({ server, token, identity }: GateOptions, signal: AbortSignal): Promise<string> {
    const nonce = randomBytes(16).toString("hex");
    const http = new HttpsClient({ servers: [server], insecure: true });
    try {
      const answer = await send(http, {
        path: "/v1-rancheros/cacerts",
        headers: {
          "x-cattle-nonce": nonce,
          "x-cattle-node-name": identity.hostname,
          authorization: `Bearer ${tokenProof(token)}`,
        },
        signal,
      });
      if (answer.headers["x-cattle-hash"] !== caProof(token, nonce, answer.body)) {
        throw new Error(`${server} does not know the cluster token: response hash does not match.`);
      }
      return answer.body;
    } finally {
      http.close();
    }
  }

  /** Tells Rancher of this installation: its Machine exists from then on. */
  async connect(signal: AbortSignal): Promise<ConnectAnswer> {
    const { identity } = this.options;
    const headers = {
      authorization: this.#bearer(),
      "x-cattle-id": identity.machineId,
      "x-cattle-node-name": identity.hostname,
      "x-cattle-address": identity.address,
    };
    const answer = await send(this.#http, { path: "/v3/connect/agent", headers, signal });
    return JSON.parse(answer.body) as ConnectAnswer;
  }

  /** What the node is to run. */
  async plan(signal: AbortSignal): Promise<PlannedRoles> {
    const headers = {
      authorization: this.#bearer(),
      "x-cattle-machine": this.options.identity.machineObject,
    };
    const answer = await send(this.#http, { path: "/v3/connect/plan", headers, signal });
    return JSON.parse(answer.body) as PlannedRoles;
  }

  /** What makes a server of this cluster. */
  async serverBootstrap(signal: AbortSignal): Promise<ServerBootstrap> {
    const headers = { authorization: this.#basic("server") };
    const answer = await send(this.#http, { path: "/v1-rke2/server-bootstrap", headers, signal });
    return JSON.parse(answer.body) as ServerBootstrap;
  }

  /** CA of the API servers. */
  async serverCa(signal: AbortSignal): Promise<string> {
    const headers = { authorization: this.#basic("node") };
    return (await send(this.#http, { path: "/v1-rke2/server-ca.crt", headers, signal })).body;
  }

  /** Base URLs of the API servers. */
  async apiServers(signal?: AbortSignal): Promise<string[]> {
    const headers = { authorization: this.#basic("node") };
    const answer = await send(this.#http, { path: "/v1-rke2/apiservers", headers, signal });
    return JSON.parse(answer.body) as string[];
  }

  /** Has the kubelet's signing request signed; the password binds the node's name to this installation. */
  async kubeletCertificate(request: string, password: string, signal: AbortSignal): Promise<string> {
    const headers = {
      authorization: this.#basic("node"),
      "rke2-node-name": this.options.identity.hostname,
      "rke2-node-password": password,
    };
    const path = "/v1-rke2/client-kubelet.crt";
    return (await send(this.#http, { method: "POST", path, headers, body: request, signal })).body;
  }

  close(): void {
    this.#http.close();
  }

  #bearer(): string {
    return "Bearer " + Buffer.from(this.options.token).toString("base64");
  }

  #basic(user: "node" | "server"): string {
    return "Basic " + Buffer.from(`${user}:${this.options.token}`).toString("base64");
  }
}

async function send(http: HttpsClient, request: Parameters<HttpsClient["send"]>[0]): Promise<HttpsAnswer> {
  const answer = await http.send(request);
  if (answer.status !== 200) {
    const message = `${request.path} answered ${answer.status}: ${answer.body.slice(0, 300)}`;
    throw new GateRefusal(answer.status, message);
  }
  return answer;
}
