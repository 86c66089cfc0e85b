/**
 * The kubernetes plugin: create by POST, update by server-side apply, previews by dry run. Follows
 * provider/pkg/provider/provider.go of github.com/pulumi/pulumi-kubernetes, function by function; what differs is said.
 */
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, addressOf, KubernetesApi, type KubernetesObject, NoMatch } from "../cluster/api";
import { difference, replacing } from "../shell/difference";
import { InitializationFailed, isObject, type Operation, type Plugin } from "../shell/plugin";
import { hasUnknown, isUnknown, reveal, type Values } from "../shell/values";
import { apply, CREATE_MANAGER, relinquish, takeOverFields } from "./apply";
import { timeoutSeconds, waitUntilGone, waitUntilReady } from "./await";
import { diffConfig, readConfig, text } from "./config";
import {
  annotation,
  checkpoint,
  isBuiltIn,
  isPatch,
  kindOfType,
  likeInputs,
  metadataOf,
  objectId,
  parseCheckpoint,
  pruneLive,
  replacedProperties,
  withMetadata,
  withoutServerFields,
} from "./objects";
import { name, version } from "./plugin.json";

const AUTONAMED = "pulumi.com/autonamed";

/** A cluster that can be worked with, or why not. */
type Cluster = { api: KubernetesApi } | { unreachable: string };

