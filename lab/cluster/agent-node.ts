/**
 * A joining node: it asks the VIP again and again, as a real one does, until it is let in, and is a kubelet from then on.
 */
import { randomBytes } from "node:crypto";
import type { InstalledSystem, LabServices, MachineContext } from "../types";
import { createSigningRequest } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import { type HttpsAnswer, HttpsClient } from "./https-client";
import type { NodeIdentity } from "./identity";
import { KubeClient } from "./kube";
import { Kubelet } from "./kubelet";
import type { PlannedRoles, ServerBootstrap } from "./promotion";
import { timingFor } from "./timing";
import { type ConnectAnswer, caProof, tokenProof } from "./vip/join";
import { repeat, waitFor } from "./wait";

/** What the join left on the disk: with it a restarted node needs no VIP. */
interface JoinState {
  machineUid: string;
  apiServers: string[];
}

const JOIN_STATE = `${PATHS.agent}/etc/rke2-agent-load-balancer.json`;
const KUBELET = `${PATHS.agent}/client-kubelet`;
const SERVER_CA = `${PATHS.agent}/server-ca.crt`;
const VIP_CA = `${PATHS.agent}/rancher-ca.crt`;
/** A joining node never gives up; a deadline only bounds one life of the machine. */
const FOREVER_MS = 30 * 24 * 3600 * 1000;

/** A node without a control plane. */
export class AgentNode {
  #kube: KubeClient | undefined;
  #told = "";

  constructor(
    private readonly machine: MachineContext,
    private readonly system: InstalledSystem,
    private readonly lab: LabServices,
    private readonly disk: NodeDisk,
    private readonly identity: NodeIdentity,
    private readonly log: (line: string) => void,
    /** Called once, when the node's Machine says that it is to be a server. */
    private readonly promoted: (bootstrap: ServerBootstrap) => Promise<void>,
  ) {}

  /** Joins (once per installation) and keeps the node alive until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const timing = timingFor(this.lab.clock);
    const state = this.#saved() ?? (await this.#joinUntilAccepted(timing.joinRetryMs, signal));
    const kube = new KubeClient({
      servers: state.apiServers,
      ca: this.disk.read(SERVER_CA),
      cert: this.disk.read(`${KUBELET}.crt`),
      key: this.disk.read(`${KUBELET}.key`),
    });
    this.#kube = kube;
    const kubelet = new Kubelet(this.identity, this.machine.hardware, kube, timing, this.log);
    await waitFor(() => kubelet.start(state.machineUid, signal).then(() => true), {
      what: "the cluster to accept this node",
      timeoutMs: FOREVER_MS,
      intervalMs: timing.joinRetryMs,
      signal,
    });
    void repeat(
      () => this.#refreshServers(kube),
      timing.heartbeatMs * 4,
      signal,
      () => undefined,
    );
    void repeat(
      () => this.#followPlan(signal),
      timing.controllerMs,
      signal,
      (error) => this.#logOnce(`rancher-system-agent: ${error.message}`),
    );
  }

  stop(): void {
    this.#kube?.close();
  }

  /** A node asks for days; its journal tells each obstacle once. */
  #logOnce(line: string): void {
    if (line !== this.#told) this.log(line);
    this.#told = line;
  }

