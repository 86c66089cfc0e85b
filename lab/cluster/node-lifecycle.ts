/**
 * The controller that notices nodes that stopped reporting: Ready becomes Unknown and the node is tainted as unreachable; both end when the
 * node reports again.
 */
import { LEASES, NODES } from "./builtins";
import type { KubeClient, KubeObject } from "./kube";

const UNREACHABLE = "node.kubernetes.io/unreachable";
/** Set by the API server on every new Node until it is Ready. */
const NOT_READY = "node.kubernetes.io/not-ready";

/** Watches the nodes' leases by its own clock, as Kubernetes' controller does. */
export class NodeLifecycle {
  readonly #seen = new Map<string, { renewTime: string; at: number }>();

  constructor(
    private readonly kube: KubeClient,
    private readonly graceMs: number,
  ) {}

  /** One pass over all nodes. */
  async reconcile(): Promise<void> {
    const leases = new Map(
      (await this.kube.list(LEASES, "kube-node-lease")).map((lease) => [
        lease.metadata.name,
        lease.spec?.renewTime,
      ]),
    );
    for (const node of await this.kube.list(NODES)) {
      const silent = this.#silent(node.metadata.name, leases.get(node.metadata.name) ?? "");
      const ready = node.status?.conditions?.find((c: { type: string }) => c.type === "Ready")?.status;
      if (silent && ready !== "Unknown") await this.#lost(node);
      const taints = taintsOf(node).map((taint) => taint.key);
      const stale = ready === "True" && taints.includes(NOT_READY);
      if (silent !== taints.includes(UNREACHABLE) || stale) await this.#taint(node, silent);
    }
  }

  #silent(name: string, renewTime: string): boolean {
    const seen = this.#seen.get(name);
    if (seen?.renewTime !== renewTime) {
      this.#seen.set(name, { renewTime, at: Date.now() });
      return false;
    }
    return Date.now() - seen.at > this.graceMs;
  }

  async #lost(node: KubeObject): Promise<void> {
    const now = new Date().toISOString();
    const kubeletTypes = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];
    const conditions = kubeletTypes.map((type) => ({
      type,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    }));
    await this.kube.patch(NODES, node.metadata.name, { status: { conditions } }, { subresource: "status" });
  }

  async #taint(node: KubeObject, silent: boolean): Promise<void> {
    const others = taintsOf(node).filter((taint) => taint.key !== UNREACHABLE && taint.key !== NOT_READY);
    const timeAdded = new Date().toISOString().replace(/\.\d+Z/, "Z");
    const own = ["NoSchedule", "NoExecute"].map((effect) => ({ key: UNREACHABLE, effect, timeAdded }));
    await this.kube.merge(NODES, node.metadata.name, {
      metadata: { resourceVersion: node.metadata.resourceVersion },
      spec: { taints: silent ? [...others, ...own] : others },
    });
  }
}

function taintsOf(node: KubeObject): { key: string }[] {
  return node.spec?.taints ?? [];
}
