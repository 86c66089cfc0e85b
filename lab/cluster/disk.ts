/**
 * The file system of an installed machine: what the node's software keeps, at the paths a real node keeps it.
 */
import * as fs from "node:fs";
import * as path from "node:path";

/** Where the node's software keeps what, as on a real Harvester node. */
export const PATHS = {
  hostKey: "/etc/ssh/ssh_host_ed25519_key",
  installConfig: "/oem/harvester.config",
  kubeconfig: "/etc/rancher/rke2/rke2.yaml",
  nodePassword: "/etc/rancher/node/password",
  rancherd: "/etc/rancher/rancherd/config.yaml",
  bootstrapped: "/var/lib/rancher/rancherd/bootstrapped",
  rke2Config: "/etc/rancher/rke2",
  nodeConfig: "/etc/rancher/node",
  data: "/var/lib/rancher/rke2",
  tls: "/var/lib/rancher/rke2/server/tls",
  serverToken: "/var/lib/rancher/rke2/server/token",
  etcd: "/var/lib/rancher/rke2/server/db/etcd",
  snapshots: "/var/lib/rancher/rke2/server/db/snapshots",
  agent: "/var/lib/rancher/rke2/agent",
  ports: "/var/lib/rancher/rke2/lab-ports.json",
  machineId: "/etc/machine-id",
} as const;

/** Reads and writes files by the path they have on the machine. */
export class NodeDisk {
  constructor(readonly root: string) {}

  /** The file's path on the host of the lab; a path can not lead out of the machine's disk. */
  path(file: string): string {
    return path.join(this.root, path.posix.normalize("/" + file));
  }

  exists(file: string): boolean {
    return fs.existsSync(this.path(file));
  }

  /** Makes a folder (only its owner may enter it) and returns its path on the host of the lab. */
  folder(file: string): string {
    fs.mkdirSync(this.path(file), { recursive: true, mode: 0o700 });
    return this.path(file);
  }

  /** The file's text, or undefined when there is no such file. */
  read(file: string): string | undefined {
    try {
      return fs.readFileSync(this.path(file), "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Writes a file so that a power cut leaves the old or the new content; secrets are the default. */
  write(file: string, content: string | Uint8Array, mode = 0o600): void {
    this.folder(path.posix.dirname(file));
    const temporary = this.path(file) + ".new";
    fs.writeFileSync(temporary, content, { mode });
    fs.renameSync(temporary, this.path(file));
  }

  /** Removes a file, if there is one. */
  remove(file: string): void {
    fs.rmSync(this.path(file), { force: true });
  }

  /** The file's text; when there is none, what `make` returns is written and returned. */
  async keep(file: string, make: () => string | Promise<string>, mode = 0o600): Promise<string> {
    const found = this.read(file);
    if (found !== undefined) return found;
    const made = await make();
    this.write(file, made, mode);
    return made;
  }
}
