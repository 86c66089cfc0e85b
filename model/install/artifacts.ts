import { artifactsUrlOf, type ClusterDescription } from "../description";

/** Where the parts of the installer lie. */
export interface InstallerArtifacts {
  kernel: string;
  initrd: string;
  rootfs: string;
  iso: string;
  /** SHA-512 of the others. */
  checksums: string;
  /** The iPXE binary that UEFI HTTP boot loads. */
  ipxe: string;
}

/** The URLs of the release's artifacts, by the names that Harvester gives them. */
export function artifactsOf(cluster: Pick<ClusterDescription, "version" | "artifacts">): InstallerArtifacts {
  const folder = artifactsUrlOf(cluster);
  const architecture = cluster.artifacts.architecture ?? "amd64";
  const file = (part: string) => `${folder}/harvester-${cluster.version}-${part}`;
  return {
    kernel: file(`vmlinuz-${architecture}`),
    initrd: file(`initrd-${architecture}`),
    rootfs: file(`rootfs-${architecture}.squashfs`),
    iso: file(`${architecture}.iso`),
    checksums: file(`${architecture}.sha512`),
    ipxe: cluster.artifacts.ipxe ?? `${folder}/ipxe.efi`,
  };
}
