import type { HarvesterConfig, LabClock } from "../types";
import { type MachineRequest, RequestTimeout } from "./http";

/** Moments of an installation that webhooks are sent for. */
export type WebhookEvent = "STARTED" | "SUCCEEDED" | "FAILED";

/** A webhook, its templates rendered. */
export interface Webhook {
  event: WebhookEvent;
  method: string;
  url: string;
  payload: string;
  headers: Record<string, string[]>;
  insecure: boolean;
}

/** Sends one request; the machine's own address and network are known to the caller. */
export type Send = (
  url: string,
  options: Pick<MachineRequest, "method" | "headers" | "body" | "insecure" | "timeoutMs">,
) => Promise<{ status: number }>;

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"];
const TIMEOUT_MS = 15_000;
const RETRIES = 3;
const RETRY_PAUSE = 5;

/** Renders the webhooks of a configuration. One that is invalid throws, and then the installer sends none at all and goes on. */
export function prepareWebhooks(config: HarvesterConfig, variables: Record<string, string>): Webhook[] {
  return (config.install?.webhooks ?? []).map((hook) => {
    const event = String(hook.event ?? "");
    const method = String(hook.method ?? "").toUpperCase();
    if (event !== "STARTED" && event !== "SUCCEEDED" && event !== "FAILED")
      throw new Error(`unknown install event: ${event}`);
    if (!METHODS.includes(method)) throw new Error(`unknown HTTP method: ${method}`);
    const headers: Record<string, string[]> = {};
    for (const [name, value] of Object.entries((hook.headers ?? {}) as Record<string, unknown>)) {
      headers[name] = (Array.isArray(value) ? value : [value]).map(String);
    }
    const auth = hook.basic_auth as { user?: string; password?: string } | undefined;
    if (auth?.user && auth.password) {
      headers.Authorization = [`Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString("base64")}`];
    }
    return {
      event,
      method,
      headers,
      url: render(String(hook.url ?? ""), variables),
      payload: render(String(hook.payload ?? ""), variables),
      insecure: hook.insecure === true,
    };
  });
}

/** Sends the hooks of an event in order; after the first that fails the others of this event are not sent. Returns that failure. */
export async function sendWebhooks(
  hooks: Webhook[],
  event: WebhookEvent,
  send: Send,
  clock: LabClock,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const hook of hooks) {
    if (hook.event !== event) continue;
    try {
      await sendOne(hook, send, clock, signal);
    } catch (error) {
      signal.throwIfAborted();
      return `fail to handle webhook: ${(error as Error).message}`;
    }
  }
  return undefined;
}

async function sendOne(hook: Webhook, send: Send, clock: LabClock, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { status } = await send(hook.url, {
        method: hook.method,
        headers: hook.headers,
        body: hook.payload === "" ? undefined : hook.payload,
        insecure: hook.insecure,
        timeoutMs: TIMEOUT_MS,
      });
      if (status < 200 || status >= 400) throw new Error(`got ${status} status code from ${hook.url}`);
      return;
    } catch (error) {
      if (!(error instanceof RequestTimeout) || attempt >= RETRIES) throw error;
      await clock.sleep(RETRY_PAUSE, signal);
    }
  }
}

/** Go's text/template, as far as these fields use it: `{{ .Name }}`, a missing name renders empty. */
function render(template: string, variables: Record<string, string>): string {
  return template.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, expression: string) => {
    const match = /^\.(\w+)$/.exec(expression);
    if (match === null) throw new Error(`template: unexpected "${expression}"`);
    return variables[match[1] as string] ?? "";
  });
}
