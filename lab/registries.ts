import type {
  ClusterRegistry,
  EtcdMembers,
  Ledger,
  RunningMember,
  ServingCluster,
  VipRegistry,
} from "./types";

/** Who holds which virtual address on the lab's one layer-2 network. */
export class VipTable implements VipRegistry {
  readonly #holders = new Map<string, string>();
  readonly #listeners = new Set<(address: string, holder: string | undefined) => void>();

  constructor(
    readonly port: number,
    private readonly ledger: Ledger,
  ) {}

  claim(address: string, machine: string): boolean {
    const holder = this.#holders.get(address);
    if (holder === machine) return true;
    if (holder !== undefined) {
      this.ledger.append({ machine, event: "vip-conflict", vip: address, holder });
      return false;
    }
    this.#holders.set(address, machine);
    this.ledger.append({ machine, event: "vip-claimed", vip: address });
    this.#tell(address);
    return true;
  }

  release(address: string, machine: string): void {
    if (this.#holders.get(address) !== machine) return;
    this.#holders.delete(address);
    this.ledger.append({ machine, event: "vip-released", vip: address });
    this.#tell(address);
  }

  /** What happens to a machine's addresses when it loses power. */
  releaseAll(machine: string): void {
    for (const [address, holder] of [...this.#holders]) {
      if (holder === machine) this.release(address, machine);
    }
  }

  holder(address: string): string | undefined {
    return this.#holders.get(address);
  }

  /** All addresses and their holders. */
  all(): Record<string, string> {
    return Object.fromEntries(this.#holders);
  }

  onChange(listener: (address: string, holder: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(address: string): void {
    for (const listener of [...this.#listeners]) listener(address, this.#holders.get(address));
  }
}

/** The clusters of the lab by the VIP at which they answer. */
export class ClusterTable implements ClusterRegistry {
  readonly #clusters = new Map<string, ServingCluster>();

  serve(cluster: ServingCluster): void {
    this.#clusters.set(cluster.vip, cluster);
  }

  withdraw(cluster: ServingCluster): void {
    if (this.#clusters.get(cluster.vip) === cluster) this.#clusters.delete(cluster.vip);
  }

  find<C extends ServingCluster = ServingCluster>(vip: string): C | undefined {
    return this.#clusters.get(vip) as C | undefined;
  }
}

/** The etcd members that run. */
export class EtcdTable implements EtcdMembers {
  readonly #members = new Set<RunningMember>();

  add(member: RunningMember): () => void {
    this.#members.add(member);
    return () => this.#members.delete(member);
  }

  all(): RunningMember[] {
    return [...this.#members];
  }
}
