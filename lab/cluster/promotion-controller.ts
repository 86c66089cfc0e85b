/**
 * Harvester's promotion controller: it marks the node it has chosen, cordons it and runs the Job that makes it a server, one node at a time.
 */
import type { LabServices } from "../types";
import { JOBS, NODES, SECRETS } from "./builtins";
import type { DeclaredRole } from "./identity";
import { resourceOf } from "./kinds";
import type { KubeClient, KubeObject } from "./kube";
import { FLEET_LOCAL, serverLabels } from "./machines";
import { MACHINE_ANNOTATION } from "./node-object";
import { nextPromotion, type PromotionNode } from "./promotion-choice";

const STATUS = "harvesterhci.io/promote-status";
const NODE_LABEL = "harvesterhci.io/promote-node";
const NAMESPACE = "harvester-system";
const ROLE = "node-role.kubernetes.io";
/** Lab seconds of promote.sh's own waits: the roll-out of rancher-webhook, and 20 s more. */
export const PROMOTION_SECONDS = 20;

/** One per cluster, where the other controllers run. */
export class PromotionController {
  /** Lab time at which this controller saw a Job first. */
  readonly #since = new Map<string, number>();

  constructor(
    private readonly kube: KubeClient,
    private readonly lab: Pick<LabServices, "clock" | "ledger" | "faults">,
  ) {}

  /** One pass. */
  async reconcile(): Promise<void> {
    const nodes = await this.kube.list(NODES);
    await this.#forgetJobs(nodes);
    const running = nodes.find((node) => statusOf(node) === "running");
    if (running) return this.#follow(running);
    const version = (await this.kube.get(resourceOf("setting"), "server-version")).value as string;
    const next = nextPromotion(nodes.map(promotionNode), version);
    const node = nodes.find(({ metadata }) => metadata.name === next?.name);
    if (node && node.metadata.deletionTimestamp === undefined) await this.#begin(node);
  }

  async #begin(node: KubeObject): Promise<void> {
    const { name } = node.metadata;
    // The Job of an attempt that failed, after which somebody has cleared the annotation.
    await this.kube.delete(JOBS, jobName(name), NAMESPACE);
    await this.kube.create(JOBS, promotionJob(name));
    await this.#mark(node, "running", true);
    this.#append("promotion-started", node);
  }

  async #follow(node: KubeObject): Promise<void> {
    const { name } = node.metadata;
    const job = await this.kube.find(JOBS, jobName(name), NAMESPACE);
    if (!job) return this.#mark(node, "unknown");
    const since = this.#since.get(job.metadata.uid ?? "") ?? this.lab.clock.now();
    this.#since.set(job.metadata.uid ?? "", since);
    if (this.lab.faults.active(machineOf(node), "promotion-fails")) {
      await this.#finish(job, "Failed");
      await this.#mark(node, "failed");
      return this.#append("promotion-failed", node);
    }
    if (this.lab.clock.now() - since < PROMOTION_SECONDS) return;
    if (isServer(node)) {
      await this.#finish(job, "Complete");
      await this.#mark(node, "complete", false);
      return this.#append("promotion-complete", node);
    }
    await this.#labelMachine(node);
  }

  /** What promote.sh does: Rancher's plan for the node follows these labels. */
  async #labelMachine(node: KubeObject): Promise<void> {
    const machine = node.metadata.annotations?.["cluster.x-k8s.io/machine"];
    if (machine === undefined) return;
    const { "rke.cattle.io/control-plane-role": controlPlane, ...etcd } = serverLabels();
    const labels =
      roleOf(node) === "witness" ? etcd : { ...etcd, "rke.cattle.io/control-plane-role": controlPlane };
    const patch = { metadata: { labels } };
    const options = { namespace: FLEET_LOCAL };
    const known = await this.kube.find(resourceOf("machine"), machine, FLEET_LOCAL);
    if (known?.metadata.labels?.["rke.cattle.io/etcd-role"] === "true") return;
    await this.kube.merge(resourceOf("rkeBootstrap"), machine, patch, options);
    await this.kube.merge(SECRETS, `${machine}-machine-plan`, patch, options);
    await this.kube.merge(resourceOf("machine"), machine, patch, options);
  }

  async #mark(node: KubeObject, status: string, cordoned?: boolean): Promise<void> {
    await this.kube.merge(NODES, node.metadata.name, {
      metadata: { annotations: { [STATUS]: status } },
      ...(cordoned === undefined ? {} : { spec: { unschedulable: cordoned || null } }),
    });
  }

  async #finish(job: KubeObject, type: "Complete" | "Failed"): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z/, "Z");
    const startTime = job.metadata.creationTimestamp;
    const before = type === "Complete" ? "SuccessCriteriaMet" : "FailureTarget";
    const conditions = [before, type].map((name) => ({
      type: name,
      status: "True",
      lastProbeTime: now,
      lastTransitionTime: now,
    }));
    const status =
      type === "Complete"
        ? { startTime, completionTime: now, succeeded: 1, conditions }
        : { startTime, failed: 3, conditions };
    const options = { namespace: NAMESPACE, subresource: "status" as const };
    await this.kube.merge(JOBS, job.metadata.name, { status }, options);
  }

  async #forgetJobs(nodes: KubeObject[]): Promise<void> {
    const names = new Set(nodes.map((node) => node.metadata.name));
    for (const job of await this.kube.list(
      JOBS,
      NAMESPACE,
      `?labelSelector=${encodeURIComponent(NODE_LABEL)}`,
    )) {
      if (!names.has(job.metadata.labels?.[NODE_LABEL] ?? ""))
        await this.kube.delete(JOBS, job.metadata.name, NAMESPACE);
    }
  }

  #append(event: string, node: KubeObject): void {
    this.lab.ledger.append({ machine: machineOf(node), event, node: node.metadata.name });
  }
}

