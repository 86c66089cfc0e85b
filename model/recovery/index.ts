/** Recovery of a failed member of the control plane: what is wrong, and what one pass does about it. Pure. */
export { type Assessment, assess, FEWEST_LOOKS } from "./assess";
export { type CandidateFacts, successorOf, unfitness } from "./candidate";
export { type Decision, decide } from "./decide";
export { quorumInWords, RECOVERY_GUARDS, type RecoveryGuard } from "./guards";
export { isFailing, type Look, type NodeLook, type NodeSigns } from "./look";
export {
  type ActRecord,
  type Memory,
  NO_MEMORY,
  type RepairAct,
  recordAct,
  remember,
  type Spell,
} from "./memory";
export { RECOVERY_DEFAULTS, type RecoveryPolicy, recoveryPolicyOf } from "./policy";
export { type GuardedNode, quorumNow, type RecoverySituation } from "./situation";
