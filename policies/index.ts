import { PolicyPack } from "@pulumi/policy";
import { bmcTlsVerified } from "./bmc-tls-verified";
import { productionControlPlane, votersOdd } from "./control-plane";
import { namedDisks } from "./disks";
import { uniqueIdentities } from "./identities";
import { artifactVersion, oneVersion } from "./one-version";
import { secretsAreSecrets } from "./secrets";
import { vipRules } from "./vip";

new PolicyPack("harvester-stack", {
  policies: [
    votersOdd,
    productionControlPlane,
    artifactVersion,
    oneVersion,
    uniqueIdentities,
    vipRules,
    namedDisks,
    secretsAreSecrets,
    bmcTlsVerified,
  ],
});
