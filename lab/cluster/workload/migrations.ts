/**
 * KubeVirt's live migrations: an instance moves to another node and is never stopped. They are asked for by VirtualMachineInstanceMigrations, which
 * people make, and KubeVirt itself for every instance that is to leave its node.
 */
import { randomBytes } from "node:crypto";
import type { LabClock, Ledger } from "../../types";
import { objectOf, resourceOf } from "../kinds";
import type { KubeClient, KubeObject } from "../kube";
import { canMoveTo, DRAIN_TAINT, immovable, isReady, NODE_NAME_LABEL, nameOf, nodeOf } from "./instances";

const INSTANCES = resourceOf("virtualMachineInstance");
const MIGRATIONS = resourceOf("virtualMachineInstanceMigration");
/** Lab seconds that a machine's memory takes to another node. */
export const MIGRATION_SECONDS = 20;

/** What an eviction asks for: KubeVirt is told to move the instance away, and one that wants to be stopped instead is stopped. */
export async function evict(kube: KubeClient, instance: KubeObject): Promise<void> {
  const { name, namespace } = instance.metadata;
  const evacuationNodeName = instance.status?.nodeName;
  if (instance.spec?.evictionStrategy === "None") return kube.delete(INSTANCES, name, namespace);
  if (instance.status?.evacuationNodeName === evacuationNodeName) return;
  const options = { namespace, subresource: "status" as const };
  await kube.merge(INSTANCES, name, { status: { evacuationNodeName } }, options);
}

/** The controllers of migrations. */
export class Migrations {
  /** Lab time at which this controller has seen a migration begin, by its UID. */
  readonly #since = new Map<string, number>();

  constructor(
    private readonly kube: KubeClient,
    private readonly clock: LabClock,
    private readonly ledger: Ledger,
  ) {}

  /** One pass. */
  async reconcile(instances: readonly KubeObject[], nodes: readonly KubeObject[]): Promise<void> {
    const migrations = await this.kube.list(MIGRATIONS);
    for (const migration of migrations.filter(isUnderWay)) {
      const instance = instances.find((i) => isOf(migration, i));
      if (instance === undefined || immovable(instance)) await this.#end(migration, "Failed");
      else await this.#follow(migration, instance, byLoad(nodes, instances));
    }
    for (const instance of instances.filter((i) => mustLeave(i, nodes))) {
      const own = migrations.filter((migration) => isOf(migration, instance));
      if (immovable(instance) || own.some(isUnderWay)) continue;
      for (const { metadata } of own.filter(isEvacuation))
        await this.kube.delete(MIGRATIONS, metadata.name, metadata.namespace);
      await this.kube.create(MIGRATIONS, evacuationOf(instance));
    }
  }

  async #follow(migration: KubeObject, instance: KubeObject, nodes: readonly KubeObject[]): Promise<void> {
    const { uid = "", name, namespace } = migration.metadata;
    const source = nodes.find(({ metadata }) => metadata.name === nodeOf(instance));
    if (migration.status?.phase !== "Running") {
      const target = nodes.find((node) => canMoveTo(node, instance, source));
      const phase = target === undefined ? "Pending" : "Running";
      if (phase === migration.status?.phase) return;
      const migrationState = target && this.#begin(instance, target.metadata.name, uid);
      const options = { namespace, subresource: "status" as const };
      await this.kube.merge(MIGRATIONS, name, { status: { phase, migrationState } }, options);
      return;
    }
    const since = this.#since.get(uid) ?? this.clock.now();
    this.#since.set(uid, since);
    const { sourceNode, targetNode } = migration.status.migrationState;
    const target = nodes.find(({ metadata }) => metadata.name === targetNode);
    const both = [source, target].every((node) => node !== undefined && isReady(node));
    if (!both || source?.metadata.name !== sourceNode) return this.#end(migration, "Failed");
    if (this.clock.now() - since < MIGRATION_SECONDS) return;
    await this.#arrive(instance, migration);
    await this.#end(migration, "Succeeded");
  }

  #begin(instance: KubeObject, targetNode: string, migrationUid: string): object {
    const sourceNode = nodeOf(instance);
    this.#since.set(migrationUid, this.clock.now());
    this.#append("vm-migration-started", instance, targetNode);
    return { migrationUid, sourceNode, targetNode, startTimestamp: now() };
  }

  async #arrive(instance: KubeObject, migration: KubeObject): Promise<void> {
    const { name, namespace } = instance.metadata;
    const { targetNode: nodeName } = migration.status.migrationState;
    const migrationState = { ...migration.status.migrationState, completed: true, endTimestamp: now() };
    const status = { nodeName, evacuationNodeName: null, migrationState };
    await this.kube.merge(INSTANCES, name, { status }, { namespace, subresource: "status" });
    const metadata = { labels: { [NODE_NAME_LABEL]: nodeName } };
    await this.kube.merge(INSTANCES, name, { metadata }, { namespace });
    this.#append("vm-migrated", instance, nodeName);
  }

  async #end({ metadata }: KubeObject, phase: "Succeeded" | "Failed"): Promise<void> {
    this.#since.delete(metadata.uid ?? "");
    const options = { namespace: metadata.namespace, subresource: "status" as const };
    await this.kube.merge(MIGRATIONS, metadata.name, { status: { phase } }, options);
  }

  #append(event: string, instance: KubeObject, to: string): void {
    this.ledger.append({ machine: "site", event, vm: nameOf(instance), from: nodeOf(instance), to });
  }
}

/** Asked for by an eviction, or by the taint of its node. */
function mustLeave(instance: KubeObject, nodes: readonly KubeObject[]): boolean {
  const name = nodeOf(instance);
  if (name === undefined) return false;
  const taints: { key: string }[] = nodes.find((node) => node.metadata.name === name)?.spec?.taints ?? [];
  return instance.status?.evacuationNodeName === name || taints.some(({ key }) => key === DRAIN_TAINT);
}

/** The nodes with the fewest instances first. */
function byLoad(nodes: readonly KubeObject[], instances: readonly KubeObject[]): KubeObject[] {
  const load = (node: KubeObject) => instances.filter((i) => nodeOf(i) === node.metadata.name).length;
  return [...nodes].sort((a, b) => load(a) - load(b));
}

function isOf({ metadata, spec }: KubeObject, instance: KubeObject): boolean {
  return spec?.vmiName === instance.metadata.name && metadata.namespace === instance.metadata.namespace;
}

function isUnderWay({ status }: KubeObject): boolean {
  return !["Succeeded", "Failed"].includes(status?.phase);
}

function isEvacuation({ metadata }: KubeObject): boolean {
  return metadata.annotations?.["kubevirt.io/evacuationMigration"] !== undefined;
}

function evacuationOf(instance: KubeObject): KubeObject {
  const { name, namespace } = instance.metadata;
  return objectOf("virtualMachineInstanceMigration", {
    metadata: {
      name: `kubevirt-evacuation-${randomBytes(3).toString("hex")}`,
      namespace,
      annotations: { "kubevirt.io/evacuationMigration": nodeOf(instance) ?? "" },
    },
    spec: { vmiName: name },
  });
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z/, "Z");
}
