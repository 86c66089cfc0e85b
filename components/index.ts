export type { ClusterInputs, NodeInputs } from "./description";
export { HarvesterCluster, type HarvesterClusterArgs } from "./harvester-cluster";
export { HarvesterNode, type HarvesterNodeArgs } from "./harvester-node";
