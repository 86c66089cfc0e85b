import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesApi, KubernetesObject } from "../../../../toolchain/offline/plugins/cluster/api";

/**
 * Plays the garbage collector for objects without dependents: what is deleted in the foreground goes away once the collector
 * has looked. (kube-controller-manager has it; a lone API server has not.)
 * @param collections paths of the collections to look after
 * @returns stops it
 */
export function collectGarbage(api: KubernetesApi, collections: readonly string[]): () => Promise<void> {
  const stop = new AbortController();
  const pass = async (collection: string) => {
    const { items } = (await api.request("GET", collection)) as { items?: KubernetesObject[] };
    for (const { metadata } of items ?? []) {
      const finalizers = (metadata.finalizers ?? []) as string[];
      if (!metadata.deletionTimestamp || !finalizers.includes("foregroundDeletion")) continue;
      await api.request("PATCH", `${collection}/${metadata.name}`, {
        body: { metadata: { finalizers: finalizers.filter((f) => f !== "foregroundDeletion") } },
        type: "application/merge-patch+json",
      });
    }
  };
  const loop = (async () => {
    while (!stop.signal.aborted) {
      // A kind not yet installed, an object gone meanwhile: the next pass will tell.
      for (const collection of collections) await pass(collection).catch(() => {});
      await sleep(100, undefined, { signal: stop.signal }).catch(() => {});
    }
  })();
  return async () => {
    stop.abort();
    await loop;
  };
}
