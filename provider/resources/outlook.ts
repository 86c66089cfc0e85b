/** What a description will come to, said in a preview. */
import { type DeclaredRoles, previewControlPlane } from "../../model/control-plane";
import { quorumOf } from "../../model/quorum";

/** The control plane that promotion will make of the declared roles, in one sentence or two. */
export function outlook(description: DeclaredRoles): string {
  const { creator, controlPlane, voters, apiServers, standby } = previewControlPlane(description);
  if (creator === undefined) return "Nobody can create the cluster.";
  const promoted = controlPlane.filter((key) => key !== creator);
  const { tolerance } = quorumOf(voters.length);
  return [
    `${creator} creates the cluster${promoted.length > 0 ? `, ${promoted.join(" and ")} will be promoted` : ""}:`,
    `${voters.length} etcd ${voters.length === 1 ? "voter" : "voters"}, of which ${tolerance} may fail;`,
    `API servers on ${apiServers.join(", ")}; standing by: ${standby.join(", ") || "nobody"}.`,
  ].join(" ");
}
