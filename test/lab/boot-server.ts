import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";
import { artifactBytes, releaseFile } from "../../lab/artifacts";

/** A request that a boot server received. */
export interface Seen {
  method: string;
  path: string;
  from: string;
  body: string;
}

/** Answers of a test's own for a path; undefined leaves it to the server. */
export type Override = (
  path: string,
  request: IncomingMessage,
) => { status: number; body: string | Buffer } | undefined;

/** A boot server and a mirror of the release in one, as small as a test needs it. */
export class BootServer {
  readonly seen: Seen[] = [];
  /** What /config.yaml answers. */
  config: unknown = {};
  /** Added to the kernel command line. */
  extraParameters = "";
  override: Override = () => undefined;
  readonly #server: Server;

  private constructor(readonly version: string) {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const path = request.url ?? "/";
        const from = request.socket.remoteAddress ?? "";
        this.seen.push({ method: request.method ?? "", path, from, body: Buffer.concat(chunks).toString() });
        const { status, body } = this.override(path, request) ?? this.#answer(path);
        response.writeHead(status).end(request.method === "HEAD" ? undefined : body);
      });
    });
  }

  static async start(version = "v1.6.1"): Promise<BootServer> {
    const server = new BootServer(version);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get bootUri(): string {
    return `${this.url}/boot/ipxe.efi`;
  }

  /** Paths of the requests, in order. */
  paths(): string[] {
    return this.seen.map(({ method, path }) => `${method} ${path}`);
  }

  /** URL of a file of the release. */
  file(name: string): string {
    return `${this.url}/release/${name}`;
  }

  get commandLine(): string {
    const { version } = this;
    return [
      `initrd=harvester-${version}-initrd-amd64 ip=dhcp net.ifnames=1`,
      `root=live:${this.file(`harvester-${version}-rootfs-amd64.squashfs`)}`,
      "harvester.install.automatic=true harvester.scheme_version=1",
      `harvester.install.config_url=${this.url}/boot/config.yaml`,
      this.extraParameters,
    ].join(" ");
  }

  /**
   * Forgets what it saw. A machine whose power was cut may have a request on its way; connections are taken in their order, so
   * once a request of our own is answered there is none left.
   */
  async forget(): Promise<void> {
    await fetch(`${this.url}/forget`).then((answer) => answer.arrayBuffer());
    this.seen.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(path: string): { status: number; body: string | Buffer } {
    const { version } = this;
    if (path === "/boot/ipxe.efi") return { status: 200, body: artifactBytes("ipxe", version) };
    if (path === "/boot/autoexec.ipxe") {
      const kernel = this.file(`harvester-${version}-vmlinuz-amd64`);
      const initrd = this.file(`harvester-${version}-initrd-amd64`);
      return { status: 200, body: `#!ipxe\nkernel ${kernel} ${this.commandLine}\ninitrd ${initrd}\nboot\n` };
    }
    if (path === "/boot/config.yaml") return { status: 200, body: stringify(this.config) };
    if (path.startsWith("/boot/events/")) return { status: 200, body: "" };
    const file = path.startsWith("/release/")
      ? releaseFile(version, path.slice("/release/".length))
      : undefined;
    return file === undefined ? { status: 404, body: "not here" } : { status: 200, body: file };
  }
}

/** A configuration that installs the first machine of a net as the creator of a cluster. */
export function createConfig(server: BootServer, net: string): Record<string, unknown> {
  return {
    scheme_version: 1,
    token: "a test's token",
    os: {
      hostname: "n1",
      password: "p",
      ssh_authorized_keys: ["ssh-ed25519 AAAA test"],
      dns_nameservers: [`${net}.1`],
    },
    install: {
      mode: "create",
      role: "management",
      iso_url: server.file(`harvester-${server.version}-amd64.iso`),
      device: "/dev/disk/by-id/ata-LAB_SSD_480G_S4XLAB0001A",
      data_disk: "/dev/disk/by-id/nvme-LAB_NVME_1T_P7NLAB0001B",
      management_interface: { interfaces: [{ name: "ens1f0" }], method: "dhcp" },
      vip: `${net}.10`,
      vip_mode: "static",
      webhooks: ["STARTED", "SUCCEEDED", "FAILED"].map((event) => ({
        event,
        method: "POST",
        url: `${server.url}/boot/events/${event}`,
        payload: '{"host":"{{ .Hostname }}","ip":"{{.IPAddrV4}}"}',
      })),
    },
  };
}
