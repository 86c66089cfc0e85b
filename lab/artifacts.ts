import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { PORTS, siteAddress } from "./net";

/** What kind of file of a release a stand-in stands for. */
export type ArtifactKind = "vmlinuz" | "initrd" | "rootfs" | "iso" | "ipxe";

/** Sizes of the stand-ins: large enough that a download is one, small enough that nobody waits. */
const SIZES: Record<ArtifactKind, number> = {
  vmlinuz: 64 * 1024,
  initrd: 256 * 1024,
  rootfs: 1024 * 1024,
  iso: 4 * 1024 * 1024,
  ipxe: 16 * 1024,
};

const MARK = "HARVESTER-STACK LAB STAND-IN";
const VERSION = /^v\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/;

/** The bytes of a stand-in: a line that says what it is, then filling that depends on nothing else. */
export function artifactBytes(kind: ArtifactKind, version: string): Buffer {
  // Firmware loads nothing that is not a PE image, and those begin with MZ.
  const magic = kind === "ipxe" ? "MZ " : "";
  const head = Buffer.from(`${magic}${MARK} ${kind} ${version}\n`);
  const body = Buffer.alloc(SIZES[kind] - head.length, createHash("sha512").update(head).digest());
  return Buffer.concat([head, body]);
}

/** What a downloaded file says it is; undefined when it is no stand-in of this lab. */
export function readArtifact(head: Buffer): { kind: ArtifactKind; version: string } | undefined {
  const line = head.toString("latin1", 0, 200).split("\n")[0] ?? "";
  const match = new RegExp(`^(?:MZ )?${MARK} (vmlinuz|initrd|rootfs|iso|ipxe) (\\S+)$`).exec(line);
  if (match === null) return undefined;
  return { kind: match[1] as ArtifactKind, version: match[2] as string };
}

/** The file of a release by its name at releases.rancher.com; undefined when a release has none of that name. */
export function releaseFile(
  version: string,
  name: string,
  baseUrl = "https://releases.rancher.com/harvester",
): Buffer | undefined {
  if (!VERSION.test(version)) return undefined;
  const images: Record<string, ArtifactKind> = {
    [`harvester-${version}-vmlinuz-amd64`]: "vmlinuz",
    [`harvester-${version}-initrd-amd64`]: "initrd",
    [`harvester-${version}-rootfs-amd64.squashfs`]: "rootfs",
    [`harvester-${version}-amd64.iso`]: "iso",
    "ipxe.efi": "ipxe",
  };
  const kind = images[name];
  if (kind !== undefined) return artifactBytes(kind, version);
  if (name === `harvester-${version}-amd64.sha512`) {
    const lines = Object.entries(images)
      .filter(([file]) => file !== "ipxe.efi")
      .map(
        ([file, of]) => `${createHash("sha512").update(artifactBytes(of, version)).digest("hex")}  ${file}\n`,
      );
    return Buffer.from(lines.join(""));
  }
  if (name === "version.yaml") {
    const iso = `${baseUrl}/${version}/harvester-${version}-amd64.iso`;
    const checksum = createHash("sha512").update(artifactBytes("iso", version)).digest("hex");
    return Buffer.from(
      `apiVersion: harvesterhci.io/v1beta1\nkind: Version\nmetadata:\n  name: ${version}\n  namespace: harvester-system\nspec:\n  isoChecksum: '${checksum}'\n  isoURL: ${iso}\n`,
    );
  }
  return undefined;
}

/** Base URL of the site's artifact server. */
export function artifactsUrl(net: string): string {
  return `http://${siteAddress(net)}:${PORTS.artifacts}/harvester`;
}

/** Serves the files of every release, as a mirror inside a site does. */
export async function startArtifacts(net: string): Promise<Server> {
  const server = createServer((request, response) => {
    const [, root, version, name, ...rest] = new URL(request.url ?? "/", "http://lab").pathname.split("/");
    const file =
      root === "harvester" && rest.length === 0
        ? releaseFile(version ?? "", name ?? "", artifactsUrl(net))
        : undefined;
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405).end();
    } else if (file === undefined) {
      response.writeHead(404, { "content-type": "text/plain" }).end("no such file in this release\n");
    } else {
      response.writeHead(200, { "content-length": file.length, "content-type": "application/octet-stream" });
      response.end(request.method === "HEAD" ? undefined : file);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(PORTS.artifacts, siteAddress(net), resolve);
  });
  return server;
}
