import { request } from "node:http";
import { join } from "node:path";
import type { LabStatus } from "./lab";

const TIMEOUT_MS = 60_000;

/** Talks to the running lab of a folder over its control socket. */
export async function callLab<T>(siteDir: string, method: string, path: string, body?: unknown): Promise<T> {
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath: join(siteDir, "lab.sock"),
        method,
        path,
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("error", reject);
        response.once("end", () => {
          const answer = JSON.parse(text) as T & { message?: string };
          if ((response.statusCode ?? 500) < 400) resolve(answer);
          else reject(new Error(answer.message ?? `the lab answered ${response.statusCode}`));
        });
      },
    );
    call.once("error", (error: NodeJS.ErrnoException) => {
      const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
      reject(
        absent ? new Error(`lab: no lab runs in ${siteDir}; start it with "npm run lab -- start"`) : error,
      );
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The state of a running lab. */
export function labStatus(siteDir: string): Promise<LabStatus> {
  return callLab<LabStatus>(siteDir, "GET", "/status");
}
