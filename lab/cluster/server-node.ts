/**
 * A node with a control plane: an etcd member, an API server and what RKE2's server process does for its own node.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { InstalledSystem, LabServices, MachineContext } from "../types";
import { ApiServer } from "./apiserver";
import type { ClusterAuthorities } from "./authorities";
import { clusterUid, finishInstallation, installCluster, isInstalled } from "./bootstrap";
import { issueCertificate } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import { EtcdMember } from "./etcd";
import { Gate } from "./gate";
import type { NodeIdentity } from "./identity";
import { KubeClient } from "./kube";
import { KubeVip } from "./kube-vip";
import { Kubelet } from "./kubelet";
import { registerMachine, registrationOf } from "./machines";
import { superviseNode } from "./own-node";
import { type ControlPlanePorts, controlPlanePorts } from "./ports";
import { acceptBootstrap, becomeVoter, joinEtcd, type ServerBootstrap, wasPromoted } from "./promotion";
import { timingFor } from "./timing";
import { repeat, waitFor } from "./wait";

/** What a server node is made of. */
export interface ServerNodeParts {
  machine: MachineContext;
  system: InstalledSystem;
  lab: LabServices;
  disk: NodeDisk;
  identity: NodeIdentity;
  authorities: ClusterAuthorities;
  log(line: string): void;
}

/** RKE2 tries again for as long as the machine runs: a cluster without a majority may get it back after days. */
const FOREVER_MS = 30 * 24 * 3600 * 1000;

/** The control plane of one machine. */
export class ServerNode {
  readonly etcd: EtcdMember;
  readonly api: ApiServer;
  #vip: KubeVip | undefined;
  #kubelet: KubeClient | undefined;

  private constructor(
    private readonly parts: ServerNodeParts,
    ports: ControlPlanePorts,
  ) {
    const { machine, system, lab, disk, identity, authorities } = parts;
    const logs = path.join(machine.dir, "logs");
    fs.mkdirSync(logs, { recursive: true });
    fs.mkdirSync(lab.auditDir, { recursive: true });
    this.etcd = etcdMember(parts, ports);
    this.api = new ApiServer(
      disk,
      authorities,
      this.etcd,
      {
        machine: machine.name,
        address: machine.address,
        port: ports.apiServer,
        names: [identity.hostname, system.config.install?.vip ?? "", ...(system.config.sans ?? [])].filter(
          Boolean,
        ),
        serviceCidr: system.config.install?.cluster_service_cidr ?? "10.53.0.0/16",
        auditFile: path.join(lab.auditDir, `${machine.name}.log`),
        logFile: path.join(logs, "kube-apiserver.log"),
      },
      lab,
    );
  }

  /** The control plane of a machine, with the ports its disk remembers. Nothing runs yet. */
  static async create(parts: ServerNodeParts): Promise<ServerNode> {
    return new ServerNode(parts, await controlPlanePorts(parts.disk, parts.machine.address));
  }

  /**
   * Starts etcd and the API server and returns when the processes run; `run` does the rest. A promoted node starts its first time in `run`:
   * it has to be let into the etcd cluster before.
   */
  async start(): Promise<void> {
    if (this.#mustJoin()) return;
    await this.etcd.start(`${this.etcd.options.memberName}=${this.etcd.peerUrl}`, "new");
    await this.api.start();
  }

  /** Everything that needs an answering API server, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { system, identity, log } = this.parts;
    if (this.#mustJoin()) await this.#join(signal);
    if (await this.#serves(signal)) log("rke2: control plane is up");
    else await this.#rejoin(signal);
    const kube = this.api.admin;
    const fresh = system.mode === "create" && !(await isInstalled(kube));
    if (fresh) await installCluster(kube, identity, system, signal);
    await this.#joinVip(signal);
    const machine = await waitFor(() => registerMachine(kube, registrationOf(identity, true)), {
      what: "the cluster to take this node's registration",
      timeoutMs: FOREVER_MS,
      intervalMs: timingFor(this.parts.lab.clock).joinRetryMs,
      signal,
    });
    await this.#startKubelet(machine.metadata.uid ?? "", signal);
    this.parts.lab.ledger.append({
      machine: identity.machine,
      event: "node-ready",
      node: identity.hostname,
    });
    await this.#supervise();
    if (fresh) {
      await finishInstallation(kube, identity.version, signal);
      this.parts.lab.ledger.append({
        machine: identity.machine,
        event: "cluster-formed",
        node: identity.hostname,
        uid: await clusterUid(kube, signal),
      });
      log("harvester: installation complete");
    }
    void repeat(
      () => this.#supervise(),
      timingFor(this.parts.lab.clock).heartbeatMs,
      signal,
      (error) => log(`rke2: ${error.message}`),
    );
  }

  /** Waits until etcd votes and the API server is ready; false when the cluster has removed this member, which its etcd learns and ends. */
  async #serves(signal: AbortSignal): Promise<boolean> {
    const serve = async (): Promise<boolean> => {
      await this.etcd.ready(signal);
      if (wasPromoted(this.parts.disk)) await becomeVoter(this.parts.disk, this.etcd, signal);
      await this.api.ready(signal, FOREVER_MS);
      return true;
    };
    const serving = serve();
    serving.catch(() => undefined);
    return Promise.race([serving, this.etcd.ended().then(({ removed }) => (removed ? false : serving))]);
  }

