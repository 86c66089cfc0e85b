/** One Kubernetes Lease that serialises runs which take members out, wherever they run. */
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { pause } from "../net/retry";
import { explain, UserError } from "../shell/errors";
import type { OperationContext } from "../shell/resource";
import { HOLDER_PROCESS, hasDied, holderProcess } from "./holder";
import type { KubeApi, KubeObject } from "./kube-api";

const PATH = "/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases";
const NAME = "harvester-stack-membership";

/** Longer than the VIP takes to find another holder (kube-vip: 15 s), so that a run does not lose the Lease over it. */
const DURATION_SECONDS = 30;
const RENEW_EVERY_MS = 5000;
const LOOK_EVERY_MS = 2000;

/** A Lease as far as it is used here [kubernetes coordination.k8s.io/v1]. */
interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Somebody else held the Lease until the deadline. */
export class LeaseHeld extends UserError {
  constructor(
    /** Who, and since when; or why that is not known. */
    readonly holder: string,
  ) {
    super(
      `members: gave up waiting: ${holder}. One run at a time takes nodes out. Let that one end; if it is gone, its Lease ends ` +
        `${DURATION_SECONDS} s after it was renewed last. Nothing was changed.`,
    );
    this.name = "LeaseHeld";
  }
}

/** What a holder needs. */
export interface LeaseOptions {
  /** The cluster as it is reached right now; it may be another connection each time. */
  kube: () => Promise<KubeApi | undefined>;
  ctx: Pick<OperationContext, "signal" | "deadline" | "status">;
  /** What is done under it, for whoever waits: "taking n3 out". */
  purpose: string;
}

/**
 * Does something as the only one. Another holder is waited for; at the deadline the error names it and since when it holds. The signal
 * given to `work` is aborted where the Lease could not be renewed in time: then somebody else may hold it.
 */
export async function underLease<T>(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const holder = `${userInfo().username}@${hostname()} (${process.pid}-${randomBytes(3).toString("hex")}): ${options.purpose}`;
  await acquire(options, holder);
  const lost = new AbortController();
  const done = new AbortController();
  const renewal = keepRenewing(options, holder, lost, done.signal);
  try {
    return await work(AbortSignal.any([options.ctx.signal, lost.signal]));
  } finally {
    done.abort();
    await renewal;
    await release(options, holder);
  }
}

async function acquire({ kube, ctx }: LeaseOptions, holder: string): Promise<void> {
  let seen: { version: string | undefined; at: number } | undefined;
  for (;;) {
    const api = await kube();
    const lease = api && (await find(api));
    let why = "waiting for the cluster to answer, to take the Lease";
    if (api !== undefined && lease === undefined) {
      if (await api.create(PATH, fresh(holder), "creating the Lease")) return;
    } else if (api !== undefined && lease !== undefined) {
      // By what was seen here: clocks of other machines say nothing (client-go's leader election does the same).
      const version = lease.metadata.resourceVersion;
      if (seen?.version !== version) seen = { version, at: Date.now() };
      const duration = (lease.spec?.leaseDurationSeconds ?? DURATION_SECONDS) * 1000;
      const held = lease.spec?.holderIdentity ?? "";
      const free =
        held === "" ||
        hasDied(held, lease.metadata.annotations?.[HOLDER_PROCESS]) ||
        Date.now() - seen!.at > duration;
      if (free && (await api.replace(`${PATH}/${NAME}`, taken(lease, holder), "taking the Lease"))) return;
      why =
        `${lease.spec?.holderIdentity || "somebody"} holds the Lease ${NAME} in harvester-system since ` +
        `${lease.spec?.acquireTime ?? "an unknown time"}, renewed at ${lease.spec?.renewTime ?? "an unknown time"}`;
    }
    ctx.status(`waiting: ${why}`);
    if (Date.now() + LOOK_EVERY_MS > ctx.deadline.getTime()) throw new LeaseHeld(why);
    await pause(LOOK_EVERY_MS, ctx.signal);
  }
}

async function keepRenewing(
  { kube }: LeaseOptions,
  holder: string,
  lost: AbortController,
  done: AbortSignal,
): Promise<void> {
  let renewed = Date.now();
  while (!done.aborted && !lost.signal.aborted) {
    await pause(RENEW_EVERY_MS, done).catch(() => undefined);
    if (done.aborted) return;
    let trouble = "the cluster did not answer";
    try {
      const api = await kube();
      const lease = api && (await find(api));
      const mine = lease?.spec?.holderIdentity === holder;
      if (lease !== undefined && !mine) {
        const other = lease.spec?.holderIdentity ?? "nobody";
        lost.abort(new UserError(`members: the Lease ${NAME} was taken over by ${other}; stopped here.`));
      } else if (
        api !== undefined &&
        lease !== undefined &&
        (await api.replace(`${PATH}/${NAME}`, kept(lease), "renewing the Lease"))
      ) {
        renewed = Date.now();
      }
    } catch (error) {
      trouble = explain(error);
    }
    if (Date.now() - renewed > DURATION_SECONDS * 1000 - RENEW_EVERY_MS) {
      lost.abort(
        new UserError(
          `members: the Lease ${NAME} could not be renewed for ${DURATION_SECONDS} s (${trouble}), so another run may hold it; stopped ` +
            "here. Run again: it goes on where this one stopped.",
        ),
      );
    }
  }
}

/** Best effort: a Lease that is not given back ends by itself. */
async function release({ kube }: LeaseOptions, holder: string): Promise<void> {
  try {
    const api = await kube();
    const lease = api && (await find(api));
    if (api === undefined || lease?.spec?.holderIdentity !== holder) return;
    const free = { ...lease, spec: { ...lease.spec, holderIdentity: "" } };
    await api.replace(`${PATH}/${NAME}`, free, "giving the Lease back");
  } catch {
    // It ends by itself.
  }
}

function find(api: KubeApi): Promise<Lease | undefined> {
  return api.find<Lease>(`${PATH}/${NAME}`, `reading the Lease ${NAME}`);
}

function fresh(holder: string): Lease {
  const now = microTime();
  const process = holderProcess(holder);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: NAME,
      namespace: "harvester-system",
      annotations: process === undefined ? {} : { [HOLDER_PROCESS]: process },
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: DURATION_SECONDS,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: 0,
    },
  };
}

function taken(lease: Lease, holder: string): Lease {
  const leaseTransitions = (lease.spec?.leaseTransitions ?? 0) + 1;
  const { metadata, spec } = fresh(holder);
  const { annotations } = metadata;
  return { ...lease, metadata: { ...lease.metadata, annotations }, spec: { ...spec, leaseTransitions } };
}

function kept(lease: Lease): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: microTime() } };
}

/** Kubernetes' MicroTime: RFC 3339 with six digits. */
function microTime(): string {
  return new Date().toISOString().replace(/Z$/, "000Z");
}
