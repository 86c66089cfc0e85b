/**
 * A joining node: it asks the VIP again and again, as a real one does, until it is let in, and is a kubelet from then on.
 */
import { randomBytes } from "node:crypto";
import type { InstalledSystem, LabServices, MachineContext } from "../types";
import { createSigningRequest } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import { Gate, type GateOptions, GateRefusal } from "./gate";
import type { NodeIdentity } from "./identity";
import { KubeClient } from "./kube";
import { Kubelet } from "./kubelet";
import type { PlannedRoles, ServerBootstrap } from "./promotion";
import { timingFor } from "./timing";
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

/** Called when the node's Machine says that it is to be a server. */
export type Promoted = (bootstrap: ServerBootstrap, plan: PlannedRoles) => Promise<void>;

/** A node without an API server. */
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
    /** Called once; absent for a witness, which stays an agent and is a member of etcd already. */
    private readonly promoted: Promoted | undefined,
  ) {}

  /** Joins (once per installation) and keeps the node alive until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const timing = timingFor(this.lab.clock);
    const known = this.saved();
    const state = known ?? (await this.#joinUntilAccepted(timing.joinRetryMs, signal));
    const kube = new KubeClient({
      servers: state.apiServers,
      ca: this.disk.read(SERVER_CA),
      cert: this.disk.read(`${KUBELET}.crt`),
      key: this.disk.read(`${KUBELET}.key`),
    });
    this.#kube = kube;
    const kubelet = new Kubelet(this.identity, this.machine.hardware, kube, timing, this.log);
    // A cluster that has removed this machine gets it back, with a second Machine, if somebody boots it.
    const machineUid = known ? await this.#reconnect(known, signal) : state.machineUid;
    await waitFor(() => kubelet.start(machineUid, signal).then(() => true), {
      what: "the cluster to accept this node",
      timeoutMs: FOREVER_MS,
      intervalMs: timing.joinRetryMs,
      signal,
    });
    const { machine, hostname: node } = this.identity;
    this.lab.ledger.append({ machine, event: "node-ready", node });
    void repeat(
      () => this.#refreshServers(kube),
      timing.heartbeatMs * 4,
      signal,
      () => undefined,
    );
    if (this.promoted) this.#followPlans(this.promoted, timing.controllerMs, signal);
  }

  stop(): void {
    this.#kube?.close();
  }

  /** What the join left on the disk; undefined before it. */
  saved(): JoinState | undefined {
    const text = this.disk.read(JOIN_STATE);
    return text === undefined ? undefined : (JSON.parse(text) as JoinState);
  }

  /** A node asks for days; its journal tells each obstacle once. */
  #logOnce(line: string): void {
    if (line !== this.#told) this.log(line);
    this.#told = line;
  }

  async #joinUntilAccepted(intervalMs: number, signal: AbortSignal): Promise<JoinState> {
    return waitFor(
      async () => {
        if (this.lab.faults.active(this.machine.name, "join-late")) return undefined;
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
    const ca = await Gate.provenCa(this.#gateOptions(), signal);
    return this.#through(ca, async (gate) => {
      const machine = await gate.connect(signal);
      const serverCa = await gate.serverCa(signal);
      const apiServers = await gate.apiServers(signal);
      const { request, key } = await createSigningRequest(`system:node:${this.identity.hostname}`);
      const password = await this.disk.keep(PATHS.nodePassword, () => randomBytes(16).toString("hex"));
      const cert = await gate.kubeletCertificate(request, password, signal);
      const state: JoinState = { machineUid: machine.machineUid, apiServers };
      this.disk.write(VIP_CA, ca, 0o644);
      this.disk.write(SERVER_CA, serverCa, 0o644);
      this.disk.write(`${KUBELET}.crt`, cert, 0o644);
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
    });
  }

  /** The UID of this installation's Machine. The VIP is not needed for that: without it the one known from the join is used. */
  async #reconnect(state: JoinState, signal: AbortSignal): Promise<string> {
    const connect = async (): Promise<string | undefined> => {
      try {
        const { machineUid } = await this.#through(this.disk.read(VIP_CA), (gate) => gate.connect(signal));
        this.disk.write(JOIN_STATE, JSON.stringify({ ...state, machineUid }));
        return machineUid;
      } catch (error) {
        // Its Machine is just being deleted: it gets another one when that is done.
        return error instanceof GateRefusal && error.status === 409 ? undefined : state.machineUid;
      }
    };
    return waitFor(connect, {
      what: "the cluster to have deleted this node's Machine",
      timeoutMs: FOREVER_MS,
      intervalMs: timingFor(this.lab.clock).joinRetryMs,
      signal,
    });
  }

  /** Asks for the node's plan until it is one of a server. */
  #followPlans(promoted: Promoted, intervalMs: number, signal: AbortSignal): void {
    const asking = new AbortController();
    const until = AbortSignal.any([signal, asking.signal]);
    const ask = () =>
      this.#through(this.disk.read(VIP_CA), async (gate) => {
        const plan = await gate.plan(until);
        if (!plan.etcd) return;
        const bootstrap = await gate.serverBootstrap(until);
        await promoted(bootstrap, plan);
        asking.abort();
      });
    void repeat(ask, intervalMs, until, (error) => this.#logOnce(`rancher-system-agent: ${error.message}`));
  }

  async #refreshServers(kube: KubeClient): Promise<void> {
    const apiServers = await this.#through(this.disk.read(VIP_CA), (gate) => gate.apiServers());
    kube.http.setServers(apiServers);
    const saved = this.saved();
    if (saved) this.disk.write(JOIN_STATE, JSON.stringify({ ...saved, apiServers }));
  }

  async #through<T>(ca: string | undefined, use: (gate: Gate) => Promise<T>): Promise<T> {
    const gate = new Gate({ ...this.#gateOptions(), ca });
    try {
      return await use(gate);
    } finally {
      gate.close();
    }
  }

  #gateOptions(): GateOptions {
    // Harvester's server_url has no port but 443; in the lab that is the VIP's own port.
    const { hostname } = new URL(this.system.config.server_url ?? "");
    return {
      server: `https://${hostname}:${this.lab.vip.port}`,
      token: this.system.config.token ?? "",
      identity: this.identity,
    };
  }
}
