/** A preview's look at a machine through its BMC: once for each BMC that is silent, however many resources ask. */
import type { NodeDescription } from "../../../model/description";
import { BmcError } from "../../redfish/errors";
import type { System } from "../../redfish/system";
import type { OperationContext } from "../../shell/resource";
import { FactKind } from "../../shell/run";
import { connect } from "./look";

/** BMCs that did not answer, by endpoint. An operation that is no preview never asks this: to it, silence now is what counts. */
const silentBmcs = new FactKind<BmcError>("BMCs that were silent in a preview");

/**
 * Looks, read-only. Throws at once where the BMC was silent before in this run: machines come one after another in the order in which
 * they join, and with it the patience for each would add up.
 */
export async function glance<T>(
  { signal, facts }: Pick<OperationContext, "signal" | "facts">,
  node: NodeDescription,
  work: (system: System) => Promise<T>,
): Promise<T> {
  const { endpoint } = node.bmc;
  const silence = facts.get(silentBmcs, endpoint);
  if (silence !== undefined) throw silence;
  const system = connect({ signal, preview: true }, { node });
  try {
    return await work(system);
  } catch (error) {
    if (error instanceof BmcError && error.problem === "silent") facts.record(silentBmcs, endpoint, error);
    throw error;
  } finally {
    await system.close();
  }
}