/** The plugin. */
export function kubernetesPlugin(): Plugin {
  let cluster: Cluster = { unreachable: "the provider is not configured" };
  let defaultNamespace: string | undefined;

  /** The cluster, or the error that the official plugin gives. */
  const reachable = (): KubernetesApi => {
    if ("api" in cluster) return cluster.api;
    throw new Error(`configured Kubernetes cluster is unreachable: ${cluster.unreachable}`);
  };

  /** Namespaced or not; unknown kinds are taken for namespaced, as the official plugin does. */
  const isNamespaced = async ({ apiVersion, kind }: Values, signal: AbortSignal): Promise<boolean> => {
    if (!("api" in cluster)) return true;
    try {
      return (await cluster.api.kind(String(apiVersion), String(kind), signal)).namespaced;
    } catch (error) {
      if (error instanceof NoMatch) return true;
      throw error;
    }
  };

  /** Whether the server can be asked for a preview (Create: skipPreview, Update: gvkExists). */
  const canDryRun = async (inputs: Values, signal: AbortSignal): Promise<boolean> => {
    if (hasUnknown(inputs) || !("api" in cluster)) return false;
    try {
      await cluster.api.kind(String(inputs.apiVersion), String(inputs.kind), signal);
      return true;
    } catch {
      return false;
    }
  };

  return {
    name,
    version,
    diffConfig,

    async configure(config) {
      const plain = reveal(config);
      defaultNamespace = text(plain.namespace);
      try {
        const access = await readConfig(plain);
        defaultNamespace ??= access.namespace;
        cluster = { api: new KubernetesApi(access, `pulumi-kubernetes/${version} (stand-in)`) };
      } catch (error) {
        cluster = {
          unreachable: `failed to parse kubeconfig data in \`kubernetes:config:kubeconfig\`- ${message(error)}`,
        };
        return;
      }
      try {
        await cluster.api.request("GET", "/version");
      } catch (error) {
        cluster = { unreachable: `unable to load schema information from the API server: ${message(error)}` };
      }
    },

    async check({ type, name, olds, news, randomSeed, signal }) {
      const oldInputs = reveal(olds);
      let inputs = withoutServerFields(reveal(news));
      const named = metadataOf(inputs).name;
      if (!named && isPatch(type, inputs.kind)) {
        throw new Error("patch resources require the `.metadata.name` field to be set");
      }
      if (!named && metadataOf(inputs).generateName) {
        throw new Error("the `.metadata.generateName` field is not supported in Server-Side Apply mode");
      }
      const adopted = annotation(oldInputs, AUTONAMED) === "true" ? metadataOf(oldInputs).name : undefined;
      // metadata/naming.go AssignNameIfAutonamable, AdoptOldAutonameIfUnnamed
      if (!named && (adopted || Object.keys(oldInputs).length === 0)) {
        const seed =
          randomSeed.length > 0 ? createHash("sha256").update(randomSeed).digest() : randomBytes(8);
        inputs = withMetadata(inputs, "name", adopted ?? `${name}-${seed.toString("hex").slice(0, 8)}`);
        const { annotations } = metadataOf(inputs);
        if (!isUnknown(annotations)) {
          const others = isObject(annotations) ? annotations : {};
          inputs = withMetadata(inputs, "annotations", { ...others, [AUTONAMED]: "true" });
        }
      }
      if (defaultNamespace && !metadataOf(inputs).namespace && (await isNamespaced(inputs, signal))) {
        inputs = withMetadata(inputs, "namespace", defaultNamespace);
      }
      return { inputs: likeInputs(inputs, news) };
    },

    async diff({ type, olds, news, signal }) {
      const { inputs: oldInputs, live } = parseCheckpoint(olds);
      let wanted = withoutServerFields(reveal(news));
      let pruned = pruneLive(live, withoutServerFields(oldInputs));
      const namespaced = await isNamespaced(wanted, signal);
      const namespace = (o: Values) => (namespaced ? metadataOf(o).namespace || "default" : undefined);
      pruned = withMetadata(pruned, "namespace", namespace(pruned));
      wanted = withMetadata(wanted, "namespace", namespace(wanted));
      if (metadataOf(wanted).name) pruned = withMetadata(pruned, "name", metadataOf(live).name);
      const { apiVersion, kind } = wanted;
      pruned = { apiVersion: apiVersion ?? null, kind: kind ?? null, ...pruned };
      const identity = ["metadata.name", "metadata.namespace"];
      const changes = replacing(
        difference(pruned, wanted),
        isPatch(type, kind) ? identity : replacedProperties(wanted),
      );
      return {
        changes,
        deleteBeforeReplace:
          Object.values(changes).some((c) => c.endsWith("-replace")) &&
          annotation(wanted, AUTONAMED) !== "true" &&
          metadataOf(wanted).name === metadataOf(live).name &&
          (metadataOf(wanted).namespace ?? null) === (metadataOf(live).namespace ?? null),
      };
    },

    async create(request) {
      const { type, urn, preview, signal, timeout } = request;
      const inputs = reveal(request.inputs);
      const patch = isPatch(type, inputs.kind);
      if (preview && (patch || !(await canDryRun(inputs, signal))))
        return { id: "", properties: request.inputs };
      const api = reachable();
      const manager = annotation(inputs, "pulumi.com/patchFieldManager") ?? `pulumi-kubernetes-${randomId()}`;
      let live: KubernetesObject;
      try {
        live = await retryUnknown(request, () =>
          patch ? apply(api, inputs, { manager, preview, signal }) : post(api, inputs, { preview, signal }),
        );
      } catch (error) {
        if (preview && cannotPreview(error)) return { id: "", properties: request.inputs };
        throw createError(urn, inputs, error);
      }
      const state = (object: KubernetesObject) =>
        checkpoint({
          inputs,
          live: object,
          initialApiVersion: String(inputs.apiVersion),
          fieldManager: manager,
          example: request.inputs,
        });
      if (preview) {
        const { status: _, ...withoutStatus } = live;
        return { id: "", properties: state(withoutStatus as KubernetesObject) };
      }
      try {
        live = await waitUntilReady(api, request, { inputs, live, timeout });
      } catch (error) {
        live = (await api.get(addressOf(live)).catch(() => undefined)) ?? live;
        throw new InitializationFailed(
          objectId(live),
          state(live),
          `resource "${urn}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: ${message(error)}`,
        );
      }
      return { id: objectId(live), properties: state(live) };
    },

    async read({ urn, type, id, properties, inputs: oldInputs, signal, log }) {
      if (!("api" in cluster)) {
        log("warning", `configured Kubernetes cluster is unreachable: ${cluster.unreachable}`);
        if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return undefined;
        throw new Error(
          'failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"',
        );
      }
      const old = parseCheckpoint(properties);
      let inputs = withoutServerFields(reveal(oldInputs));
      const importing = !inputs.kind && !old.live.kind;
      if (!inputs.kind) {
        const slash = id.indexOf("/");
        const address = old.live.kind ? (old.live as { apiVersion: string; kind: string }) : kindOfType(type);
        inputs = { apiVersion: address.apiVersion, kind: address.kind, ...inputs };
        inputs = withMetadata(inputs, "name", id.slice(slash + 1));
        if (slash >= 0) inputs = withMetadata(inputs, "namespace", id.slice(0, slash));
      }
      if (!id)
        throw new Error(
          `failed to read resource because of a failure to parse resource name from request ID: ${urn}`,
        );
      const live = await cluster.api.get(addressOf(inputs), signal);
      if (live === undefined) return undefined;
      let liveInputs = pruneLive(live, inputs);
      // The official plugin takes over what its schema calls an input; it has none for custom resources.
      if (importing && isBuiltIn(live)) {
        const { status: _, ...everything } = live;
        liveInputs = withoutServerFields(everything);
      }
      const state = checkpoint({
        inputs: liveInputs,
        live,
        initialApiVersion: old.initialApiVersion || live.apiVersion,
        fieldManager: old.fieldManager || `pulumi-kubernetes-${randomId()}`,
        example: oldInputs,
      });
      return { id, properties: state, inputs: likeInputs(liveInputs, oldInputs) };
    },

    async update(request) {
      const { urn, type, preview, signal, timeout } = request;
      const inputs = withoutServerFields(reveal(request.news));
      if (preview && !(await canDryRun(inputs, signal))) return request.news;
      const api = reachable();
      const old = parseCheckpoint(request.olds);
      const manager =
        annotation(inputs, "pulumi.com/patchFieldManager") ??
        (old.fieldManager || `pulumi-kubernetes-${randomId()}`);
      const state = (live: KubernetesObject) =>
        checkpoint({
          inputs,
          live,
          initialApiVersion: old.initialApiVersion,
          fieldManager: manager,
          example: request.news,
        });
      let live = await api.get(addressOf(inputs), signal);
      try {
        if (live && !preview && !isPatch(type, inputs.kind)) await takeOverFields(api, live, manager, signal);
        live = await apply(api, inputs, { manager, preview, live, signal });
        if (preview) return state(live);
        live = await waitUntilReady(api, request, { inputs, live, timeout });
      } catch (error) {
        if (preview && error instanceof ApiError && error.code === 403) return request.news;
        if (error instanceof NoMatch) throw noMatch("update", urn, inputs, error);
        const current = preview ? undefined : await api.get(addressOf(inputs)).catch(() => undefined);
        if (!current) throw new Error(`update of resource "${urn}" failed: ${message(error)}`);
        throw new InitializationFailed(
          objectId(current),
          state(current),
          `the Kubernetes API server reported that "${objectId(current)}" failed to fully initialize or become live: ${message(error)}`,
        );
      }
      if (old.fieldManager && old.fieldManager !== manager)
        await relinquish(api, live, old.fieldManager, signal);
      return state(live);
    },

    async delete(request) {
      const { type, properties, signal, timeout, log } = request;
      if (!("api" in cluster)) {
        log("warning", `configured Kubernetes cluster is unreachable: ${cluster.unreachable}`);
        if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return;
        throw new Error(
          'configured Kubernetes cluster is unreachable. If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"',
        );
      }
      const { inputs, live, fieldManager } = parseCheckpoint(properties);
      const { api } = cluster;
      try {
        if (isPatch(type, inputs.kind)) return await relinquish(api, live, fieldManager, signal);
        await api.request("DELETE", await api.path(addressOf(live), { signal }), {
          body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: propagation(inputs) },
          signal,
        });
      } catch (error) {
        if (isGone(error)) return;
        throw error;
      }
      const uid = metadataOf(live).uid;
      await waitUntilGone(api, request, {
        address: addressOf(live),
        uid,
        timeout: timeoutSeconds(timeout, inputs),
      });
    },
  };
}

