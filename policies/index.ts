import { PolicyPack } from "@pulumi/policy";
import { bmcTlsVerified } from "./bmc-tls-verified";

new PolicyPack("harvester-stack", { policies: [bmcTlsVerified] });
