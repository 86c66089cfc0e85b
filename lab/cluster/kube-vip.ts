/**
 * The role of kube-vip and of the controllers that run once per cluster: whoever holds the lease holds the address, serves https://VIP and
 * runs the controllers.
 */
import type { LabServices, ServingCluster } from "../types";
import type { ClusterAuthorities } from "./authorities";
import { vipCertificate } from "./bootstrap";
import { SERVICES } from "./builtins";
import { issueCertificate } from "./certificates";
import { runControllers } from "./controllers";
import type { EtcdClient } from "./etcd-client";
import type { NodeIdentity } from "./identity";
import { KubeClient } from "./kube";
import { LeaseElection } from "./lease";
import type { Timing } from "./timing";
import { VipServer } from "./vip/server";
import { repeat } from "./wait";

/** What this node brings to the election. */
export interface KubeVipOptions {
  identity: NodeIdentity;
  vip: string;
  clusterUid: string;
  clusterToken: string;
  authorities: ClusterAuthorities;
  /** Base URL of this node's own API server. */
  apiServer: string;
  /** Client of this node's own etcd member. */
  etcd(): EtcdClient;
  timing: Timing;
  log(line: string): void;
}

/** One candidate for the VIP. */
export class KubeVip {
  readonly #cluster: ServingCluster;
  #server: VipServer | undefined;
  #controllers: AbortController | undefined;
  #rancher: KubeClient | undefined;
  #conflict = false;

  constructor(
    private readonly options: KubeVipOptions,
    private readonly kube: KubeClient,
    private readonly lab: LabServices,
  ) {
    this.#cluster = { uid: options.clusterUid, vip: options.vip };
  }

  /** Runs for the VIP until the signal is aborted. */
  run(signal: AbortSignal): void {
    const { identity, timing, log } = this.options;
    const lease = { name: "plndr-svcs-lock", namespace: "kube-system" };
    const election = new LeaseElection(this.kube, lease, identity.hostname, timing.vipLeaseMs);
    const pass = async (): Promise<void> => {
      let leads = false;
      try {
        leads = await election.tryHold();
      } finally {
        if (!leads && this.#server) await this.stop();
      }
      if (leads && !this.#server && !signal.aborted) await this.#serve(signal);
    };
    void repeat(pass, timing.vipLeaseMs / 4, signal, (error) => log(`kube-vip: ${error.message}`));
  }

  /** Gives the address up and ends the controllers. */
  async stop(): Promise<void> {
    this.#controllers?.abort();
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
    this.#rancher?.close();
    this.lab.clusters.withdraw(this.#cluster);
    this.lab.vip.release(this.options.vip, this.options.identity.machine);
  }

  async #serve(signal: AbortSignal): Promise<void> {
    const { identity, vip, clusterToken, authorities, etcd, timing, log } = this.options;
    const certificate = await vipCertificate(this.kube);
    if (!certificate) return;
    const holder = this.lab.vip.holder(vip);
    // One report of a conflict is enough.
    if (this.#conflict && holder !== undefined && holder !== identity.machine) return;
    if (!this.lab.vip.claim(vip, identity.machine)) {
      if (!this.#conflict) log(`kube-vip: ${vip} is in use by ${holder}`);
      this.#conflict = true;
      return;
    }
    this.#conflict = false;
    this.#rancher = await this.#rancherClient();
    const server = new VipServer(
      {
        identity,
        vip,
        clusterToken,
        authorities,
        vipCa: certificate.ca,
        etcdMembers: () => etcd().members(),
        faults: this.lab.faults,
        ledger: this.lab.ledger,
        kube: this.#rancher,
      },
      certificate,
    );
    try {
      await server.listen(vip, this.lab.vip.port);
    } catch (error) {
      this.lab.vip.release(vip, identity.machine);
      throw error;
    }
    this.#server = server;
    if (signal.aborted) return this.stop();
    this.lab.clusters.serve(this.#cluster);
    log(`kube-vip: ${vip} is here`);
    const annotations = { "kube-vip.io/vipHost": identity.hostname };
    const patch = { metadata: { annotations } };
    await this.kube
      .merge(SERVICES, "ingress-expose", patch, { namespace: "kube-system" })
      .catch(() => undefined);
    this.#controllers = new AbortController();
    runControllers({ kube: this.kube, etcd: etcd(), lab: this.lab, timing, log }, this.#controllers.signal);
  }

  /** Rancher has a name of its own, so that the audit log tells its work from the users' and from the node's. */
  async #rancherClient(): Promise<KubeClient> {
    const { authorities, apiServer } = this.options;
    const identity = await issueCertificate(authorities.client, {
      commonName: "system:serviceaccount:cattle-system:rancher",
      organizations: ["system:masters"],
      usages: ["client"],
    });
    return new KubeClient({ servers: [apiServer], ca: authorities.server.cert, ...identity });
  }
}
