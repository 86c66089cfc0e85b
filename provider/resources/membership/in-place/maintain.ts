/** A node is drained and kept out of use. */
import type { NodeDescription } from "../../../../model/description";
import { requestMaintenance } from "../../../harvester/maintenance";
import {
  type VirtualMachineInstance,
  virtualMachineFacts,
  WORKLOAD_PATHS,
} from "../../../harvester/workload";
import { UserError } from "../../../shell/resource";
import { stopMachines } from "../leave/acts";
import { virtualMachinePolicy } from "../leave/departure";
import { type Course, foundOn, patience } from "./course";

/** So often Harvester may take a request for maintenance mode back before it counts as refused. */
const MAINTENANCE_TRIES = 3;

/** Maintenance mode, until it is complete and no virtual machine is left. */
export async function maintain(course: Course, key: string, described: NodeDescription): Promise<void> {
  const { ctx, inputs } = course;
  for (let asked = 0; ; ) {
    const { client, node } = await foundOn(course, key, described);
    const machines = virtualMachineFacts(await client.list<VirtualMachineInstance>(WORKLOAD_PATHS.instances));
    const left = machines.filter((machine) => machine.node === node.name);
    if (node.maintenance === "completed" && left.length === 0) return;
    const fixed = left.filter(({ migratable }) => !migratable).map(({ name }) => name);
    if (fixed.length > 0 && virtualMachinePolicy(inputs.cluster.leave) === "refuse") {
      throw new UserError(
        `nodes.${key}.maintenance: ${node.name} runs virtual machines that cannot be live-migrated: ${fixed.join(", ")}. Stop or move them, or ` +
          'allow that they are stopped: leave.virtualMachines: "stop".',
      );
    }
    if (fixed.length > 0) await stopMachines(client, fixed);
    if (node.maintenance === undefined && !node.maintenanceRequested) {
      if (asked === MAINTENANCE_TRIES) {
        throw new UserError(
          `nodes.${key}.maintenance: Harvester refuses it for ${node.name} again and again. Look at the node's page in Harvester: it names virtual ` +
            "machines that have no other node to run on.",
        );
      }
      asked += 1;
      await requestMaintenance(client.kube, node.name);
    }
    const names = left.map(({ name }) => name).join(", ");
    await patience(ctx, `maintenance mode of ${node.name}${names === "" ? "" : ` (still there: ${names})`}`);
  }
}
