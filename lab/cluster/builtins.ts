/**
 * Kubernetes' own resources that the lab's software uses.
 */
import type { Resource } from "./kube";

const namespaced = (apiVersion: string, plural: string): Resource => ({
  apiVersion,
  plural,
  namespaced: true,
});
const clusterWide = (apiVersion: string, plural: string): Resource => ({
  apiVersion,
  plural,
  namespaced: false,
});

/** The nodes of the cluster. */
export const NODES = clusterWide("v1", "nodes");
/** Namespaces, of which kube-system tells one cluster from another. */
export const NAMESPACES = clusterWide("v1", "namespaces");
/** Secrets: passwords, certificates and machines' plans. */
export const SECRETS = namespaced("v1", "secrets");
/** ConfigMaps, such as the one that names the VIP. */
export const CONFIG_MAPS = namespaced("v1", "configmaps");
/** Services, such as the one that has the VIP. */
export const SERVICES = namespaced("v1", "services");
/** Pods. */
export const PODS = namespaced("v1", "pods");
/** Claims of volumes. */
export const CLAIMS = namespaced("v1", "persistentvolumeclaims");
/** Leases: the nodes' heartbeats, and who holds the VIP. */
export const LEASES = namespaced("coordination.k8s.io/v1", "leases");
/** Rights in the whole cluster. */
export const CLUSTER_ROLE_BINDINGS = clusterWide("rbac.authorization.k8s.io/v1", "clusterrolebindings");
/** Storage classes. */
export const STORAGE_CLASSES = clusterWide("storage.k8s.io/v1", "storageclasses");
/** Jobs, such as that of a promotion. */
export const JOBS = namespaced("batch/v1", "jobs");
/** Definitions of the kinds that Kubernetes does not have by itself. */
export const DEFINITIONS = clusterWide("apiextensions.k8s.io/v1", "customresourcedefinitions");
