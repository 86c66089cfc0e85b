/** Recovery of a failed member of the control plane: what is wrong, and what one pass does about it. Pure. */
export { type Assessment, assess } from "./assess";
export { type CandidateFacts, successorOf, unfitness } from "./candidate";
export { type Decision, decide } from "./decide";
export { RECOVERY_GUARDS, type RecoveryGuard } from "./guards";
export type { Look, NodeLook, NodeSigns } from "./look";
export {
  type ActRecord,
  type Memory,
  NO_MEMORY,
  type RepairAct,
  recordAct,
  remember,
} from "./memory";
export { type RecoveryPolicy, recoveryPolicyOf } from "./policy";
export { type GuardedNode, quorumNow, type RecoverySituation } from "./situation";
