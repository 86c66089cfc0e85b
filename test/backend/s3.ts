/** An S3 server on loopback, with one bucket. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { versitygw } from "../../toolchain/pins";
import { obtainTestTool } from "../../toolchain/test-tools";
import { freePort } from "../toolchain/offline/support/cluster";
import { until } from "../toolchain/offline/support/until";

const REGION = "site-1";
const BUCKET = "state";
const START_TIMEOUT_MS = 20_000;

/** What the engine writes into a lock. */
export interface Lock {
  pid: number;
  username: string;
  hostname: string;
}

/** A bucket and the server it is on. */
export class Bucket {
  private constructor(
    readonly folder: string,
    readonly port: number,
    readonly server: ChildProcess,
  ) {}

  /** Starts a server that keeps everything in a folder: buckets in one below it, what it notes about objects in another. */
  static async start(folder: string): Promise<Bucket> {
    const [buckets, notes] = [join(folder, "buckets"), join(folder, "notes")];
    mkdirSync(join(buckets, BUCKET), { recursive: true });
    mkdirSync(notes);
    const path = await obtainTestTool(versitygw);
    const port = await freePort();
    const args = [
      "--port",
      `127.0.0.1:${port}`,
      "--region",
      REGION,
      "--quiet",
      "posix",
      "--sidecar",
      notes,
      buckets,
    ];
    const env = { ROOT_ACCESS_KEY: "runner", ROOT_SECRET_KEY: "runner-secret" };
    const server = spawn(path, args, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
    const bucket = new Bucket(join(buckets, BUCKET), port, server);
    try {
      await until("the S3 server answers", START_TIMEOUT_MS, async () => {
        if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
        // Whatever it answers to a request without a signature, it does answer.
        return (await fetch(`http://127.0.0.1:${port}/`)).status > 0;
      });
    } catch (error) {
      await bucket.stop();
      throw error;
    }
    return bucket;
  }

  async stop(): Promise<void> {
    if (this.server.exitCode !== null || this.server.signalCode !== null) return;
    const exit = once(this.server, "exit");
    this.server.kill("SIGKILL");
    await exit;
  }

  /** What a runner is given to keep its state here; docs/pull-requests-in-ci.md shows the same address. */
  environment(): Record<string, string> {
    const endpoint = `http://127.0.0.1:${this.port}`;
    return {
      PULUMI_BACKEND_URL: `s3://${BUCKET}?region=${REGION}&endpoint=${endpoint}&s3ForcePathStyle=true`,
      AWS_ACCESS_KEY_ID: "runner",
      AWS_SECRET_ACCESS_KEY: "runner-secret",
    };
  }

  /** The objects below a path, by name. */
  list(path: string): string[] {
    const folder = join(this.folder, path);
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** Who holds the lock of stack lab. */
  locks(): Lock[] {
    const path = ".pulumi/locks/organization/harvester-stack/lab";
    return this.list(path).map((name) => JSON.parse(readFileSync(join(this.folder, path, name), "utf8")));
  }
}
