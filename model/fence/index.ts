/** The watch over the fence: machines that have left stay out. Pure. */
export { decideOnReturn, type FenceAct, type GuardedAct, type ReturnSigns } from "./decide";
export { FENCE_GUARDS, type FenceGuard } from "./guards";
export { ofReturn, type ReleasedMachine, type ReturnedMachine, returnedMachines } from "./returned";
