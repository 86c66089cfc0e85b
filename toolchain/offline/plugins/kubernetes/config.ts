/** When a changed provider configuration means another cluster, and so other objects (provider.go DiffConfig). */
import { type Access, findKubeconfig, readKubeconfig } from "../cluster/kubeconfig";
import { difference, replacing } from "../shell/difference";
import { type Difference, isObject } from "../shell/plugin";
import { isUnknown, reveal, type Value, type Values } from "../shell/values";

/** What a kubeconfig can be changed by. */
const CHOICE = ["kubeconfig", "context", "cluster"];
const IDENTIFIER = "clusterIdentifier";

/** The access that a provider configuration describes. */
export function readConfig({ kubeconfig, context, cluster }: Values): Promise<Access> {
  const found = findKubeconfig(isObject(kubeconfig) ? JSON.stringify(kubeconfig) : text(kubeconfig));
  return readKubeconfig(found, { context: text(context), cluster: text(cluster) });
}

/**
 * What changes, and whether everything in the cluster is to be replaced. An unknown kubeconfig replaces, because it might lead
 * to another cluster; `clusterIdentifier`, as long as it stays the same, rules all replacements out.
 */
export async function diffConfig(marked: { olds: Values; news: Values }): Promise<Difference> {
  const olds = reveal(marked.olds);
  const news = reveal(marked.news);
  const changes = difference(olds, news);
  if (olds[IDENTIFIER] !== undefined && news[IDENTIFIER] !== undefined) {
    return { changes: replacing(changes, [IDENTIFIER]) };
  }
  const changed = CHOICE.filter((key) => key in changes);
  const unknown = CHOICE.filter((key) => isUnknown(news[key]));
  if (unknown.length > 0) return { changes: replacing(changes, unknown) };
  if (changed.length === 0 || (await cluster(olds)) === (await cluster(news))) return { changes };
  return { changes: replacing(changes, changed) };
}

/** What identifies the cluster; undefined where the configuration leads to none. */
async function cluster(config: Values): Promise<string | undefined> {
  try {
    const { server, ca, insecure, serverName } = await readConfig(config);
    return JSON.stringify([server, ca?.toString("base64"), insecure, serverName]);
  } catch {
    return undefined;
  }
}

/** A string with something in it. */
export function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
