/**
 * How often the nodes' loops run, in real milliseconds. Real clusters use 10 s heartbeats and 40 s of grace; with a fast lab clock the same
 * ratio runs faster, but not so fast that the lab itself becomes a load.
 */
import type { LabClock } from "../types";

/** Intervals of a node's loops. */
export interface Timing {
  /** Between two renewals of the node's lease. */
  heartbeatMs: number;
  /** Without a renewal for so long, a node's Ready becomes Unknown. */
  graceMs: number;
  /** Between two passes of a controller. */
  controllerMs: number;
  /** How long the lease of the VIP lasts without renewal. */
  vipLeaseMs: number;
  /** Between two attempts to join. */
  joinRetryMs: number;
}

/** Intervals for a clock: the real ones divided by its speed, within bounds. */
export function timingFor(clock: LabClock): Timing {
  // A clock that stands still is driven by a test; processes do not stand still.
  const speed = clock.speed || 20;
  const scaled = (seconds: number, atLeastMs: number): number =>
    Math.max(atLeastMs, Math.round((seconds * 1000) / speed));
  const heartbeatMs = scaled(10, 1500);
  return {
    heartbeatMs,
    graceMs: 4 * heartbeatMs,
    controllerMs: scaled(5, 1000),
    vipLeaseMs: scaled(15, 4000),
    joinRetryMs: scaled(5, 1000),
  };
}
