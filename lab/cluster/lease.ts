/**
 * Leader election by a Lease object, as Kubernetes' own components do it: a lease is stale when it was not renewed for its duration, by
 * the clock of the one who looks.
 */
import { LEASES } from "./builtins";
import { isConflict, isNotFound, type KubeClient, type KubeObject } from "./kube";

/** Tries to hold one lease under one name. */
export class LeaseElection {
  #seen: { version: string; at: number } | undefined;
  #renewed = 0;

  constructor(
    private readonly kube: KubeClient,
    private readonly lease: { name: string; namespace: string },
    private readonly identity: string,
    private readonly durationMs: number,
  ) {}

  /** Takes or renews the lease if possible. True while this identity holds it. */
  async tryHold(): Promise<boolean> {
    try {
      const held = await this.#attempt();
      if (held) this.#renewed = Date.now();
      return held;
    } catch (error) {
      // Without an API server nobody can take the lease away before it has run out.
      if (Date.now() - this.#renewed < this.durationMs) return true;
      if (isConflict(error)) return false;
      throw error;
    }
  }

  async #attempt(): Promise<boolean> {
    const { name, namespace } = this.lease;
    const now = new Date().toISOString().replace("Z", "000Z");
    let current: KubeObject;
    try {
      current = await this.kube.get(LEASES, name, namespace);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.kube.create(LEASES, { metadata: { name, namespace }, spec: this.#spec(now, now, 0) });
      return true;
    }
    const version = current.metadata.resourceVersion ?? "";
    if (this.#seen?.version !== version) this.#seen = { version, at: Date.now() };
    const mine = current.spec?.holderIdentity === this.identity;
    const stale = Date.now() - this.#seen.at > (current.spec?.leaseDurationSeconds ?? 0) * 1000;
    if (!mine && current.spec?.holderIdentity && !stale) return false;
    const acquired = mine ? current.spec.acquireTime : now;
    const transitions = (current.spec?.leaseTransitions ?? 0) + (mine ? 0 : 1);
    await this.kube.replace(LEASES, { ...current, spec: this.#spec(acquired, now, transitions) });
    return true;
  }

  #spec(acquireTime: string, renewTime: string, leaseTransitions: number): object {
    return {
      holderIdentity: this.identity,
      leaseDurationSeconds: Math.ceil(this.durationMs / 1000),
      acquireTime,
      renewTime,
      leaseTransitions,
    };
  }
}
