/** Which hosts the description names, as this run has heard: a machine judged alone cannot tell whose place another host took. */
import { sameUuid } from "../../model/hardware";
import { FactKind, type RunFacts } from "../shell/run";

/** A node as far as its host is concerned. */
export interface DeclaredHost {
  /** The node's key in the description. */
  key: string;
  hardware: { uuid: unknown };
}

const declaredHosts = new FactKind<readonly DeclaredHost[]>("hosts as a description names them");

/** Records the hosts of a cluster's description. */
export function recordHosts(facts: RunFacts, cluster: string, hosts: readonly DeclaredHost[]): void {
  facts.record(declaredHosts, cluster, hosts);
}

/** Keys of the nodes that declare the host with this UUID, in either byte order; none where no description was heard of. */
export function nodesDeclaring(facts: RunFacts, uuid: string): string[] {
  return [...facts.all(declaredHosts).values()]
    .flat()
    .filter(({ hardware }) => typeof hardware.uuid === "string" && sameUuid(hardware.uuid, uuid))
    .map(({ key }) => key);
}
