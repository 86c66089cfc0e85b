/**
 * A simple KubeVirt: a VirtualMachine that is to run has an instance on some node; an instance whose node is lost is started elsewhere.
 */
import type { LabClock, Ledger } from "../../types";
import { CLAIMS, NODES } from "../builtins";
import { objectOf, resourceOf } from "../kinds";
import type { KubeClient, KubeObject } from "../kube";
import { claimsOf, fits, isReady, liveMigratable, NODE_NAME_LABEL, nameOf, sameName } from "./instances";
import { Migrations } from "./migrations";

const MACHINES = resourceOf("virtualMachine");
const INSTANCES = resourceOf("virtualMachineInstance");
/** Default of Harvester's setting vm-force-reset-policy: after so many seconds on a lost node an instance is given up. */
const FORCE_RESET_SECONDS = 15;

/** KubeVirt's controllers in one, with Harvester's that resets instances of lost nodes. */
export class KubeVirt {
  readonly #migrations: Migrations;
  /** Lab time at which a node was first seen to be lost. */
  readonly #lost = new Map<string, number>();

  constructor(
    private readonly kube: KubeClient,
    private readonly clock: LabClock,
    private readonly ledger: Ledger,
  ) {
    this.#migrations = new Migrations(kube, clock, ledger);
  }

  /** One pass over all machines and instances. */
  async reconcile(): Promise<void> {
    const nodes = await this.kube.list(NODES);
    const machines = await this.kube.list(MACHINES);
    const instances = await this.kube.list(INSTANCES);
    for (const instance of instances) await this.#instance(instance, nodes, machines);
    for (const machine of machines) {
      const instance = instances.find((i) => sameName(i, machine));
      if (shouldRun(machine) && !instance) await this.kube.ensure(INSTANCES, newInstance(machine));
      await this.#status(machine, instance);
    }
    await this.#migrations.reconcile(instances, nodes);
  }

  async #instance(instance: KubeObject, nodes: KubeObject[], machines: KubeObject[]): Promise<void> {
    const { name, namespace } = instance.metadata;
    const machine = machines.find((m) => sameName(m, instance));
    if (!machine || !shouldRun(machine)) return this.#stop(instance);
    if (instance.status?.phase !== "Running") return this.#place(instance, nodes);
    const node = nodes.find((n) => n.metadata.name === instance.status.nodeName);
    if (node && isReady(node)) {
      this.#lost.delete(node.metadata.name);
      return;
    }
    const key = String(instance.status.nodeName);
    const since = this.#lost.get(key) ?? this.clock.now();
    this.#lost.set(key, since);
    if (this.clock.now() - since < FORCE_RESET_SECONDS) return;
    this.ledger.append({ machine: "site", event: "vm-lost", vm: nameOf(instance), node: key });
    await this.kube.delete(INSTANCES, name, namespace);
  }

  async #stop(instance: KubeObject): Promise<void> {
    const { name, namespace } = instance.metadata;
    const node: string | undefined = instance.status?.nodeName;
    this.ledger.append({ machine: "site", event: "vm-stopped", vm: nameOf(instance), node });
    await this.kube.delete(INSTANCES, name, namespace);
  }

  async #place(instance: KubeObject, nodes: KubeObject[]): Promise<void> {
    const { name, namespace } = instance.metadata;
    const fitting = nodes.filter((node) => fits(node, instance));
    const others = await this.kube.list(INSTANCES);
    const load = (node: KubeObject) => others.filter((o) => o.status?.nodeName === node.metadata.name).length;
    const target = fitting.sort((a, b) => load(a) - load(b))[0];
    const status = target
      ? {
          phase: "Running",
          nodeName: target.metadata.name,
          conditions: [{ type: "Ready", status: "True" }, await this.#migratable(instance)],
        }
      : { phase: "Scheduling", conditions: [{ type: "Ready", status: "False", reason: "Unschedulable" }] };
    if (status.phase === instance.status?.phase) return;
    await this.kube.merge(INSTANCES, name, { status }, { namespace, subresource: "status" });
    if (target === undefined) return;
    const metadata = { labels: { [NODE_NAME_LABEL]: target.metadata.name } };
    await this.kube.merge(INSTANCES, name, { metadata }, { namespace });
    const node = target.metadata.name;
    this.ledger.append({ machine: "site", event: "vm-started", vm: nameOf(instance), node });
  }

  async #migratable(instance: KubeObject): Promise<object> {
    const { namespace } = instance.metadata;
    const claims = claimsOf(instance).length === 0 ? [] : await this.kube.list(CLAIMS, namespace);
    return liveMigratable(instance, claims);
  }

  async #status(machine: KubeObject, instance: KubeObject | undefined): Promise<void> {
    const { name, namespace } = machine.metadata;
    const ready = instance?.status?.phase === "Running";
    const printableStatus = !shouldRun(machine) ? "Stopped" : ready ? "Running" : "Starting";
    if (machine.status?.printableStatus === printableStatus) return;
    const status = { printableStatus, ready, created: instance !== undefined };
    await this.kube.merge(MACHINES, name, { status }, { namespace, subresource: "status" });
  }
}

function shouldRun({ spec, metadata }: KubeObject): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  return spec?.runStrategy === undefined
    ? spec?.running === true
    : ["Always", "RerunOnFailure"].includes(spec.runStrategy);
}

/** The instance has the labels of the machine's template; Harvester's own are found on the machine as well. */
function newInstance(machine: KubeObject): KubeObject {
  const { name, namespace, uid, labels } = machine.metadata;
  const template = machine.spec?.template ?? {};
  const harvesters = Object.entries(labels ?? {}).filter(([key]) => key.startsWith("harvesterhci.io/"));
  const owner = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name, uid, controller: true };
  return objectOf("virtualMachineInstance", {
    metadata: {
      name,
      namespace,
      labels: { ...Object.fromEntries(harvesters), ...template.metadata?.labels },
      ownerReferences: [owner],
    },
    spec: template.spec ?? {},
  });
}
