import { modelPolicy } from "./model-rule";

/** What is wiped is named for certain. */
export const namedDisks = modelPolicy({
  name: "named-disks",
  description:
    "Disks are named by /dev/disk/by-id or by-path and serial number, never as /dev/sdX or by pattern.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["data-loss"],
  remediationSteps:
    "Copy the names from `ls -l /dev/disk/by-id` of the host, and the serial numbers from its BMC. Names such as /dev/sda change with a " +
    "reboot, and the wrong disk would be wiped.",
  url: "https://docs.harvesterhci.io/v1.6/install/harvester-configuration#installdevice",
  rules: ["disk-device", "disk-serial", "setting-formats-disks"],
});
