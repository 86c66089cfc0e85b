import { PolicyPack } from "@pulumi/policy";
import { approvalPresent } from "./approval";
import { bmcTlsVerified } from "./bmc-tls-verified";
import { legalUpgrade, quorumKept, replicasKept, topologyOrVersion } from "./change";
import { productionControlPlane, votersOdd, zoneSpread } from "./control-plane";
import { namedDisks } from "./disks";
import { validGates } from "./gates";
import { uniqueIdentities } from "./identities";
import { artifactVersion, oneVersion } from "./one-version";
import { overridesAnnounced } from "./overrides";
import { protectedProduction, staticProductionVip } from "./production-rules";
import { reinstallsAnnounced } from "./reinstalls";
import { releaseBudget } from "./release-budget";
import { secretsAreSecrets } from "./secrets";
import { vipRules } from "./vip";

new PolicyPack("harvester-stack", {
  policies: [
    votersOdd,
    zoneSpread,
    productionControlPlane,
    artifactVersion,
    oneVersion,
    uniqueIdentities,
    vipRules,
    namedDisks,
    secretsAreSecrets,
    bmcTlsVerified,
    validGates,
    staticProductionVip,
    protectedProduction,
    quorumKept,
    topologyOrVersion,
    legalUpgrade,
    replicasKept,
    releaseBudget,
    reinstallsAnnounced,
    overridesAnnounced,
    approvalPresent,
  ],
});
