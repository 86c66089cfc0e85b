/** What may be done about a failed member of the control plane without asking, with every default filled in. */
import type { AutomaticRecovery, RecoveryDescription } from "../description";
import { durationOf } from "../duration";

/** The policy of a cluster. */
export interface RecoveryPolicy {
  /** `manual`: every pass only says what it would do. */
  mode: "manual" | "automatic";
  /** How long a failure must have lasted before anything is done, and how long a repair is given to help; milliseconds. */
  failureThresholdMs: number;
  /** Nodes of any role that must be well, or nothing is done. */
  minimumHealthy: number;
  /** After an act nothing else is done for so long, milliseconds. */
  retryPeriodMs: number;
  /** Most evicted nodes that nobody has replaced or removed yet. */
  limit: number;
}

/**
 * Defaults. A server restarts within 10 minutes, memory test included; a second act within the half hour would not know yet what the
 * first one did. Cluster API's KubeadmControlPlane has the same parts (`remediationStrategy`: minHealthyPeriod, retryPeriod, maxRetry).
 */
const RECOVERY_DEFAULTS = { failureThreshold: "15m", retryPeriod: "30m", limit: 1 } as const;

/**
 * The policy of a description that `validateDescription` accepts.
 *
 * @param nodes how many nodes the cluster has; by default all but one must be well: several that fail at once share a cause
 */
export function recoveryPolicyOf(recovery: RecoveryDescription | undefined, nodes: number): RecoveryPolicy {
  const given: Partial<AutomaticRecovery> = typeof recovery === "object" ? recovery : {};
  const { failureThreshold, retryPeriod, limit } = { ...RECOVERY_DEFAULTS, ...given };
  return {
    mode: given.mode ?? "manual",
    failureThresholdMs: durationOf(failureThreshold)!,
    minimumHealthy: given.minimumHealthy ?? Math.max(1, nodes - 1),
    retryPeriodMs: durationOf(retryPeriod)!,
    limit,
  };
}
