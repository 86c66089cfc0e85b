/**
 * A node with a control plane: an etcd member, an API server and what RKE2's server process does for its own node.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { InstalledSystem, LabServices, MachineContext } from "../types";
import { ApiServer } from "./apiserver";
import type { ClusterAuthorities } from "./authorities";
import { clusterUid, finishInstallation, installCluster, isInstalled } from "./bootstrap";
import { NODES } from "./builtins";
import { issueCertificate } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import { EtcdMember } from "./etcd";
import type { NodeIdentity } from "./identity";
import { KubeClient } from "./kube";
import { KubeVip } from "./kube-vip";
import { Kubelet } from "./kubelet";
import { registerMachine, registrationOf } from "./machines";
import { condition, keepTransitions } from "./node-object";
import { controlPlanePorts } from "./ports";
import { becomeVoter, joinEtcd, wasPromoted } from "./promotion";
import { timingFor } from "./timing";
import { API_SERVER_ANNOTATION } from "./vip/join";
import { repeat } from "./wait";

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

/** The control plane of one machine. */
export class ServerNode {
  readonly etcd: EtcdMember;
  readonly api: ApiServer;
  #vip: KubeVip | undefined;
  #kubelet: KubeClient | undefined;

  private constructor(
    private readonly parts: ServerNodeParts,
    ports: { etcdClient: number; etcdPeer: number; apiServer: number },
  ) {
    const { machine, system, lab, disk, identity, authorities } = parts;
    const logs = path.join(machine.dir, "logs");
    fs.mkdirSync(logs, { recursive: true });
    fs.mkdirSync(lab.auditDir, { recursive: true });
    this.etcd = new EtcdMember(
      disk,
      authorities,
      {
        machine: machine.name,
        address: machine.address,
        clientPort: ports.etcdClient,
        peerPort: ports.etcdPeer,
        memberName: identity.etcdName,
        logFile: path.join(logs, "etcd.log"),
      },
      lab,
    );
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
    if (!this.#mustJoin())
      await this.#startProcesses(`${this.etcd.options.memberName}=${this.etcd.peerUrl}`, "new");
  }

  /** Everything that needs an answering API server, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { system, identity, disk, log } = this.parts;
    if (this.#mustJoin()) {
      const initialCluster = await joinEtcd(disk, this.etcd, signal);
      await this.#startProcesses(initialCluster, "existing");
    }
    await this.etcd.ready(signal);
    if (wasPromoted(disk)) await becomeVoter(disk, this.etcd, signal);
    await this.api.ready(signal);
    const kube = this.api.admin;
    log("rke2: control plane is up");
    const fresh = system.mode === "create" && !(await isInstalled(kube));
    if (fresh) await installCluster(kube, identity, system, signal);
    await this.#joinVip(signal);
    const machine = await registerMachine(kube, registrationOf(identity, true));
    await this.#startKubelet(machine.metadata.uid ?? "", signal);
    await this.#superviseNode();
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
      () => this.#superviseNode(),
      timingFor(this.parts.lab.clock).heartbeatMs,
      signal,
      (error) => log(`rke2: ${error.message}`),
    );
  }

  #mustJoin(): boolean {
    return wasPromoted(this.parts.disk) && !this.etcd.hasData;
  }

  async #startProcesses(initialCluster: string, state: "new" | "existing"): Promise<void> {
    await this.etcd.start(initialCluster, state);
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

  async #joinVip(signal: AbortSignal): Promise<void> {
    const { system, lab, identity, authorities, disk, log } = this.parts;
    const kube = this.api.admin;
    this.#vip = new KubeVip(
      {
        identity,
        vip: system.config.install?.vip ?? (await vipOf(kube)),
        clusterUid: await clusterUid(kube, signal),
        clusterToken: disk.read(PATHS.serverToken)?.trim() ?? "",
        authorities,
        apiServer: this.api.url,
        etcdMembers: () => this.etcd.client.members(),
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

  /** What only a server may say of its node: its roles, its etcd member and whether that votes. */
  async #superviseNode(): Promise<void> {
    const { identity } = this.parts;
    const node = await this.api.admin.find(NODES, identity.hostname);
    if (!node) return;
    const { labels, annotations } = serverMetadata(identity, this.etcd, this.api.url);
    const missing =
      Object.entries(labels).some(([key, value]) => node.metadata.labels?.[key] !== value) ||
      Object.entries(annotations).some(([key, value]) => node.metadata.annotations?.[key] !== value);
    if (missing) await this.api.admin.patch(NODES, identity.hostname, { metadata: { labels, annotations } });

    const member = (await this.etcd.client.members()).find((m) => m.name === identity.etcdName);
    const voter = member !== undefined && !member.learner;
    const fresh = [
      condition(
        "EtcdIsVoter",
        voter ? "True" : "False",
        voter ? "MemberNotLearner" : "MemberIsLearner",
        voter
          ? "Node is a voting member of the etcd cluster"
          : "Node has not been promoted to voting member of the etcd cluster",
        new Date().toISOString(),
      ),
    ];
    const known: { type: string; status: string }[] = node.status?.conditions ?? [];
    if (known.some((c) => c.type === "EtcdIsVoter" && c.status === fresh[0]?.status)) return;
    keepTransitions(fresh, known);
    await this.api.admin.patch(
      NODES,
      identity.hostname,
      { status: { conditions: fresh } },
      { subresource: "status" },
    );
  }
}

function serverMetadata(identity: NodeIdentity, etcd: EtcdMember, apiServer: string) {
  const controlPlane: Record<string, string> =
    identity.role === "witness"
      ? {}
      : { "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true" };
  return {
    labels: { "node-role.kubernetes.io/etcd": "true", ...controlPlane },
    annotations: {
      "etcd.rke2.cattle.io/local-snapshots-timestamp": "",
      "etcd.rke2.cattle.io/node-address": etcd.options.address,
      "etcd.rke2.cattle.io/node-name": identity.etcdName,
      [API_SERVER_ANNOTATION]: apiServer,
    },
  };
}

async function vipOf(kube: KubeClient): Promise<string> {
  const map = await kube.get(
    { apiVersion: "v1", plural: "configmaps", namespaced: true },
    "vip",
    "harvester-system",
  );
  return map.data.ip as string;
}
