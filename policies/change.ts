import { changePolicy } from "./change-rule";

/** No step of a change takes etcd's quorum away, and none rests at an even number of voters. */
export const quorumKept = changePolicy({
  name: "quorum-kept",
  description: "etcd keeps its quorum at every step of a change, and rests at one or three voters.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["availability", "etcd"],
  remediationSteps:
    "Join the replacement before anything leaves, take one member at a time, and make a cluster of one node by a rebuild.",
  url: "https://docs.harvesterhci.io/v1.6/host/#remove-a-node",
  rules: [
    "quorum-lost",
    "quorum-kept",
    "shrink-to-one",
    "voters-odd-at-rest",
    "one-reinstall",
    "no-demotion",
    "maintenance-of-member",
    "maintenance-of-last",
  ],
});

/** Who belongs and which version runs are changed one after the other. */
export const topologyOrVersion = changePolicy({
  name: "topology-or-version",
  description: "Nodes and version do not change in one diff, nor nodes while an upgrade is under way.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["version", "upgrade"],
  remediationSteps:
    "Split the change in two: let the nodes settle first, and upgrade then, or the other way round.",
  url: "https://github.com/harvester/harvester/issues/8236",
  rules: ["one-diff", "join-version", "upgrade-under-way", "one-version"],
});

/** Upgrades go the ways that Harvester supports. */
export const legalUpgrade = changePolicy({
  name: "legal-upgrade",
  description: "An upgrade follows Harvester's matrix, never goes back, and skips no minor of Kubernetes.",
  enforcementLevel: "mandatory",
  severity: "high",
  tags: ["version", "upgrade"],
  remediationSteps: "Upgrade hop by hop, as the message lists them, each in a change of its own.",
  url: "https://docs.harvesterhci.io/v1.6/upgrade/index",
  rules: ["upgrade-path", "no-downgrade", "kubernetes-skew", "upgrade-unknown", "upgrade-nodes-ready"],
});

/** Volumes keep their replicas. */
export const replicasKept = changePolicy({
  name: "replicas-kept",
  description: "No volume loses its last healthy replica, and its replicas have nodes to be on.",
  enforcementLevel: "mandatory",
  severity: "critical",
  tags: ["data-loss", "storage"],
  remediationSteps:
    "Let Longhorn rebuild the volume first, lower its number of replicas, or join a node that stores.",
  url: "https://docs.harvesterhci.io/v1.6/host/#evict-replicas",
  rules: ["last-healthy-replica", "replicas-have-room", "upgrade-volumes"],
});
