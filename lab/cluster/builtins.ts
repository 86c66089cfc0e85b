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

export const NODES = clusterWide("v1", "nodes");
export const NAMESPACES = clusterWide("v1", "namespaces");
export const SECRETS = namespaced("v1", "secrets");
export const CONFIG_MAPS = namespaced("v1", "configmaps");
export const SERVICES = namespaced("v1", "services");
export const PODS = namespaced("v1", "pods");
export const LEASES = namespaced("coordination.k8s.io/v1", "leases");
export const CLUSTER_ROLE_BINDINGS = clusterWide("rbac.authorization.k8s.io/v1", "clusterrolebindings");
export const STORAGE_CLASSES = clusterWide("storage.k8s.io/v1", "storageclasses");
export const JOBS = namespaced("batch/v1", "jobs");
export const DEFINITIONS = clusterWide("apiextensions.k8s.io/v1", "customresourcedefinitions");
