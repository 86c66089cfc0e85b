/** Requests of a test to what answers in a data centre. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createConnection } from "node:net";
import { parse } from "yaml";
import type { Loose } from "./world";

/** An answer. */
export interface Answer {
  status: number;
  body: string;
}

/** A request of a test; the certificate is checked where an authority is given. */
export function ask(
  url: string,
  options: {
    method?: string;
    token?: string;
    ca?: string;
    body?: object;
    type?: string;
    timeoutMs?: number;
  } = {},
): Promise<Answer> {
  const { method = "GET", token, ca, body, type = "application/json", timeoutMs = 20_000 } = options;
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const call = send(
      url,
      {
        method,
        agent: false,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.once("error", reject);
      },
    );
    call.once("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Whether anything listens at an address. */
export function listens({ address, port }: { address: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Logs in at a cluster as `admin`; the status tells whether the password is right. */
export async function logIn(vipUrl: string, password: string): Promise<number> {
  const body = { username: "admin", password, responseType: "json" };
  const answer = await ask(`${vipUrl}/v3-public/localProviders/local?action=login`, { method: "POST", body });
  return answer.status;
}

/** Reads an object of the cluster, as the holder of a kubeconfig. */
export function kubeGet(kubeconfig: string, path: string): Promise<Loose> {
  return kubeAsk(kubeconfig, "GET", path);
}

/** Changes an object of the cluster by a merge patch, as the holder of a kubeconfig; null takes a value away. */
export function kubePatch(kubeconfig: string, path: string, patch: object): Promise<Loose> {
  return kubeAsk(kubeconfig, "PATCH", path, patch);
}

/** Creates an object of the cluster, as the holder of a kubeconfig. */
export function kubePost(kubeconfig: string, path: string, object: object): Promise<Loose> {
  return kubeAsk(kubeconfig, "POST", path, object);
}

/** Removes an object of the cluster, as the holder of a kubeconfig. */
export function kubeDelete(kubeconfig: string, path: string): Promise<Loose> {
  return kubeAsk(kubeconfig, "DELETE", path);
}

async function kubeAsk(kubeconfig: string, method: string, path: string, body?: object): Promise<Loose> {
  const { clusters, users } = parse(kubeconfig);
  const { server, "certificate-authority-data": authority } = clusters[0].cluster;
  const answer = await ask(server + path, {
    method,
    ...(body === undefined ? {} : { body }),
    ...(method === "PATCH" ? { type: "application/merge-patch+json" } : {}),
    token: users[0].user.token,
    ca: Buffer.from(authority, "base64").toString("utf8"),
  });
  if (answer.status !== 200 && answer.status !== 201)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}
