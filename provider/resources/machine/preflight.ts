/** What the installer will say about this host, from what its BMC reports. */
import type { ClusterDescription, NodeDescription } from "../../../model/description";
import { type PreflightFacts, predictPreflight } from "../../../model/preflight";
import type { Problem } from "../../../model/problem";
import type { SystemFacts } from "../../redfish/facts";

/** Predicts the installer's checks. An automatic installation ends at any of them without a word to anybody. */
export function preflight(
  cluster: Pick<ClusterDescription, "version" | "skipChecks">,
  node: NodeDescription,
  facts: SystemFacts,
): Problem[] {
  return predictPreflight(preflightFacts(node, facts), cluster.version, cluster.skipChecks);
}

function preflightFacts(node: NodeDescription, facts: SystemFacts): PreflightFacts {
  const { threads, cores } = facts.processors;
  const bytesOf = (serial: string) => facts.drives.find((drive) => drive.serial?.trim() === serial)?.bytes;
  const install = bytesOf(node.disks.install.serial);
  const data = node.disks.data && bytesOf(node.disks.data.serial);
  return {
    ...(node.role === undefined ? {} : { role: node.role }),
    ...(threads === undefined ? {} : { threads }),
    ...(cores === undefined ? {} : { cores }),
    ...(facts.memoryGiB === undefined ? {} : { memoryGiB: facts.memoryGiB }),
    ...(facts.bootMode === undefined ? {} : { bootMode: facts.bootMode === "UEFI" ? "uefi" : "legacy" }),
    nics: node.interfaces.flatMap(({ name, hwAddr }) => {
      const nic = facts.nics.find((candidate) => candidate.mac === hwAddr?.toLowerCase());
      if (nic?.speedMbps === undefined) return [];
      return [{ name: name ?? nic.name, mbps: nic.speedMbps }];
    }),
    disks: {
      ...(install === undefined ? {} : { install }),
      ...(node.disks.data === undefined ? {} : { data: data === undefined ? {} : { bytes: data } }),
    },
  };
}
