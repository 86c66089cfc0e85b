/** From a cluster that runs already to its description. */
export { type AdoptedDescription, type AdoptionWishes, describeCluster } from "./describe";
export type {
  AdoptionFinding,
  BmcEntry,
  FoundBmc,
  FoundCluster,
  FoundNode,
  HostDisk,
  HostFacts,
  InstalledConfiguration,
} from "./facts";
export { readInstalledConfiguration } from "./installed";
export { type Matching, matchHosts } from "./match";