async function post(
  api: KubernetesApi,
  inputs: Values,
  { preview, signal }: { preview: boolean; signal: AbortSignal },
): Promise<KubernetesObject> {
  const path = await api.path(addressOf(inputs), { collection: true, signal });
  const query = { fieldManager: CREATE_MANAGER, ...(preview && { dryRun: "All" }) };
  return (await api.request("POST", path, { query, body: inputs, signal })) as KubernetesObject;
}

/** Five tries where namespace or kind may still be on their way (await/await.go Creation). */
async function retryUnknown<T>(
  operation: Operation & { preview: boolean },
  act: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (operation.preview || attempt === 5 || !isGone(error)) throw error;
      operation.log("status", `Retry #${attempt}; creation failed: ${message(error)}`);
      await sleep(1000 * 2 ** attempt, undefined, { signal: operation.signal }).catch(() =>
        operation.signal.throwIfAborted(),
      );
    }
  }
}

/** Errors for which a preview shows the inputs instead (Create: forbidden, namespace missing, exists already). */
function cannotPreview(error: unknown): boolean {
  if (error instanceof NoMatch) return true;
  return (
    error instanceof ApiError &&
    (error.code === 403 || error.code === 404 || error.reason === "AlreadyExists")
  );
}

function createError(urn: string, inputs: Values, error: unknown): Error {
  if (error instanceof NoMatch) return noMatch("creation", urn, inputs, error);
  const advice =
    error instanceof ApiError && error.reason === "AlreadyExists"
      ? "\n\nThe resource already exists in the cluster: use an alias if it was renamed, a Patch resource to manage some of its fields, or `pulumi import` to adopt it."
      : "";
  return new Error(
    `resource "${urn}" was not successfully created by the Kubernetes API server: ${message(error)}${advice}`,
  );
}

function noMatch(what: string, urn: string, { apiVersion, kind }: Values, error: Error): Error {
  return new Error(
    `${what} of resource "${urn}" with kind ${apiVersion}/${kind} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${error.message}`,
  );
}

/** metadata/overrides.go DeletionPropagation. */
function propagation(inputs: Values): string {
  const policy = annotation(inputs, "pulumi.com/deletionPropagationPolicy")?.toLowerCase();
  return policy === "orphan" ? "Orphan" : policy === "background" ? "Background" : "Foreground";
}

function isGone(error: unknown): boolean {
  return error instanceof NoMatch || (error instanceof ApiError && error.code === 404);
}

function randomId(): string {
  return randomBytes(4).toString("hex");
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
