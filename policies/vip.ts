import { modelPolicy } from "./model-rule";

/** The VIP is an address that the cluster can keep for good. */
export const vipRules = modelPolicy({
  name: "vip-rules",
  description: "The VIP is a free host address of the management network, and nobody else's.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["network"],
  remediationSteps:
    "Choose an address of the management subnet, outside the DHCP range, that no node, BMC or gateway has. It cannot be changed after " +
    "the installation.",
  url: "https://docs.harvesterhci.io/v1.6/install/management-address",
  rules: [
    "vip-address",
    "vip-in-subnet",
    "vip-not-gateway",
    "vip-not-node",
    "vip-not-bmc",
    "vip-outside-dhcp-range",
    "vip-dhcp-mac",
  ],
});
