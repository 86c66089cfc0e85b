/** Waiting for an object: until it satisfies the conditions of its annotations, or until it is gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, addressOf, type KubernetesApi, type KubernetesObject } from "../cluster/api";
import { isObject, type Operation } from "../shell/plugin";
import type { Value, Values } from "../shell/values";
import { parseJsonPath } from "./jsonpath";
import { annotation } from "./objects";

/** await/await.go Creation, Deletion: what holds without customTimeouts and annotation. */
const DEFAULT_TIMEOUT_S = 600;
const POLL_MS = 300;

/** The official plugin knows when these are ready (await/awaiters.go); this one does not and says so. */
const AWAITED_BY_THE_OFFICIAL_PLUGIN =
  /^(apps\/v1\/(Deployment|StatefulSet|DaemonSet)|batch\/v1\/Job|networking\.k8s\.io\/v1\/Ingress|v1\/(Pod|Service|PersistentVolume(Claim)?|ReplicationController|ResourceQuota))$/;

/** A condition: what is missing, or undefined where it is satisfied. */
type Condition = (object: Values) => string | undefined;

/** How long to wait, in seconds (metadata/overrides.go TimeoutDuration). */
export function timeoutSeconds(custom: number, inputs: Values): number {
  return (
    custom || Number.parseInt(annotation(inputs, "pulumi.com/timeoutSeconds") ?? "", 10) || DEFAULT_TIMEOUT_S
  );
}

/** Waits until the object is as its annotation wants it (metadata/overrides.go ReadyCondition). */
export async function waitUntilReady(
  api: KubernetesApi,
  operation: Operation,
  { inputs, live, timeout }: { inputs: Values; live: KubernetesObject; timeout: number },
): Promise<KubernetesObject> {
  if (annotation(inputs, "pulumi.com/skipAwait") === "true") return live;
  const conditions = readConditions(annotation(live, "pulumi.com/waitFor"));
  if (conditions.length === 0) {
    if (AWAITED_BY_THE_OFFICIAL_PLUGIN.test(`${live.apiVersion}/${live.kind}`)) {
      operation.log(
        "warning",
        `The stand-in of the kubernetes plugin does not wait until a ${live.kind} is ready.`,
      );
    }
    return live;
  }
  let current = live;
  const missing = () => conditions.map((c) => c(current)).find((m) => m !== undefined);
  await poll(operation, timeoutSeconds(timeout, inputs), async () => {
    const waitingFor = missing();
    if (waitingFor === undefined) return undefined;
    current = (await api.get(addressOf(live), operation.signal)) ?? current;
    return missing();
  });
  return current;
}

/** Waits until the object is gone, or another one has taken its place (await/condition/deleted.go). */
export async function waitUntilGone(
  api: KubernetesApi,
  operation: Operation,
  { address, uid, timeout }: { address: Address; uid: Value | undefined; timeout: number },
): Promise<void> {
  await poll(operation, timeout, async () => {
    const found = await api.get(address, operation.signal);
    if (found === undefined || (uid !== undefined && found.metadata.uid !== uid)) return undefined;
    const finalizers = found.metadata.finalizers;
    return `waiting for deletion${Array.isArray(finalizers) ? ` (finalizers: ${finalizers.join(", ")})` : ""}`;
  });
}

async function poll(
  operation: Operation,
  seconds: number,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let shown = "";
  for (;;) {
    const waitingFor = await missing();
    if (waitingFor === undefined) return;
    if (waitingFor !== shown) operation.log("status", waitingFor);
    shown = waitingFor;
    if (Date.now() >= deadline) throw new Error(`timed out after ${seconds} s: ${waitingFor}`);
    await sleep(POLL_MS, undefined, { signal: operation.signal }).catch(() =>
      operation.signal.throwIfAborted(),
    );
  }
}

function readConditions(text: string | undefined): Condition[] {
  if (!text) return [];
  let expressions: unknown;
  try {
    expressions = JSON.parse(text);
  } catch {
    // Not a list of expressions but one.
  }
  if (!Array.isArray(expressions)) expressions = [text];
  if ((expressions as unknown[]).length === 0) throw new Error("at least one condition must be specified");
  return (expressions as unknown[]).map((expression) => readCondition(String(expression)));
}

function readCondition(expression: string): Condition {
  if (expression.startsWith("jsonpath=")) return jsonPathCondition(expression);
  if (expression.startsWith("condition=")) return statusCondition(expression);
  throw new Error(`expected a "jsonpath=" or "condition=" prefix, got ${JSON.stringify(expression)}`);
}

/** await/condition/jsonpath.go, jsonpath/jsonpath.go Parse. */
function jsonPathCondition(expression: string): Condition {
  const match = /^jsonpath=\{(.*)\}(?:=(.+))?$/.exec(expression);
  if (!match) throw new Error(`format should be {.path}=value or {.path}, got ${JSON.stringify(expression)}`);
  const [, path = "", wanted] = match;
  const select = parseJsonPath(path);
  return (object) => {
    if (isOutdated(object)) return `Waiting for ${expression}`;
    const found = select(object).filter((v) => v !== null && v !== undefined);
    const satisfied =
      wanted === undefined ? found.length > 0 : found.length === 1 && String(found[0]) === wanted;
    if (satisfied) return undefined;
    const seen = found.length > 0 ? ` (found ${JSON.stringify(found.length === 1 ? found[0] : found)})` : "";
    return `Waiting for ${expression}${seen}`;
  };
}

/** await/condition/custom.go. */
function statusCondition(expression: string): Condition {
  const [, type = "", wanted = "True"] = expression.split("=");
  return (object) => {
    const status = isObject(object.status) ? object.status : {};
    const conditions = Array.isArray(status.conditions) ? status.conditions.filter(isObject) : [];
    const found = conditions.find((c) => String(c.type).toLowerCase() === type.toLowerCase());
    if (!isOutdated(object) && found && String(found.status).toLowerCase() === wanted.toLowerCase())
      return undefined;
    const seen = found
      ? ` (found ${JSON.stringify(found.status)}: ${found.reason ?? ""} ${found.message ?? ""})`
      : "";
    return `Waiting for condition ${type}=${wanted}${seen}`;
  };
}

/** Whether the controller has not yet seen the latest generation. */
function isOutdated(object: Values): boolean {
  const generation = isObject(object.metadata) ? object.metadata.generation : undefined;
  const observed = isObject(object.status) ? object.status.observedGeneration : undefined;
  return typeof generation === "number" && typeof observed === "number" && observed < generation;
}
