/**
 * The server part of a witness: an etcd member and nothing else. Its kubelet is an agent's, and it speaks to the API servers of others.
 */
import { issueCertificate } from "./certificates";
import type { EtcdMember } from "./etcd";
import { KubeClient } from "./kube";
import { superviseNode } from "./own-node";
import { controlPlanePorts } from "./ports";
import { becomeVoter, joinEtcd } from "./promotion";
import { etcdMember, type ServerNodeParts } from "./server-node";
import { timingFor } from "./timing";
import { repeat } from "./wait";

/** The etcd member of a witness. */
export class WitnessNode {
  #kube: KubeClient | undefined;

  private constructor(
    private readonly parts: ServerNodeParts,
    readonly etcd: EtcdMember,
    /** URLs of the cluster's API servers, as the agent knows them. */
    private readonly apiServers: () => string[],
  ) {}

  static async create(parts: ServerNodeParts, apiServers: () => string[]): Promise<WitnessNode> {
    const ports = await controlPlanePorts(parts.disk, parts.machine.address);
    return new WitnessNode(parts, etcdMember(parts, ports), apiServers);
  }

  /** Joins etcd, once, and says so on the Node until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { disk, identity, authorities, lab, log } = this.parts;
    const initialCluster = this.etcd.hasData ? "" : await joinEtcd(disk, this.etcd, signal);
    await this.etcd.start(initialCluster, "existing");
    await this.etcd.ready(signal);
    await becomeVoter(disk, this.etcd, signal);
    const admin = await issueCertificate(authorities.client, {
      commonName: "system:admin",
      organizations: ["system:masters"],
      usages: ["client"],
    });
    const kube = new KubeClient({ servers: this.apiServers(), ca: authorities.server.cert, ...admin });
    this.#kube = kube;
    const supervise = async (): Promise<void> => {
      kube.http.setServers(this.apiServers());
      await superviseNode(kube, identity, this.etcd);
    };
    void repeat(supervise, timingFor(lab.clock).heartbeatMs, signal, (error) =>
      log(`rke2: ${error.message}`),
    );
  }

  /** The power is cut. */
  async kill(): Promise<void> {
    this.#kube?.close();
    await this.etcd.kill();
  }

  /** The operating system stops its services. */
  async stop(): Promise<void> {
    this.#kube?.close();
    await this.etcd.stop();
  }
}
