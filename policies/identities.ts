import { modelPolicy } from "./model-rule";

/** No two nodes share anything that tells them apart. */
export const uniqueIdentities = modelPolicy({
  name: "unique-identities",
  description: "Hostnames, addresses, MACs, UUIDs, serial numbers, BMCs and disks belong to one node each.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["identity", "data-loss"],
  remediationSteps:
    "Correct whichever of the two places is wrong, usually a line that was copied. One host behind two nodes would be installed twice.",
  url: "https://github.com/harvester/harvester/issues/4025",
  rules: [
    "hostname-unique",
    "node-address-unique",
    "mac-unique",
    "uuid-unique",
    "serial-unique",
    "bmc-unique",
    "disk-unique",
    "was-hardware",
  ],
});
