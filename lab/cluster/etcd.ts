/**
 * One real etcd member: its certificates, its process and a client for it.
 */
import { readFileSync, rmSync } from "node:fs";
import { stutter } from "../faults/stutter";
import type { LabChild, LabServices } from "../types";
import type { ClusterAuthorities } from "./authorities";
import { issueCertificate } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import { EtcdClient } from "./etcd-client";
import { waitFor } from "./wait";

/** Where and as what a member runs. */
export interface EtcdOptions {
  /** Prefix for messages and the process record: the machine's name. */
  machine: string;
  address: string;
  clientPort: number;
  peerPort: number;
  /** Name of the member, unique in the cluster. */
  memberName: string;
  logFile: string;
}

/** What etcd logs when its peers tell it that it is a member no more. */
const REMOVED = "the member has been permanently removed from the cluster";
const LOG_TAIL = 20_000;
const DIR = `${PATHS.tls}/etcd`;

/** An etcd member that lives on a machine's disk and dies with the machine. */
export class EtcdMember {
  #child: LabChild | undefined;
  #client: EtcdClient | undefined;
  /** Takes this member out of those that run, and lets it run freely for its end. */
  #ends: () => void = () => undefined;

  constructor(
    private readonly disk: NodeDisk,
    private readonly authorities: ClusterAuthorities,
    readonly options: EtcdOptions,
    private readonly lab: LabServices,
  ) {}

  get clientUrl(): string {
    return `https://${this.options.address}:${this.options.clientPort}`;
  }

  get peerUrl(): string {
    return `https://${this.options.address}:${this.options.peerPort}`;
  }

  /** True when this disk has been a member before: the initial cluster no longer matters. */
  get hasData(): boolean {
    return this.disk.exists(`${PATHS.etcd}/member`);
  }

  /** A client of this member, with the certificate of the API server. */
  get client(): EtcdClient {
    if (!this.#client) throw new Error(`etcd of ${this.options.machine} was not started.`);
    return this.#client;
  }

  /** Files that let the API server reach this member. */
  get clientFiles(): { ca: string; cert: string; key: string } {
    return {
      ca: this.disk.path(`${DIR}/server-ca.crt`),
      cert: this.disk.path(`${DIR}/client.crt`),
      key: this.disk.path(`${DIR}/client.key`),
    };
  }

  /**
   * Starts the process; `flags` come on top of its usual ones. `initialCluster` is `name=peerUrl,...`: this member alone for a new cluster,
   * every member for one that joins.
   */
  async start(
    initialCluster: string,
    state: "new" | "existing",
    flags: readonly string[] = [],
  ): Promise<void> {
    await this.#certificates();
    const { clientPort, peerPort, address } = this.options;
    this.#child = await this.lab.processes.spawn({
      name: `${this.options.machine}/etcd`,
      command: this.lab.binaries.etcd,
      args: [
        `--name=${this.options.memberName}`,
        `--data-dir=${this.disk.folder(PATHS.etcd)}`,
        `--listen-client-urls=https://${address}:${clientPort}`,
        `--advertise-client-urls=${this.clientUrl}`,
        `--listen-peer-urls=https://${address}:${peerPort}`,
        `--initial-advertise-peer-urls=${this.peerUrl}`,
        `--initial-cluster=${initialCluster}`,
        `--initial-cluster-state=${state}`,
        "--client-cert-auth=true",
        `--trusted-ca-file=${this.disk.path(`${DIR}/server-ca.crt`)}`,
        `--cert-file=${this.disk.path(`${DIR}/server-client.crt`)}`,
        `--key-file=${this.disk.path(`${DIR}/server-client.key`)}`,
        "--peer-client-cert-auth=true",
        `--peer-trusted-ca-file=${this.disk.path(`${DIR}/peer-ca.crt`)}`,
        `--peer-cert-file=${this.disk.path(`${DIR}/peer-server-client.crt`)}`,
        `--peer-key-file=${this.disk.path(`${DIR}/peer-server-client.key`)}`,
        // Between etcd's defaults and RKE2's: a busy laptop must not look like a failing network, nor a test wait for long.
        "--heartbeat-interval=200",
        "--election-timeout=2000",
        // The lab kills processes, never the host: what the kernel has is not lost, and a laptop's disk is spared.
        "--unsafe-no-fsync",
        "--log-level=warn",
        ...flags,
      ],
      logFile: this.options.logFile,
    });
    this.#client = new EtcdClient({
      servers: [this.clientUrl],
      ca: this.authorities.etcdServer.cert,
      cert: this.disk.read(`${DIR}/client.crt`),
      key: this.disk.read(`${DIR}/client.key`),
    });
    const { machine } = this.options;
    const quick = stutter(this.#child, () => this.lab.faults.active(machine, "etcd-slow"));
    const forget = this.lab.etcd.add({ machine, client: this.#client });
    this.#ends = () => {
      forget();
      quick();
    };
  }

  /** Waits until the member answers. It may have no leader yet when other members are missing. */
  async ready(signal: AbortSignal, timeoutMs = 60_000): Promise<void> {
    const child = this.#child;
    await waitFor(
      async () => {
        if (child?.exit)
          throw new Error(`etcd ended with code ${child.exit.code}; see ${this.options.logFile}.`);
        return this.client.status();
      },
      {
        what: `etcd of ${this.options.machine} to answer`,
        timeoutMs,
        signal,
        fatal: () => child?.exit !== undefined,
      },
    );
  }

  /** Resolves when the process has ended, with whether it did because the cluster had removed this member. */
  async ended(): Promise<{ removed: boolean }> {
    await this.#child?.exited;
    const log = readFileSync(this.options.logFile, "utf8").slice(-LOG_TAIL);
    return { removed: log.includes(REMOVED) };
  }

  /** Forgets what this disk knows of the cluster's data. */
  forgetData(): void {
    rmSync(this.disk.path(`${PATHS.etcd}/member`), { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    this.#ends();
    this.#client?.close();
    await this.#child?.kill();
  }

  async stop(): Promise<void> {
    this.#ends();
    this.#client?.close();
    await this.#child?.stop();
  }

  async #certificates(): Promise<void> {
    const names = [this.options.address, "127.0.0.1", "localhost"];
    const both: ("server" | "client")[] = ["server", "client"];
    await this.#issue("server-client", "etcdServer", { commonName: "etcd-server", names, usages: both });
    await this.#issue("peer-server-client", "etcdPeer", { commonName: "etcd-peer", names, usages: both });
    await this.#issue("client", "etcdServer", { commonName: "etcd-client", usages: ["client"] });
  }

  async #issue(
    file: string,
    authority: "etcdServer" | "etcdPeer",
    request: Parameters<typeof issueCertificate>[1],
  ): Promise<void> {
    if (this.disk.exists(`${DIR}/${file}.key`)) return;
    const made = await issueCertificate(this.authorities[authority], request);
    this.disk.write(`${DIR}/${file}.crt`, made.cert, 0o644);
    this.disk.write(`${DIR}/${file}.key`, made.key);
  }
}
