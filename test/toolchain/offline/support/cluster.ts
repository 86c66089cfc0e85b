/** A real etcd and a real kube-apiserver on loopback, for the length of a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { KubernetesApi } from "../../../../toolchain/offline/plugins/cluster/api";
import { readKubeconfig } from "../../../../toolchain/offline/plugins/cluster/kubeconfig";
import { until } from "./until";

/** A running cluster of one API server and no nodes. */
export interface TestCluster {
  /** Contents of an administrator's kubeconfig. */
  kubeconfig: string;
  api: KubernetesApi;
  stop(): Promise<void>;
}

/** Starts a cluster. */
export async function startCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(path.join(tmpdir(), "plugin-test-cluster-"));
  const token = randomBytes(16).toString("hex");
  writeFileSync(path.join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyFile = path.join(folder, "service-account.pem");
  writeFileSync(keyFile, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  const [etcdPort, peerPort, port] = await Promise.all([freePort(), freePort(), freePort()]);

  const processes: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(processes.reverse().map(end));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    processes.push(
      run("etcd", folder, [
        `--data-dir=${folder}/etcd`,
        `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
        `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
        `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
        `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
        "--unsafe-no-fsync=true",
      ]),
    );
    const apiServer = run("kube-apiserver", folder, [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${folder}/certificates`,
      `--token-auth-file=${folder}/tokens.csv`,
      "--anonymous-auth=false",
      "--authorization-mode=RBAC",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${keyFile}`,
      `--service-account-signing-key-file=${keyFile}`,
      "--disable-admission-plugins=ServiceAccount",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--endpoint-reconciler-type=none",
    ]);
    processes.push(apiServer);
    const certificate = path.join(folder, "certificates", "apiserver.crt");
    await until(
      "the API server's certificate",
      60_000,
      () => alive(apiServer, folder) && existsSync(certificate),
    );
    const kubeconfig = kubeconfigOf(`https://127.0.0.1:${port}`, token, readFileSync(certificate));
    const api = new KubernetesApi(await readKubeconfig({ text: kubeconfig, folder }), "test");
    await until("the API server", 60_000, async () => {
      alive(apiServer, folder);
      await api.request("GET", "/api/v1/namespaces/default");
      return true;
    });
    return { kubeconfig, api, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A kubeconfig that logs in by token. */
export function kubeconfigOf(server: string, token: string, ca?: Buffer): string {
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
      clusters: [
        {
          name: "test",
          cluster: { server, ...(ca && { "certificate-authority-data": ca.toString("base64") }) },
        },
      ],
      users: [{ name: "admin", user: { token } }],
    },
    undefined,
    2,
  );
}

/** A custom resource definition that accepts any spec, as Harvester's kinds are. */
export function definition(group: string, kind: string, scope: "Cluster" | "Namespaced", schema = {}) {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: "v1beta1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true, ...schema },
          },
        },
      ],
    },
  };
}

/** Installs a definition and waits until its kind is served. */
export async function install(api: KubernetesApi, crd: ReturnType<typeof definition>): Promise<void> {
  await api.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body: crd });
  const { group, names } = crd.spec;
  const probe = { apiVersion: `${group}/v1beta1`, kind: names.kind, metadata: { name: "probe" } };
  await until(`kind ${names.kind}`, 20_000, async () => {
    await api.kind(`${group}/v1beta1`, names.kind);
    await api.request("POST", `/apis/${group}/v1beta1/${names.plural}`, {
      query: { dryRun: "All" },
      body: probe,
    });
    return true;
  });
}

/** A free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function run(program: string, folder: string, args: string[]): ChildProcess {
  const log = path.join(folder, `${program}.log`);
  const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@" >"$LOG" 2>&1', program, ...args], {
    env: { ...process.env, LOG: log, PATH: toolPath() },
    stdio: "ignore",
  });
  return child;
}

function alive(child: ChildProcess, folder: string): true {
  if (child.exitCode === null) return true;
  const log = readFileSync(path.join(folder, "kube-apiserver.log"), "utf8");
  throw new Error(`kube-apiserver ended with code ${child.exitCode}:\n${log.slice(-2000)}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Where programs are looked for: what the toolchain has installed, then PATH. */
export function toolPath(): string {
  return `${path.resolve(__dirname, "../../../../.toolchain/bin")}${path.delimiter}${process.env.PATH}`;
}
