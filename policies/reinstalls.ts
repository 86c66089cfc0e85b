import type { ResourceValidationPolicy } from "@pulumi/policy";
import { changeOf } from "./change-rule";

/** Nobody overlooks that a disk is wiped. It asks for nothing, and can be made mandatory where a second pair of eyes is. */
export const reinstallsAnnounced: ResourceValidationPolicy = {
  name: "reinstalls-announced",
  description:
    "Installations that wipe the disks of a machine that was installed before are named, disk by disk.",
  enforcementLevel: "advisory",
  severity: "medium",
  tags: ["data-loss"],
  remediationSteps:
    "Compare the serial numbers with the labels on the disks; set `reinstall` back if the wipe is not meant.",
  url: "https://docs.harvesterhci.io/v1.6/install/harvester-configuration#installdevice",
  validateResource(args, reportViolation) {
    for (const { kind, node, wiped } of changeOf(args)?.steps ?? []) {
      if (kind !== "reinstall") continue;
      const disks = wiped.map(({ device, serial }) => `${serial} (${device})`).join(", ");
      reportViolation(
        `cluster.nodes.${node}.reinstall: ${node} is installed anew, which wipes ${disks || "its disks"}.`,
      );
    }
  },
};
