/** Switches a machine off, in good order where its operating system obeys. */
import type { System } from "../../redfish/system";

/** Asks for an orderly shutdown, and takes the power away where that does not end in time. Observed off when it returns. */
export async function shutDown(system: System, patienceMs: number): Promise<void> {
  if ((await system.state()).power === "Off") return;
  try {
    await system.power("GracefulShutdown", { deadlineMs: patienceMs });
  } catch {
    // An operating system that hangs does not answer the power button; whoever asks for this has permission to switch it off.
    await system.power("ForceOff");
  }
}
