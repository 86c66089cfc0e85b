/**
 * One real kube-apiserver, bound to the etcd member of its own machine: when that member loses its quorum, this API server fails too.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { LabChild, LabServices } from "../types";
import type { ClusterAuthorities } from "./authorities";
import { issueCertificate } from "./certificates";
import { type NodeDisk, PATHS } from "./disk";
import type { EtcdMember } from "./etcd";
import { KubeClient } from "./kube";
import { waitFor } from "./wait";

/** Where and for whom an API server runs. */
export interface ApiServerOptions {
  machine: string;
  address: string;
  port: number;
  /** Names and addresses its certificate must carry besides its own: the VIP, the configuration's `sans`. */
  names: string[];
  serviceCidr: string;
  auditFile: string;
  logFile: string;
}

/** Everything but the control plane's own looks and heartbeats, which would bury what users do. */
const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    users: ["system:admin", "system:apiserver", "system:anonymous"]
    verbs: [get, list, watch]
  - level: None
    users: ["system:admin", "system:apiserver"]
    resources: [{ group: coordination.k8s.io }]
  - level: None
    userGroups: ["system:nodes"]
    resources: [{ group: coordination.k8s.io }]
  - level: Metadata
`;

const CERT = `${PATHS.tls}/serving-kube-apiserver`;
const ADMIN = `${PATHS.tls}/client-admin`;

/** Real time from the end of the process to its next start; a kubelet waits longer, and longer each time. */
const RESTART_MS = 1000;

/** An API server that dies with its machine, and with nothing else. */
export class ApiServer {
  #child: LabChild | undefined;
  /** Aborted when it is to run no longer. */
  #life: AbortController | undefined;
  /** Ends when the process runs no longer and is not started again. */
  #running: Promise<void> | undefined;
  #admin: KubeClient | undefined;

  constructor(
    private readonly disk: NodeDisk,
    private readonly authorities: ClusterAuthorities,
    private readonly etcd: EtcdMember,
    readonly options: ApiServerOptions,
    private readonly lab: LabServices,
  ) {}

  get url(): string {
    return `https://${this.options.address}:${this.options.port}`;
  }

  /** A client with every right, as the supervisor processes of a server node have. */
  get admin(): KubeClient {
    if (!this.#admin) throw new Error(`The API server of ${this.options.machine} was not started.`);
    return this.#admin;
  }

  /**
   * Starts the process, and again whenever it ends by itself, as a kubelet does with a static pod: without a voting etcd member it ends
   * soon, and that is no reason to be without an API server for good.
   */
  async start(): Promise<void> {
    const life = new AbortController();
    this.#life = life;
    await this.#files();
    this.#running = this.#keepRunning(await this.#spawn(), life.signal);
    // Whoever ends it hears of it.
    this.#running.catch(() => undefined);
    this.#admin = new KubeClient({
      servers: [this.url],
      ca: this.authorities.server.cert,
      cert: this.disk.read(`${ADMIN}.crt`),
      key: this.disk.read(`${ADMIN}.key`),
    });
  }

  async #keepRunning(first: LabChild, signal: AbortSignal): Promise<void> {
    for (let child = first; ; child = await this.#spawn()) {
      this.#child = child;
      // Who stopped it while it was being started again did not know this process yet.
      if (signal.aborted) await child.kill();
      await child.exited;
      await delay(RESTART_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
    }
  }

  #spawn(): Promise<LabChild> {
    const etcd = this.etcd.clientFiles;
    const tls = (file: string): string => this.disk.path(`${PATHS.tls}/${file}`);
    return this.lab.processes.spawn({
      name: `${this.options.machine}/kube-apiserver`,
      command: this.lab.binaries.kubeApiserver,
      args: [
        `--bind-address=${this.options.address}`,
        `--advertise-address=${this.options.address}`,
        `--secure-port=${this.options.port}`,
        // The reconciler would write the address into an Endpoints object, where a loopback address is not allowed.
        "--endpoint-reconciler-type=none",
        `--etcd-servers=${this.etcd.clientUrl}`,
        `--etcd-cafile=${etcd.ca}`,
        `--etcd-certfile=${etcd.cert}`,
        `--etcd-keyfile=${etcd.key}`,
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        // Quotas of a priority level are meant for big clusters; here they only cost start-up time.
        "--enable-priority-and-fairness=false",
        "--allow-privileged=true",
        "--anonymous-auth=true",
        `--client-ca-file=${tls("client-ca.crt")}`,
        `--tls-cert-file=${tls("serving-kube-apiserver.crt")}`,
        `--tls-private-key-file=${tls("serving-kube-apiserver.key")}`,
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        `--service-account-signing-key-file=${tls("service.key")}`,
        `--service-account-key-file=${tls("service.key")}`,
        `--service-cluster-ip-range=${this.options.serviceCidr}`,
        `--audit-policy-file=${this.disk.path("/etc/rancher/rke2/audit-policy.yaml")}`,
        `--audit-log-path=${this.options.auditFile}`,
        "--audit-log-mode=blocking",
        "--profiling=false",
        "--v=0",
      ],
      logFile: this.options.logFile,
    });
  }

  /** Waits until the server says it is ready, which needs a quorum of etcd. */
  async ready(signal: AbortSignal, timeoutMs = 180_000): Promise<void> {
    await waitFor(
      async () => {
        const { exit } = this.#child ?? {};
        if (exit !== undefined) {
          throw new Error(`kube-apiserver ended with code ${exit.code}; see ${this.options.logFile}.`);
        }
        return (await this.healthy()) || undefined;
      },
      {
        what: `the API server of ${this.options.machine} to be ready`,
        timeoutMs,
        intervalMs: 150,
        signal,
      },
    );
  }

  /** True when the server can serve now. */
  async healthy(): Promise<boolean> {
    const answer = await this.admin.http.send({ path: "/readyz", timeoutMs: 5_000 });
    return answer.status === 200;
  }

  async kill(): Promise<void> {
    await this.#end((child) => child.kill());
  }

  async stop(): Promise<void> {
    await this.#end((child) => child.stop(3_000));
  }

  async #end(how: (child: LabChild) => Promise<void>): Promise<void> {
    this.#life?.abort();
    this.#admin?.close();
    if (this.#child !== undefined) await how(this.#child);
    await this.#running;
  }

  async #files(): Promise<void> {
    this.disk.write("/etc/rancher/rke2/audit-policy.yaml", AUDIT_POLICY);
    const { address, names } = this.options;
    const firstServiceAddress = this.options.serviceCidr.replace(/\d+\/\d+$/, "1");
    const serving = await issueCertificate(this.authorities.server, {
      commonName: "kube-apiserver",
      names: [
        ...new Set([
          address,
          "127.0.0.1",
          firstServiceAddress,
          "localhost",
          "kubernetes",
          "kubernetes.default",
          "kubernetes.default.svc",
          "kubernetes.default.svc.cluster.local",
          ...names,
        ]),
      ],
      usages: ["server"],
    });
    this.disk.write(`${CERT}.crt`, serving.cert, 0o644);
    this.disk.write(`${CERT}.key`, serving.key);
    if (this.disk.exists(`${ADMIN}.key`)) return;
    const admin = await issueCertificate(this.authorities.client, {
      commonName: "system:admin",
      organizations: ["system:masters"],
      usages: ["client"],
    });
    this.disk.write(`${ADMIN}.crt`, admin.cert, 0o644);
    this.disk.write(`${ADMIN}.key`, admin.key);
    this.disk.write(PATHS.kubeconfig, adminKubeconfig(this.url, this.authorities.server.cert, admin));
  }
}

/** RKE2's /etc/rancher/rke2/rke2.yaml: an administrator's client certificate for this machine's API server. */
function adminKubeconfig(server: string, ca: string, admin: { cert: string; key: string }): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(ca)}
    server: ${server}
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: ${base64(admin.cert)}
    client-key-data: ${base64(admin.key)}
`;
}
