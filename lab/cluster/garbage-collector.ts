/**
 * Kubernetes' garbage collector for what people manage in a cluster of the lab. `kubectl delete --cascade=foreground`, and so every deletion by
 * Pulumi, leaves an object with a finalizer that only this controller takes off (pkg/controller/garbagecollector of kube-controller-manager).
 * None of these kinds has dependents here, so nothing has to be waited for.
 */

import { type KindName, resourceOf } from "./kinds";
import type { KubeClient } from "./kube";

const FOREGROUND = "foregroundDeletion";

const COLLECTED: readonly KindName[] = ["addon", "cloudInit"];

/** One pass over all objects. */
export async function collectGarbage(kube: KubeClient): Promise<void> {
  for (const resource of COLLECTED.map(resourceOf)) {
    for (const { metadata } of await kube.list(resource)) {
      if (metadata.deletionTimestamp === undefined || !metadata.finalizers?.includes(FOREGROUND)) continue;
      const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== FOREGROUND);
      const patch = { metadata: { finalizers, resourceVersion: metadata.resourceVersion } };
      await kube.merge(resource, metadata.name, patch, { namespace: metadata.namespace });
    }
  }
}
