/** Looks at what machines will need while they install: a free VIP, the release's files, a boot server they can reach. */
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { ClusterDescription } from "../../model/description";
import { artifactsOf } from "../../model/install";
import { DEFAULT_BOOT_PORT } from "../../provider/boot/server";
import { sightCluster } from "../../provider/resources/sighting";
import { type Finding, finding } from "./finding";

/** One small request to the host of the artifacts. */
const REQUEST_MS = 10_000;

/** Fetching kernel and initrd whole, a few hundred MB. */
const DOWNLOAD_MS = 300_000;

/** Everything that is not one machine's matter. */
export function examineSite(cluster: ClusterDescription): Promise<Finding[]> {
  return Promise.all([
    finding("VIP", "free", () => vipFree(cluster)),
    finding("boot server", "can listen", () => bootServer(cluster)),
    ...artifactFindings(cluster),
  ]);
}

async function vipFree(cluster: ClusterDescription): Promise<string | Pick<Finding, "result" | "detail">> {
  const sighting = await sightCluster(cluster, AbortSignal.timeout(60_000));
  if (sighting.kind === "silent") return `nothing answers at ${cluster.vip.address}`;
  return {
    result: "warn",
    detail: `${sighting.what}: right if this stack's cluster runs already; otherwise choose another VIP`,
  };
}

/** Listens for a moment, as `pulumi up` will. Whether the machines get through to it, only they can tell. */
function bootServer({
  bootServer: { address, port = DEFAULT_BOOT_PORT },
}: ClusterDescription): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new Error(
          error.code === "EADDRINUSE"
            ? `${address}:${port} is taken: stop what listens there, or choose another bootServer.port`
            : `${address}:${port} cannot be listened on (${error.code}): bootServer.address must be one of this machine's`,
        ),
      );
    });
    server.listen(port, address, () => {
      server.close(() =>
        resolve(`${address}:${port} is ours to listen on; the machines must be able to reach it`),
      );
    });
  });
}

function artifactFindings(cluster: ClusterDescription): Promise<Finding>[] {
  const { kernel, initrd, rootfs, iso, ipxe, checksums } = artifactsOf(cluster);
  const sums = fetchText(checksums).then(parseChecksums);
  // Shown by the finding about the checksums; the others only go without.
  sums.catch(() => undefined);
  return [
    finding("artifacts", "checksums", async () => `${(await sums).size} listed in ${nameOf(checksums)}`),
    finding("artifacts", "kernel", () => verified(kernel, sums)),
    finding("artifacts", "initrd", () => verified(initrd, sums)),
    finding("artifacts", "root image", () => present(rootfs)),
    finding("artifacts", "ISO", () => present(iso)),
    finding("artifacts", "iPXE", () => present(ipxe)),
  ];
}

/** Small enough to be fetched whole and compared. */
async function verified(url: string, sums: Promise<Map<string, string>>): Promise<string> {
  const wanted = (await sums).get(nameOf(url));
  if (wanted === undefined) throw new Error(`${nameOf(url)} has no line in the list of checksums`);
  const answer = await request(url, "GET", DOWNLOAD_MS);
  const hash = createHash("sha512");
  for await (const chunk of answer.body!) hash.update(chunk);
  const found = hash.digest("hex");
  if (found === wanted) return `${nameOf(url)}: SHA-512 agrees`;
  throw new Error(
    `${url} is damaged: its SHA-512 begins with ${found.slice(0, 12)}, not ${wanted.slice(0, 12)}`,
  );
}

async function present(url: string): Promise<string> {
  const answer = await request(url, "HEAD", REQUEST_MS);
  const bytes = Number(answer.headers.get("content-length") ?? Number.NaN);
  return Number.isNaN(bytes) ? `${nameOf(url)} is there` : `${nameOf(url)} is there, ${sizeOf(bytes)}`;
}

async function fetchText(url: string): Promise<string> {
  return (await request(url, "GET", REQUEST_MS)).text();
}

async function request(url: string, method: string, deadlineMs: number): Promise<Response> {
  const answer = await fetch(url, { method, signal: AbortSignal.timeout(deadlineMs) }).catch(
    (error: Error) => {
      throw new Error(
        `${url} cannot be had: ${String((error.cause as Error | undefined)?.message ?? error.message)}`,
      );
    },
  );
  if (!answer.ok) throw new Error(`${url} cannot be had: HTTP ${answer.status}`);
  return answer;
}

/** Lines of `sha512sum`. */
function parseChecksums(text: string): Map<string, string> {
  const lines = [...text.matchAll(/^([0-9a-f]{128})[ *]+(\S+)$/gm)];
  return new Map(lines.map(([, sum, file]) => [nameOf(file!), sum!]));
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