  #saved(): JoinState | undefined {
    const text = this.disk.read(JOIN_STATE);
    return text === undefined ? undefined : (JSON.parse(text) as JoinState);
  }

  async #joinUntilAccepted(intervalMs: number, signal: AbortSignal): Promise<JoinState> {
    return waitFor(
      async () => {
        try {
          return await this.#join(signal);
        } catch (error) {
          this.#logOnce(`rancherd: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        }
      },
      {
        what: `${this.system.config.server_url} to let this node in`,
        timeoutMs: FOREVER_MS,
        intervalMs,
        signal,
      },
    );
  }

  async #join(signal: AbortSignal): Promise<JoinState> {
    const token = this.system.config.token ?? "";
    const server = this.#serverUrl();
    const ca = await this.#provenCa(server, token, signal);
    const http = new HttpsClient({ servers: [server], ca });
    try {
      const machine = await this.#connect(http, token, signal);
      const basic = { authorization: "Basic " + Buffer.from(`node:${token}`).toString("base64") };
      const serverCa = await send(http, { path: "/v1-rke2/server-ca.crt", headers: basic, signal });
      const apiServers = await send(http, { path: "/v1-rke2/apiservers", headers: basic, signal });
      const { request, key } = await createSigningRequest(`system:node:${this.identity.hostname}`);
      const password = await this.disk.keep(PATHS.nodePassword, () => randomBytes(16).toString("hex"));
      const cert = await send(http, {
        method: "POST",
        path: "/v1-rke2/client-kubelet.crt",
        headers: { ...basic, "rke2-node-name": this.identity.hostname, "rke2-node-password": password },
        body: request,
        signal,
      });
      const state: JoinState = { machineUid: machine.machineUid, apiServers: JSON.parse(apiServers.body) };
      this.disk.write(VIP_CA, ca, 0o644);
      this.disk.write(SERVER_CA, serverCa.body, 0o644);
      this.disk.write(`${KUBELET}.crt`, cert.body, 0o644);
      this.disk.write(`${KUBELET}.key`, key);
      this.disk.write(JOIN_STATE, JSON.stringify(state));
      const { machine: name, hostname: node } = this.identity;
      this.lab.ledger.append({
        machine: name,
        event: "node-joined",
        node,
        server: this.system.config.server_url,
      });
      return state;
    } finally {
      http.close();
    }
  }

  /** The VIP's CA, believed because whoever sent it knows the cluster token. */
  async #provenCa(server: string, token: string, signal: AbortSignal): Promise<string> {
    const nonce = randomBytes(16).toString("hex");
    const http = new HttpsClient({ servers: [server], insecure: true });
    try {
      const answer = await send(http, {
        path: "/v1-rancheros/cacerts",
        headers: {
          "x-cattle-nonce": nonce,
          "x-cattle-node-name": this.identity.hostname,
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

  async #connect(http: HttpsClient, token: string, signal: AbortSignal): Promise<ConnectAnswer> {
    const answer = await send(http, {
      path: "/v3/connect/agent",
      headers: {
        authorization: "Bearer " + Buffer.from(token).toString("base64"),
        "x-cattle-id": this.identity.machineId,
        "x-cattle-node-name": this.identity.hostname,
        "x-cattle-address": this.identity.address,
      },
      signal,
    });
    return JSON.parse(answer.body) as ConnectAnswer;
  }

  async #followPlan(signal: AbortSignal): Promise<void> {
    const token = this.system.config.token ?? "";
    const http = this.#vipClient();
    try {
      const headers = {
        authorization: "Bearer " + Buffer.from(token).toString("base64"),
        "x-cattle-machine": this.identity.machineObject,
      };
      const plan = JSON.parse(
        (await send(http, { path: "/v3/connect/plan", headers, signal })).body,
      ) as PlannedRoles;
      if (!plan.etcd) return;
      const authorization = "Basic " + Buffer.from(`server:${token}`).toString("base64");
      const answer = await send(http, {
        path: "/v1-rke2/server-bootstrap",
        headers: { authorization },
        signal,
      });
      await this.promoted(JSON.parse(answer.body) as ServerBootstrap);
    } finally {
      http.close();
    }
  }

  async #refreshServers(kube: KubeClient): Promise<void> {
    const token = this.system.config.token ?? "";
    const http = this.#vipClient();
    try {
      const authorization = "Basic " + Buffer.from(`node:${token}`).toString("base64");
      const answer = await send(http, { path: "/v1-rke2/apiservers", headers: { authorization } });
      const apiServers = JSON.parse(answer.body) as string[];
      kube.http.setServers(apiServers);
      const saved = this.#saved();
      if (saved) this.disk.write(JOIN_STATE, JSON.stringify({ ...saved, apiServers }));
    } finally {
      http.close();
    }
  }

  /** A client of the VIP that believes the CA proven at the join. */
  #vipClient(): HttpsClient {
    return new HttpsClient({ servers: [this.#serverUrl()], ca: this.disk.read(VIP_CA) });
  }

  /** Harvester's server_url has no port but 443; in the lab that is the VIP's own port. */
  #serverUrl(): string {
    const url = new URL(this.system.config.server_url ?? "");
    return `https://${url.hostname}:${this.lab.vip.port}`;
  }
}

async function send(http: HttpsClient, request: Parameters<HttpsClient["send"]>[0]): Promise<HttpsAnswer> {
  const answer = await http.send(request);
  if (answer.status !== 200) {
    throw new Error(`${request.path} answered ${answer.status}: ${answer.body.slice(0, 300)}`);
  }
  return answer;
}