  /**
   * What RKE2 does with a removed member that starts again (it leaves a tombstone): the old data is put aside, and with the token that is
   * still on the disk the machine becomes a member once more. Nobody has to ask for it, and nobody is asked (k3s pkg/etcd, Register; rke2#1874,
   * harvester#1497). One that was removed while it was off may stay stuck there for want of a tombstone (k3s#13498); this is the worse of both.
   */
  async #rejoin(signal: AbortSignal): Promise<void> {
    const { disk, identity, log, lab } = this.parts;
    log("rke2: this member was removed from the etcd cluster; joining it again as a new one");
    await this.api.stop();
    this.etcd.forgetData();
    const bootstrap = await waitFor(() => this.#askBootstrap(signal), {
      what: "the cluster to take this server back",
      timeoutMs: FOREVER_MS,
      intervalMs: timingFor(lab.clock).joinRetryMs,
      signal,
    });
    acceptBootstrap(disk, bootstrap, this.#token());
    lab.ledger.append({ machine: identity.machine, event: "server-rejoined", node: identity.hostname });
    await this.#join(signal);
    await this.#serves(signal);
  }

  async #askBootstrap(signal: AbortSignal): Promise<ServerBootstrap> {
    const { system, lab, identity } = this.parts;
    const vip = system.config.server_url ?? `https://${system.config.install?.vip}`;
    const server = `https://${new URL(vip).hostname}:${lab.vip.port}`;
    const options = { server, token: this.#token(), identity };
    const gate = new Gate({ ...options, ca: await Gate.provenCa(options, signal) });
    try {
      await gate.connect(signal);
      return await gate.serverBootstrap(signal);
    } finally {
      gate.close();
    }
  }

  #token(): string {
    return this.parts.disk.read(PATHS.serverToken)?.trim() ?? "";
  }

  #mustJoin(): boolean {
    return wasPromoted(this.parts.disk) && !this.etcd.hasData;
  }

  /** Lets the machine's etcd into the cluster. Its API server is started when the member votes: a learner serves none. */
  async #join(signal: AbortSignal): Promise<void> {
    const { disk } = this.parts;
    await this.etcd.start(await joinEtcd(disk, this.etcd, signal), "existing");
    await this.etcd.ready(signal);
    await becomeVoter(disk, this.etcd, signal);
    await this.api.start();
  }

  /** The power is cut. */
  async kill(): Promise<void> {
    await Promise.all([this.api.kill(), this.etcd.kill(), this.#leave()]);
  }

  /** The operating system stops its services, the API server before the store it needs. */
  async stop(): Promise<void> {
    await this.#leave();
    await this.api.stop();
    await this.etcd.stop();
  }

  async #leave(): Promise<void> {
    this.#kubelet?.close();
    await this.#vip?.stop();
  }

  #supervise(): Promise<void> {
    return superviseNode(this.api.admin, this.parts.identity, this.etcd, this.api.url);
  }

  async #joinVip(signal: AbortSignal): Promise<void> {
    const { system, lab, identity, authorities, log } = this.parts;
    const kube = this.api.admin;
    this.#vip = new KubeVip(
      {
        identity,
        vip: system.config.install?.vip ?? (await vipOf(kube)),
        clusterUid: await clusterUid(kube, signal),
        clusterToken: this.#token(),
        authorities,
        apiServer: this.api.url,
        etcd: () => this.etcd.client,
        timing: timingFor(lab.clock),
        log,
      },
      kube,
      lab,
    );
    this.#vip.run(signal);
  }

  async #startKubelet(machineUid: string, signal: AbortSignal): Promise<void> {
    const { identity, authorities, machine, lab, disk, log } = this.parts;
    const credentials = await issueCertificate(authorities.client, {
      commonName: `system:node:${identity.hostname}`,
      organizations: ["system:nodes"],
      usages: ["client"],
    });
    disk.write(`${PATHS.agent}/client-kubelet.crt`, credentials.cert, 0o644);
    disk.write(`${PATHS.agent}/client-kubelet.key`, credentials.key);
    disk.write(`${PATHS.agent}/server-ca.crt`, authorities.server.cert, 0o644);
    this.#kubelet = new KubeClient({ servers: [this.api.url], ca: authorities.server.cert, ...credentials });
    await new Kubelet(identity, machine.hardware, this.#kubelet, timingFor(lab.clock), log).start(
      machineUid,
      signal,
    );
  }
}

/** The etcd member of a machine; nothing runs yet. */
export function etcdMember(parts: ServerNodeParts, ports: ControlPlanePorts): EtcdMember {
  const { machine, lab, disk, identity, authorities } = parts;
  const logs = path.join(machine.dir, "logs");
  fs.mkdirSync(logs, { recursive: true });
  const options = {
    machine: machine.name,
    address: machine.address,
    clientPort: ports.etcdClient,
    peerPort: ports.etcdPeer,
    memberName: identity.etcdName,
    logFile: path.join(logs, "etcd.log"),
  };
  return new EtcdMember(disk, authorities, options, lab);
}

async function vipOf(kube: KubeClient): Promise<string> {
  const map = await kube.get(
    { apiVersion: "v1", plural: "configmaps", namespaced: true },
    "vip",
    "harvester-system",
  );
  return map.data.ip as string;
}
