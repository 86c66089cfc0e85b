import type { BmcDescription, ClusterDescription } from "./description";
import { parseUrl } from "./formats";

/** A BMC whose identity nobody checks, so that its password can be read in between. */
export interface UnverifiedBmc {
  /** Key of the node. */
  node: string;
  /** Scheme, host and port only: whatever else stands in the URL stays out of messages. */
  endpoint: string;
  /** `clear-text`: no TLS at all. `any-certificate`: TLS with whoever answers. */
  why: "clear-text" | "any-certificate";
}

/** What has to be known about a cluster to find its unverified BMCs. */
export interface ClusterBmcs {
  nodes: Record<string, { bmc: Pick<BmcDescription, "endpoint" | "tls"> }>;
}

/** The BMCs of a cluster whose identity is not checked. Reads no login. */
export function unverifiedBmcs(cluster: ClusterBmcs | ClusterDescription): UnverifiedBmc[] {
  return Object.entries(cluster.nodes).flatMap(([node, { bmc }]): UnverifiedBmc[] => {
    const endpoint = endpointOf(bmc.endpoint);
    if (!endpoint.startsWith("https:")) return [{ node, endpoint, why: "clear-text" }];
    return bmc.tls?.insecure === true ? [{ node, endpoint, why: "any-certificate" }] : [];
  });
}

/** Scheme, host and port of an endpoint, by which two spellings of it are the same. */
export function endpointOf(url: string): string {
  return parseUrl(url)?.origin ?? "an endpoint that is no URL";
}
