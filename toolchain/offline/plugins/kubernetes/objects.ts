/**
 * Objects as the plugin's state holds them. Each function names what it follows in github.com/pulumi/pulumi-kubernetes,
 * folder provider/pkg.
 */
import type { KubernetesObject } from "../cluster/api";
import { isObject } from "../shell/plugin";
import { isUnknown, reveal, secret, secretsLike, type Value, type Values } from "../shell/values";

/** What the plugin stores beside the live object. */
export interface Checkpoint {
  inputs: Values;
  live: Values;
  initialApiVersion: string;
  fieldManager: string;
}

/** The state of an object: the live object and, with it, what was asked for (provider.go checkpointObject). */
export function checkpoint({
  inputs,
  live,
  initialApiVersion,
  fieldManager,
  example,
}: Checkpoint & { example: Values }): Values {
  return {
    ...likeInputs(live, example),
    __inputs: likeInputs(inputs, example),
    __initialApiVersion: initialApiVersion,
    __fieldManager: fieldManager,
  };
}

/** The parts of a state, secrets laid open (provider.go parseCheckpointObject). */
export function parseCheckpoint(state: Values): Checkpoint {
  const { __inputs, __initialApiVersion, __fieldManager, ...live } = reveal(state);
  const inputs = isObject(__inputs) ? __inputs : {};
  return {
    inputs,
    live,
    initialApiVersion: String(__initialApiVersion ?? inputs.apiVersion ?? ""),
    fieldManager: String(__fieldManager ?? ""),
  };
}

/** Secretness of the inputs carried over; the data of a Secret is secret always (provider.go annotateSecrets). */
export function likeInputs(object: Values, example: Values): Values {
  if (object.kind !== "Secret") return secretsLike(object, example);
  const hidden = { ...object };
  for (const key of ["data", "stringData"]) if (hidden[key] !== undefined) hidden[key] = secret(hidden[key]);
  return hidden;
}

/** The live object cut down to the fields that the inputs speak of (provider/util.go pruneMap, pruneSlice). */
export function pruneLive(live: Values, inputs: Values): Values {
  const pruned: Values = {};
  for (const [key, value] of Object.entries(live)) {
    const wanted = inputs[key];
    if (wanted !== undefined) pruned[key] = pruneValue(value, wanted);
  }
  return pruned;
}

function pruneValue(live: Value, wanted: Value): Value {
  if (isObject(live) && isObject(wanted)) return pruneLive(live, wanted);
  if (!Array.isArray(live) || !Array.isArray(wanted)) return live;
  return live.slice(0, wanted.length).map((value, i) => pruneValue(value, wanted[i] ?? null));
}

const SERVER_FIELDS = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/** Without the fields that only the server sets (provider.go normalizeInputs). */
export function withoutServerFields(object: Values): Values {
  if (!isObject(object.metadata)) return object;
  const metadata = Object.entries(object.metadata).filter(([key]) => !SERVER_FIELDS.includes(key));
  return { ...object, metadata: Object.fromEntries(metadata) };
}

/** A copy with one field of its metadata set; a field with the value undefined is left out. */
export function withMetadata(object: Values, field: string, value: Value | undefined): Values {
  const { [field]: _, ...metadata } = metadataOf(object);
  return { ...object, metadata: value === undefined ? metadata : { ...metadata, [field]: value } };
}

/** An object's metadata. */
export function metadataOf(object: Values): Values {
  return isObject(object.metadata) ? object.metadata : {};
}

/** The value of an annotation, where it is known. */
export function annotation(object: Values, name: string): string | undefined {
  const { annotations } = metadataOf(object);
  const value = isObject(annotations) ? annotations[name] : undefined;
  return typeof value === "string" && !isUnknown(value) ? value : undefined;
}

/** The id of an object: namespace/name, or name (provider/util.go fqObjName). */
export function objectId(object: Values): string {
  const { namespace, name } = metadataOf(object);
  return namespace ? `${namespace}/${name}` : String(name);
}

/** Whether the resource manages only some fields of an object that is not its own (kinds.IsPatchResource). */
export function isPatch(type: string, kind: Value | undefined): boolean {
  return type.endsWith("Patch") && !String(kind ?? "").endsWith("Patch");
}

/** apiVersion and kind of a type token (provider.go gvkFromTypeToken). */
export function kindOfType(type: string): { apiVersion: string; kind: string } {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind: kind.replace(/(?<=.)Patch$/, "") };
}

/** Properties whose change means another object (provider/diff.go forceNew; without the kinds of pods and jobs). */
export function replacedProperties(object: Values): string[] {
  const identity = ["metadata.name", "metadata.namespace"];
  switch (`${object.apiVersion}/${object.kind}`) {
    case "v1/ConfigMap":
      return [...identity, "binaryData", "data"];
    case "v1/Secret":
      return [...identity, "type", "stringData", "data"];
    case "storage.k8s.io/v1/StorageClass":
      return [...identity, "parameters", "provisioner"];
    default:
      return identity;
  }
}

/** Whether the kind is part of Kubernetes itself, so that the official plugin knows its schema. */
export function isBuiltIn(object: KubernetesObject): boolean {
  const [group = "", version] = object.apiVersion.split("/");
  return version === undefined || !group.includes(".") || group.endsWith(".k8s.io");
}
