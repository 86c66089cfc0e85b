import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** Most bytes of an answer that are kept; the rest of a large file is read and counted only. */
const KEPT_BYTES = 1024 * 1024;

const MOST_REDIRECTS = 5;

/** A request that a machine sends. */
export interface MachineRequest {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  /** The machine's own address: servers see who asks. */
  from: string;
  /** Real time: how long a busy test computer takes is not the lab's matter. */
  timeoutMs: number;
  insecure?: boolean;
  signal: AbortSignal;
}

/** An answer: how many bytes came, and the first of them. */
export interface MachineAnswer {
  status: number;
  headers: IncomingMessage["headers"];
  bytes: number;
  head: Buffer;
}

/** The server did not answer in time: the one failure that Harvester's webhooks are repeated for. */
export class RequestTimeout extends Error {}

/** Sends a request from a machine's address, follows redirects and reads the whole answer. */
export async function machineFetch(url: string, options: MachineRequest): Promise<MachineAnswer> {
  let target = url;
  for (let redirect = 0; redirect <= MOST_REDIRECTS; redirect++) {
    const answer = await single(target, options);
    const location = answer.headers.location;
    if (answer.status < 300 || answer.status > 308 || location === undefined) return answer;
    target = new URL(location, target).href;
  }
  throw new Error(`${url}: more than ${MOST_REDIRECTS} redirects`);
}

function single(url: string, options: MachineRequest): Promise<MachineAnswer> {
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const fail = (error: unknown) => {
      if (options.signal.aborted) reject(options.signal.reason);
      else if (deadline.aborted)
        reject(new RequestTimeout(`${url}: no answer within ${options.timeoutMs / 1000} s`));
      else reject(error);
    };
    try {
      const target = new URL(url);
      if (target.protocol !== "http:" && target.protocol !== "https:")
        throw new Error(`${url}: unsupported protocol`);
      const send = target.protocol === "https:" ? httpsRequest : httpRequest;
      const request = send(target, {
        method: options.method ?? "GET",
        headers: options.headers,
        localAddress: options.from,
        signal: AbortSignal.any([options.signal, deadline]),
        agent: false,
        rejectUnauthorized: options.insecure !== true,
      });
      request.once("error", fail);
      request.once("response", (response) => {
        const kept: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          if (bytes < KEPT_BYTES) kept.push(chunk);
          bytes += chunk.length;
        });
        response.once("error", fail);
        response.once("end", () => {
          const status = response.statusCode ?? 0;
          resolve({ status, headers: response.headers, bytes, head: Buffer.concat(kept) });
        });
      });
      request.end(options.body);
    } catch (error) {
      fail(error);
    }
  });
}
