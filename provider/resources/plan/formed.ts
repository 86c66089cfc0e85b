/** Whether a cluster whose VIP is silent was ever there, by the marks on the hardware. */
import type { NodeDescription } from "../../../model/description";
import { BmcError } from "../../redfish/errors";
import { containsUnknown, type OperationContext } from "../../shell/resource";
import { glance } from "../machine/glance";
import { readMark } from "../machine/mark";

/** True only where every machine can be looked at and none carries the mark of an installation that was carried out. */
export async function neverFormed(
  ctx: OperationContext,
  nodes: Readonly<Record<string, NodeDescription>>,
): Promise<boolean> {
  const blank = Object.values(nodes).map(async (node) => {
    if (containsUnknown(node.bmc)) return false;
    try {
      const mark = await glance(ctx, node, async (system) => readMark((await system.state()).assetTag));
      return mark?.phase !== "done";
    } catch (error) {
      if (error instanceof BmcError) return false;
      throw error;
    }
  });
  return (await Promise.all(blank)).every(Boolean);
}
