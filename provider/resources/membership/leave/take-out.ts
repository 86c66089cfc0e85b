/**
 * Takes one node out: looks, decides, does one thing, and looks again, until it is out. Whatever kills it in between, the next look finds where
 * it stands.
 */
import { interruptionOf } from "../../../../model/transition";
import { HarvesterError } from "../../../harvester/errors";
import {
  type LonghornReplica,
  type LonghornVolume,
  volumeFacts,
  WORKLOAD_PATHS,
} from "../../../harvester/workload";
import { NoAnswer } from "../../../net/http";
import { pause } from "../../../net/retry";
import { System } from "../../../redfish/system";
import { UserError } from "../../../shell/errors";
import { type LiveCluster, lookAtCluster } from "../../live-cluster";
import { refuseOtherHost } from "../../machine/look";
import type { RosterLeaver } from "../roster";
import { carryOut, howLeft, INTERRUPTING, sayingOf } from "./acts";
import { type Act, decide } from "./decide";
import type { Departure } from "./departure";
import { look, type Memory, type Seen } from "./look";

/** How often it is looked at while waiting. */
const LOOK_EVERY_MS = 1000;

/** A BMC that is silent is looked at again and again, so no single look may last long. */
const BMC_TIMING = { requestMs: 10_000, attemptsMs: 10_000 };

/**
 * Takes a node out. Returns when it is out and nothing more is to be done: how it has left, or undefined where that was done before; throws where it must
 * not be taken out, or at the deadline.
 */
export async function takeOut(departure: Departure): Promise<RosterLeaver["how"] | undefined> {
  const { ctx, key, node } = departure;
  const system = new System({ bmc: node.bmc, readOnly: false, signal: ctx.signal, timing: BMC_TIMING });
  const memory: Memory = {
    askEtcd: false,
    looksNotReady: 0,
    maintenanceAsked: 0,
    snapshotTaken: false,
    silentUntil: 0,
    dead: undefined,
  };
  const host = new Host(departure, system);
  let acted = false;
  try {
    for (;;) {
      const step = await tolerant(() => oneStep(departure, system, host, memory));
      if (step.act === "done") return acted ? howLeft(departure, memory) : undefined;
      if (step.act === "refuse") throw new UserError(`nodes.${key}: ${step.reason}`);
      if (step.act === "go-on") {
        acted = true;
        continue;
      }
      ctx.status(`${key} leaves: waiting: ${step.what}`);
      if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime()) {
        throw new UserError(
          `nodes.${key}: gave up waiting: ${step.what}. What was done stays done, and running again goes on from here. More time: ` +
            "leave.timeout. To keep the node after all, put it back into the description.",
        );
      }
      await pause(LOOK_EVERY_MS, ctx.signal);
    }
  } finally {
    await system.close();
  }
}

type Step = Extract<Act, { act: "wait" | "refuse" | "done" }> | { act: "go-on" };

async function oneStep(departure: Departure, system: System, host: Host, memory: Memory): Promise<Step> {
  const { ctx, question, pinned, key } = departure;
  const cluster = await lookAtCluster(question, { signal: ctx.signal, facts: ctx.facts, pinned });
  if (cluster.kind === "other")
    throw new UserError(`cluster.vip: ${cluster.what}. Nothing more was changed.`);
  if (!isReachable(cluster)) return { act: "wait", what: `the cluster to answer (${cluster.what})` };
  const seen = await look(departure, system, cluster, memory);
  const deed = decide(seen.observation);
  if (deed.act === "wait" || deed.act === "refuse" || deed.act === "done") return deed;
  if (INTERRUPTING.includes(deed.act)) {
    const held = await holdBack(departure, system, cluster, memory, seen);
    if (held !== undefined) return { act: "wait", what: held };
  }
  await host.check(seen);
  ctx.status(sayingOf(deed, key));
  // What etcd said counts for one act alone.
  memory.askEtcd = false;
  await carryOut(deed, departure, system, seen, memory);
  return { act: "go-on" };
}

/**
 * The last look before a vote is taken out of etcd, with what etcd itself says of its members. Why not now; undefined where the quorum holds
 * without the node.
 */
async function holdBack(
  departure: Departure,
  system: System,
  cluster: LiveCluster & { client: Seen["client"] },
  memory: Memory,
  seen: Seen,
): Promise<string | undefined> {
  if (seen.node === undefined) return undefined;
  const last = await lastCopiesOn(seen.client, seen.node.name);
  if (last.length > 0 && seen.observation.purpose === "reinstall") {
    return `Longhorn to have a healthy replica elsewhere of ${last.join(", ")}, whose last one is on ${seen.node.name}`;
  }
  if (!seen.node.etcd) return undefined;
  const asked =
    seen.observation.etcd === undefined
      ? await look(departure, system, cluster, { ...memory, askEtcd: true })
      : seen;
  const { etcd } = asked.observation;
  // Without any way onto the nodes a dead member may still be removed, by what the Node conditions say.
  if (typeof etcd === "string" && departure.peers.length > 0) return `etcd to be asked (${etcd})`;
  return interruptionOf(asked.nodes, seen.node.name).refusal;
}

/** Volumes whose only healthy replicas are on the node. */
export async function lastCopiesOn(client: Seen["client"], node: string): Promise<string[]> {
  const volumes = volumeFacts(
    await client.list<LonghornVolume>(WORKLOAD_PATHS.volumes),
    await client.list<LonghornReplica>(WORKLOAD_PATHS.replicas),
  );
  return volumes
    .filter(({ healthyOn }) => healthyOn.length > 0 && healthyOn.every((name) => name === node))
    .map(({ name }) => name);
}

/** A cluster whose VIP is on its way to another node, or a node that restarts, is asked again. */
export async function tolerant<T>(step: () => Promise<T>): Promise<T | { act: "wait"; what: string }> {
  try {
    return await step();
  } catch (error) {
    const passing = error instanceof NoAnswer || (error instanceof HarvesterError && error.status >= 500);
    if (!passing) throw error;
    return { act: "wait", what: `the cluster to answer (${error.message})` };
  }
}

function isReachable(cluster: LiveCluster): cluster is LiveCluster & { client: Seen["client"] } {
  return cluster.kind === "ours" && cluster.client !== undefined;
}

/** The host behind the BMC: compared once, before anything is done. */
class Host {
  #checked = false;

  constructor(
    private readonly departure: Departure,
    private readonly system: System,
  ) {}

  async check({ observation }: Seen): Promise<void> {
    if (this.#checked || observation.power === "silent") return;
    refuseOtherHost(this.departure.ctx, this.departure, await this.system.facts());
    this.#checked = true;
  }
}
