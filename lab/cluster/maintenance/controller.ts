/**
 * Harvester's controllers of maintenance mode (node-drain-controller and maintain-node-controller): a node that is asked for it by annotation is
 * cordoned and drained, and is in maintenance when nothing runs on it any more. Nobody but who asked ends it.
 */
import type { Ledger } from "../../types";
import { NODES } from "../builtins";
import { resourceOf } from "../kinds";
import type { KubeClient, KubeObject } from "../kube";
import { MACHINE_ANNOTATION } from "../node-object";
import { nameOf, nodeOf } from "../workload/instances";
import { evict } from "../workload/migrations";
import {
  DRAIN_FORCED,
  DRAIN_REQUESTED,
  drainImpossible,
  isShutDown,
  MAINTAIN_STATUS,
  nonMigratable,
  otherNodeAvailable,
  type View,
} from "./rules";
import { forgetNodes, haltMachine, restartMachines } from "./strategies";

const LONGHORN = "longhorn-system";

/** One per cluster, where the other controllers run. */
export class Maintenance {
  /** Nodes that were in maintenance at the last pass. */
  #maintained: string[] = [];

  constructor(
    private readonly kube: KubeClient,
    private readonly ledger: Ledger,
  ) {}

  /** One pass over all nodes. */
  async reconcile(): Promise<void> {
    const nodes = (await this.kube.list(NODES)).filter((n) => n.metadata.deletionTimestamp === undefined);
    const requested = nodes.filter((node) => annotation(node, DRAIN_REQUESTED) !== undefined);
    const running = nodes.filter((node) => annotation(node, MAINTAIN_STATUS) === "running");
    if (requested.length + running.length > 0) {
      const view = await viewOf(this.kube, nodes);
      for (const node of requested) await this.#drain(node, view);
      for (const node of running) await this.#complete(node, view);
    }
    const gone = this.#maintained.filter((name) => !nodes.some(({ metadata }) => metadata.name === name));
    if (gone.length > 0) await forgetNodes(this.kube, gone);
    this.#maintained = nodes.filter((n) => annotation(n, MAINTAIN_STATUS)).map((n) => n.metadata.name);
  }

  /** What a drain does comes about over several passes: it goes on until no instance is left. */
  async #drain(node: KubeObject, view: View): Promise<void> {
    const { name } = node.metadata;
    const forced = annotation(node, DRAIN_FORCED) !== undefined;
    const blocked = nonMigratable(node, view);
    const impossible = drainImpossible(node, view.nodes) ?? (forced ? undefined : blockedBy(blocked));
    if (impossible !== undefined) {
      await this.#annotate(node, { [MAINTAIN_STATUS]: null });
      return this.#append("maintenance-refused", node, { why: impossible });
    }
    let current = node;
    if (node.spec?.unschedulable !== true) {
      // Harvester's webhook refuses the cordon; the request stays, and is tried again.
      if (!otherNodeAvailable(node, view.nodes)) return;
      current = await this.kube.merge(NODES, name, { spec: { unschedulable: true } });
      this.#append("maintenance-started", node, { forced });
    }
    const here = view.instances.filter((instance) => nodeOf(instance) === name);
    const stopped = new Set(forced ? [...blocked.values()].flat() : here.filter(isShutDown).map(nameOf));
    for (const instance of view.instances.filter((i) => stopped.has(nameOf(i))))
      await haltMachine(this.kube, instance, name, !forced);
    for (const instance of here.filter((i) => !stopped.has(nameOf(i)))) await evict(this.kube, instance);
    if (here.length === 0) await this.#annotate(current, { [MAINTAIN_STATUS]: "running" });
  }

  async #complete(node: KubeObject, view: View): Promise<void> {
    const { name } = node.metadata;
    if (view.instances.some((instance) => nodeOf(instance) === name)) return;
    await restartMachines(this.kube, name, "ShutdownAndRestartAfterEnable");
    await this.#annotate(node, { [MAINTAIN_STATUS]: "completed" });
    this.#append("maintenance-completed", node, {});
  }

  /** Writes annotations; the request is answered by it. */
  async #annotate(node: KubeObject, changes: Record<string, string | null>): Promise<void> {
    const annotations = { [DRAIN_REQUESTED]: null, [DRAIN_FORCED]: null, ...changes };
    const { name, resourceVersion } = node.metadata;
    await this.kube.merge(NODES, name, { metadata: { annotations, resourceVersion } });
  }

  #append(event: string, node: KubeObject, details: Record<string, string | boolean>): void {
    const machine = annotation(node, MACHINE_ANNOTATION) ?? node.metadata.name;
    this.ledger.append({ machine, event, node: node.metadata.name, ...details });
  }
}

/** What the rules look at, read from a cluster. */
export async function viewOf(kube: KubeClient, nodes: readonly KubeObject[]): Promise<View> {
  const instances = await kube.list(resourceOf("virtualMachineInstance"));
  const volumes = await kube.list(resourceOf("longhornVolume"), LONGHORN);
  const replicas = await kube.list(resourceOf("longhornReplica"), LONGHORN);
  return { nodes, instances, volumes, replicas };
}

/** Harvester's words for a drain that would stop virtual machines; undefined when it stops none. */
function blockedBy(found: ReadonlyMap<string, string[]>): string | undefined {
  if (found.size === 0) return undefined;
  const reasons = [...found].map(([why, vms]) => `${vms.join(",")} cannot be migrated due to ${why}`);
  return `Non-migratable VMs found: ${reasons.join("; ")}. Use 'force drain' to perform a collective shutdown`;
}

function annotation(node: KubeObject, name: string): string | undefined {
  return node.metadata.annotations?.[name];
}