/** What Harvester's rules look at in a Node. */
export function promotionNode(node: KubeObject): PromotionNode {
  const { name, labels, creationTimestamp } = node.metadata;
  const conditions: { type: string; status: string }[] = node.status?.conditions ?? [];
  return {
    name,
    role: roleOf(node),
    zone: labels?.["topology.kubernetes.io/zone"],
    healthy:
      conditions.some((c) => c.type === "Ready" && c.status === "True") &&
      !conditions.some((c) => c.type !== "Ready" && c.status === "True"),
    management: ["control-plane", "master", "etcd"].some((role) => labels?.[`${ROLE}/${role}`] === "true"),
    managed: labels?.["harvesterhci.io/managed"] === "true",
    cordoned: node.spec?.unschedulable === true,
    promoteStatus: statusOf(node),
    created: Date.parse(creationTimestamp ?? ""),
  };
}

function isServer(node: KubeObject): boolean {
  const role = roleOf(node) === "witness" ? "etcd" : "control-plane";
  return node.metadata.labels?.[`${ROLE}/${role}`] === "true";
}

function roleOf(node: KubeObject): DeclaredRole {
  const has = (role: string) => node.metadata.labels?.[`node-role.harvesterhci.io/${role}`] === "true";
  return (["management", "worker", "witness"] as const).find(has) ?? "default";
}

function statusOf(node: KubeObject): string | undefined {
  return node.metadata.annotations?.[STATUS];
}

function machineOf(node: KubeObject): string {
  return node.metadata.annotations?.[MACHINE_ANNOTATION] ?? node.metadata.name;
}

function jobName(node: string): string {
  return `harvester-promote-${node}`;
}

function promotionJob(node: string): KubeObject {
  const labels = { [NODE_LABEL]: node };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: jobName(node), namespace: NAMESPACE, labels },
    spec: {
      backoffLimit: 2,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          nodeName: node,
          containers: [
            {
              name: "promote",
              image: "rancher/harvester-promote:lab",
              command: ["sh", "/harvester-helpers/promote.sh"],
              securityContext: { privileged: true },
            },
          ],
        },
      },
    },
  };
}
