/** The repairs, each the least that may help. Every one looks at its subject once more right before. */
import type { RepairAct } from "../../model/recovery";
import { System } from "../redfish/system";
import { UserError } from "../shell/errors";
import { signsOfHost } from "./look";
import type { LiveNode, Subject } from "./subject";

/** Carries a repair out, and returns when it is observed. Throws where it could not be done, or not any more. */
export async function repair(
  subject: Subject,
  node: LiveNode,
  act: RepairAct,
  { signal, status }: { signal: AbortSignal; status: (message: string) => void },
): Promise<void> {
  if (act === "uncordon") {
    status(`uncordoning ${node.key}`);
    const { name } = node.facts!;
    return subject.client.kube.merge(
      `/api/v1/nodes/${name}`,
      { spec: { unschedulable: null } },
      `uncordoning ${name}`,
    );
  }
  const system = new System({ bmc: node.described.bmc, readOnly: false, signal });
  try {
    const { sameHost, bootsFromDisk } = signsOfHost(node, await system.facts(), subject);
    if (sameHost !== true || bootsFromDisk !== true) {
      throw new UserError(
        `${node.key} was left as it is: ${sameHost ? "its next start would not come from disk" : "its BMC reports another host"}.`,
      );
    }
    if (act === "reset") {
      status(`switching ${node.key} off`);
      await system.power("ForceOff");
    }
    status(`switching ${node.key} on`);
    await system.power("On");
  } finally {
    await system.close();
  }
}
