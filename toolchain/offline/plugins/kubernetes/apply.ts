/** Server-side apply as the official plugin does it (await/await.go ssaUpdate, patchForce, fixCSAFieldManagers). */
import { ApiError, addressOf, type KubernetesApi, type KubernetesObject } from "../cluster/api";
import { isObject } from "../shell/plugin";
import type { Values } from "../shell/values";
import { annotation } from "./objects";

/** Field manager of what was created by POST. */
export const CREATE_MANAGER = "pulumi-kubernetes";

/** Managers whose fields the first update takes over. */
const TAKEN_OVER = new Set([
  "kubectl Apply",
  "kubectl Update",
  "before-first-apply Update",
  `${CREATE_MANAGER} Update`,
  "pulumi-resource-kubernetes Update",
]);

/** Whom an apply is for, and how. */
export interface ApplyOptions {
  manager: string;
  preview: boolean;
  /** The object that is there already. */
  live?: KubernetesObject;
  signal: AbortSignal;
}

/** Applies an object. */
export async function apply(
  api: KubernetesApi,
  object: Values,
  { manager, preview, live, signal }: ApplyOptions,
): Promise<KubernetesObject> {
  const created =
    live && managedFields(live).some((f) => f.operation === "Update" && f.manager === CREATE_MANAGER);
  const force =
    annotation(object, "pulumi.com/patchForce") === "true" ||
    (preview && (!live || created)) ||
    (live !== undefined && managedFields(live).length === 0);
  try {
    return (await api.request("PATCH", await api.path(addressOf(object), { signal }), {
      query: { fieldManager: manager, force, ...(preview && { dryRun: "All" }) },
      body: object,
      type: "application/apply-patch+yaml",
      signal,
    })) as KubernetesObject;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    throw new ApiError(
      error.code,
      error.reason,
      `server-side apply field conflict: the resource managed by field manager ${JSON.stringify(manager)} had an apply conflict: ${error.message}. The annotation "pulumi.com/patchForce" takes the fields over.`,
    );
  }
}

/** Makes the fields that were set by creation, or by kubectl, the manager's own, so that leaving them out removes them. */
export async function takeOverFields(
  api: KubernetesApi,
  live: KubernetesObject,
  manager: string,
  signal: AbortSignal,
): Promise<void> {
  const fields = managedFields(live);
  const mine = (f: Values) => f.manager === manager && f.operation === "Apply" && !f.subresource;
  const taken = fields.filter((f) => TAKEN_OVER.has(`${f.manager} ${f.operation}`) && !f.subresource);
  if (taken.length === 0) return;
  const base = fields.find(mine) ?? taken[0] ?? {};
  const fieldsV1 = [base, ...taken]
    .map((f) => f.fieldsV1)
    .filter(isObject)
    .reduce(merge, {});
  const entry = { ...base, manager, operation: "Apply", fieldsV1 };
  const others = fields.filter((f) => !mine(f) && !taken.includes(f));
  await api.request("PATCH", await api.path(addressOf(live), { signal }), {
    body: [
      { op: "replace", path: "/metadata/managedFields", value: [entry, ...others] },
      // Fails if somebody wrote in between.
      { op: "replace", path: "/metadata/resourceVersion", value: live.metadata.resourceVersion ?? null },
    ],
    type: "application/json-patch+json",
    signal,
  });
}

/** Gives up all fields of the manager (ssa/ssa.go Relinquish). */
export async function relinquish(
  api: KubernetesApi,
  object: Values,
  manager: string,
  signal: AbortSignal,
): Promise<void> {
  const { apiVersion, kind, namespace, name } = addressOf(object);
  const nothing = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } };
  await api.request("PATCH", await api.path(addressOf(object), { signal }), {
    query: { fieldManager: manager, force: true },
    body: nothing,
    type: "application/apply-patch+yaml",
    signal,
  });
}

function managedFields(object: KubernetesObject): Values[] {
  const fields = object.metadata.managedFields;
  return Array.isArray(fields) ? fields.filter(isObject) : [];
}

function merge(a: Values, b: Values): Values {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const other = merged[key];
    merged[key] = isObject(other) && isObject(value) ? merge(other, value) : value;
  }
  return merged;
}
