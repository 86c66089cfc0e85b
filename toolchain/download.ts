/** Downloads of official releases: resumed where they broke off, checked against a pinned checksum, with progress. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { EnvHttpProxyAgent, fetch } from "undici";
import type { Archive } from "./pins";
import type { Step } from "./progress";

/** Tries without a single new byte after which a download is given up. */
const FRUITLESS_TRIES = 4;
const FIRST_PAUSE_MS = 500;
/** A connection that brings nothing for this long is dropped and resumed. */
const STALL_MS = 20_000;

/** Bytes that are not what the vendor published. */
export class ChecksumError extends Error {}

/** An answer that will not change by asking again. */
class RefusedError extends Error {}

/** Settings of a download that tests shorten. */
export interface DownloadOptions {
  readonly signal?: AbortSignal;
  readonly firstPauseMs?: number;
  readonly stallMs?: number;
}

/**
 * Downloads an archive into a folder and returns its path. What an earlier try left behind (`<name>.partial`) is continued.
 * The file gets its name only once its checksum is right.
 */
export async function download(
  archive: Archive,
  folder: string,
  step: Step,
  options: DownloadOptions = {},
): Promise<string> {
  const target = join(
    folder,
    `${archive.digest.hex.slice(0, 12)}-${basename(new URL(archive.url).pathname)}`,
  );
  if (await matches(target, archive.digest)) return target;
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  const resumed = (await sizeOf(partial)) > 0;
  await fetchAll(archive.url, partial, step, options);
  step.update("checking its checksum");
  if (!(await matches(partial, archive.digest))) {
    await rm(partial, { force: true });
    // A left-over of another time may have spoilt it; a whole download that is wrong is wrong.
    if (resumed) return download(archive, folder, step, options);
    throw new ChecksumError(
      `${archive.url}: the ${archive.digest.algorithm} checksum is not ${archive.digest.hex}, which this project pins. ` +
        "The file was altered on the way, or a proxy answered in its place. It was deleted; nothing of it was run.",
    );
  }
  await rename(partial, target);
  return target;
}

async function fetchAll(url: string, partial: string, step: Step, options: DownloadOptions): Promise<void> {
  const dispatcher = new EnvHttpProxyAgent({
    bodyTimeout: options.stallMs ?? STALL_MS,
    headersTimeout: options.stallMs ?? STALL_MS,
  });
  try {
    for (let fruitless = 0; ; ) {
      const before = await sizeOf(partial);
      try {
        await fetchRest(url, partial, before, step, dispatcher, options.signal);
        return;
      } catch (error) {
        options.signal?.throwIfAborted();
        if (error instanceof RefusedError) throw error;
        fruitless = (await sizeOf(partial)) > before ? 0 : fruitless + 1;
        if (fruitless >= FRUITLESS_TRIES) {
          throw new Error(
            `${url}: download broke off and ${fruitless} tries brought no more: ${reason(error)}`,
            {
              cause: error,
            },
          );
        }
        step.update(`connection lost (${reason(error)}), continuing`);
        await delay((options.firstPauseMs ?? FIRST_PAUSE_MS) * 2 ** fruitless, undefined, {
          signal: options.signal,
        });
      }
    }
  } finally {
    await dispatcher.close().catch(() => undefined);
  }
}

async function fetchRest(
  url: string,
  partial: string,
  have: number,
  step: Step,
  dispatcher: EnvHttpProxyAgent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const response = await fetch(url, {
    dispatcher,
    signal,
    headers: { "accept-encoding": "identity", ...(have > 0 ? { range: `bytes=${have}-` } : {}) },
  });
  if (response.status === 416) {
    // Nothing is left to fetch, or the left-over is longer than the file: the checksum tells which.
    await response.body?.cancel();
    return;
  }
  if (response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429) {
    await response.body?.cancel();
    throw new RefusedError(`${url}: the server answered ${response.status} ${response.statusText}`);
  }
  if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
  // A server that ignores the range sends the whole file again.
  const start = response.status === 206 ? have : 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const total = start + length;
  const started = Date.now();
  let got = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      got += chunk.length;
      step.update(amount(start + got, total, got / ((Date.now() - started) / 1000 || 1)));
      next(null, chunk);
    },
  });
  await pipeline(
    Readable.fromWeb(response.body),
    meter,
    createWriteStream(partial, { flags: start > 0 ? "a" : "w" }),
  );
  if (Number.isFinite(length) && got < length) throw new Error(`only ${got} of ${length} bytes arrived`);
}

/** "31.4 of 102.9 MB, 30 %, 2.1 MB/s". */
function amount(got: number, total: number, perSecond: number): string {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  const speed = `${mb(perSecond)} MB/s`;
  if (!Number.isFinite(total)) return `${mb(got)} MB, ${speed}`;
  const left = perSecond > 0 ? `, ${Math.ceil((total - got) / perSecond)} s left` : "";
  return `${mb(got)} of ${mb(total)} MB, ${Math.floor((100 * got) / total)} %, ${speed}${left}`;
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => found.size,
    () => 0,
  );
}

async function matches(path: string, digest: Archive["digest"]): Promise<boolean> {
  if ((await sizeOf(path)) === 0) return false;
  const hash = createHash(digest.algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex") === digest.hex;
}

/** The innermost message of an error, which is the one that says something. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reason(error.cause);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message || code || error.name;
}

/**
 * Asks once whether a file can be had from its official place. Anything but a good answer within the time-out is a no; the reason
 * is returned for the person to see.
 */
export async function reachable(
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<{ ok: true } | { ok: false; reason: string }> {
  const dispatcher = new EnvHttpProxyAgent();
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 4_000);
  try {
    const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
    const response = await fetch(url, { method: "HEAD", dispatcher, signal });
    await response.body?.cancel();
    return response.ok ? { ok: true } : { ok: false, reason: `answers ${response.status}` };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ok: false, reason: timeout.aborted ? "no answer in time" : reason(error) };
  } finally {
    await dispatcher.destroy().catch(() => undefined);
  }
}
