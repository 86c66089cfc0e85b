/**
 * A cache of finished installations, shared by every clone on the machine. An entry appears by one rename, so it is either whole
 * or absent; a process that dies while it fills an entry leaves only a staging folder, which the next one clears away.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A lock whose holder has not touched it for this long belongs to a dead process. */
const LOCK_STALE_MS = 30_000;
const LOCK_TOUCH_MS = 5_000;
const LOCK_POLL_MS = 250;
/** No installation takes longer; a wait for one that seems to is given up. */
const LOCK_WAIT_MS = 45 * 60_000;
/** Staging folders older than this were left by processes that died. */
const STAGING_STALE_MS = 24 * 60 * 60_000;

/** $XDG_CACHE_HOME/harvester-stack, or ~/.cache/harvester-stack. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "harvester-stack");
}

/** A cache in one folder. */
export class Cache {
  constructor(readonly root: string) {}

  /** The folder of an entry, or undefined while there is none. */
  find(key: string): string | undefined {
    const folder = join(this.root, key);
    return existsSync(folder) ? folder : undefined;
  }

  /**
   * The folder of an entry, made by `fill` in a staging folder if there is none. Only one process fills an entry; others wait for
   * it, and `waiting` is told once.
   */
  async get(
    key: string,
    fill: (staging: string) => Promise<void>,
    options: { waiting?: () => void; signal?: AbortSignal } = {},
  ): Promise<string> {
    const folder = join(this.root, key);
    if (existsSync(folder)) return folder;
    await mkdir(this.root, { recursive: true });
    const release = await this.#lock(key, options);
    const staging = join(this.root, `.staging-${key}-${randomUUID()}`);
    try {
      if (existsSync(folder)) return folder;
      await this.#clearStaging();
      await mkdir(staging);
      await fill(staging);
      await rename(staging, folder).catch((error: unknown) => {
        // Another process took a lock it believed stale and was faster: its entry is as good as ours.
        if (!existsSync(folder)) throw error;
      });
      return folder;
    } finally {
      await rm(staging, { recursive: true, force: true });
      await release();
    }
  }

  /** Takes the entry's lock file; its age, kept young by the holder, tells a live holder from a dead one on any host. */
  async #lock(
    key: string,
    { waiting, signal }: { waiting?: () => void; signal?: AbortSignal },
  ): Promise<() => Promise<void>> {
    const path = join(this.root, `.lock-${key}`);
    const deadline = Date.now() + LOCK_WAIT_MS;
    for (let told = false; ; await delay(LOCK_POLL_MS, undefined, { signal })) {
      signal?.throwIfAborted();
      const handle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      });
      if (handle) {
        await handle.close();
        const touch = setInterval(() => {
          const now = new Date();
          utimes(path, now, now).catch(() => undefined);
        }, LOCK_TOUCH_MS);
        touch.unref();
        return async () => {
          clearInterval(touch);
          await rm(path, { force: true });
        };
      }
      const age = await stat(path).then(
        (found) => Date.now() - found.mtimeMs,
        () => 0,
      );
      // Renamed, not removed: of several that find it stale, one succeeds. Should a fresh lock be taken by mistake, the work is
      // done twice, and the rename of the entry still decides.
      if (age > LOCK_STALE_MS) {
        const aside = `${path}-stale-${randomUUID()}`;
        await rename(path, aside).then(
          () => rm(aside, { force: true }),
          () => undefined,
        );
        continue;
      }
      if (!told) waiting?.();
      told = true;
      if (Date.now() > deadline) {
        throw new Error(
          `${path}: another process has held this lock for ${LOCK_WAIT_MS / 60_000} minutes. If none is installing, remove the file.`,
        );
      }
    }
  }

  async #clearStaging(): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (!name.startsWith(".staging-")) continue;
      const path = join(this.root, name);
      const age = await stat(path).then(
        (found) => Date.now() - found.mtimeMs,
        () => 0,
      );
      if (age > STAGING_STALE_MS) await rm(path, { recursive: true, force: true });
    }
  }
}
