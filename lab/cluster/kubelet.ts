/**
 * The part of a kubelet the cluster sees: it registers its Node once per start and keeps its lease and status fresh, with the node's own
 * credentials. A Node deleted meanwhile stays deleted until the next start, as with a real kubelet.
 */
import type { MachineHardware } from "../types";
import { LEASES, NODES } from "./builtins";
import type { NodeIdentity } from "./identity";
import { isConflict, isNotFound, type KubeClient } from "./kube";
import { keepTransitions, newNode, nodeStatus } from "./node-object";
import type { Timing } from "./timing";
import { repeat, waitFor } from "./wait";

const LEASE_NAMESPACE = "kube-node-lease";

/** A kubelet's duties towards the API server. */
export class Kubelet {
  constructor(
    private readonly identity: NodeIdentity,
    private readonly hardware: MachineHardware,
    private readonly kube: KubeClient,
    private readonly timing: Timing,
    private readonly log: (line: string) => void,
  ) {}

  /** Registers the node and returns; heartbeats go on until the signal is aborted. */
  async start(machineUid: string, signal: AbortSignal): Promise<void> {
    const name = this.identity.hostname;
    await waitFor(
      async () => {
        await this.#register(machineUid);
        await this.#renewLease();
        await this.#reportStatus();
        return true;
      },
      { what: `the API server to accept node ${name}`, timeoutMs: 120_000, intervalMs: 500, signal },
    );
    this.log(`kubelet: node ${name} registered`);
    let beat = 0;
    void repeat(
      async () => {
        await this.#renewLease();
        if (beat++ % 4 === 0) await this.#reportStatus();
      },
      this.timing.heartbeatMs,
      signal,
      (error) => this.log(`kubelet: ${error.message}`),
    );
  }

  async #register(machineUid: string): Promise<void> {
    const node = newNode(this.identity, machineUid);
    try {
      await this.kube.create(NODES, node);
    } catch (error) {
      if (!isConflict(error)) throw error;
      const { labels, annotations } = node.metadata;
      await this.kube.patch(NODES, node.metadata.name, { metadata: { labels, annotations } });
    }
  }

  async #reportStatus(): Promise<void> {
    const name = this.identity.hostname;
    const known = await this.kube.find(NODES, name);
    if (!known) return;
    const status = nodeStatus(this.identity, this.hardware, new Date().toISOString());
    keepTransitions(status.conditions as never, known.status?.conditions ?? []);
    await this.kube.patch(NODES, name, { status }, { subresource: "status" });
  }

  async #renewLease(): Promise<void> {
    const name = this.identity.hostname;
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: Math.ceil(this.timing.graceMs / 1000),
      renewTime: new Date().toISOString().replace("Z", "000Z"),
    };
    try {
      await this.kube.merge(LEASES, name, { spec }, { namespace: LEASE_NAMESPACE });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.kube.create(LEASES, { metadata: { name, namespace: LEASE_NAMESPACE }, spec });
    }
  }
}
