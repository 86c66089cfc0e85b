/**
 * Fills a new cluster: what rancherd and Harvester's installation do on the creating node. Every step looks first, so that a machine that
 * loses power half-way goes on where it was.
 */
import { createHash } from "node:crypto";
import type { InstalledSystem } from "../types";
import { CLUSTER_ROLE_BINDINGS, DEFINITIONS, NAMESPACES, SECRETS } from "./builtins";
import { createAuthority, issueCertificate } from "./certificates";
import { clusterObjects, harvesterChart, type InitialObject } from "./cluster-objects";
import type { NodeIdentity } from "./identity";
import { ALL_KINDS, definitionOf, objectOf, resourceOf } from "./kinds";
import { isInvalid, isNotFound, type KubeClient, type KubeObject } from "./kube";
import { passwordSecret } from "./passwords";
import { waitFor } from "./wait";

/** Password of the user admin until the first login changes it, the same in every Harvester installation. */
const BOOTSTRAP_PASSWORD = "admin";
const CATTLE = "cattle-system";

/** True when the cluster's installation has come to its end. */
export async function isInstalled(kube: KubeClient): Promise<boolean> {
  try {
    const chart = await kube.find(resourceOf("managedChart"), "harvester", "fleet-local");
    const conditions: { type: string; status: string }[] = chart?.status?.conditions ?? [];
    return conditions.some((c) => c.type === "Ready" && c.status === "True");
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Installs Rancher's and Harvester's objects; `finishInstallation` says that they are complete. */
export async function installCluster(
  kube: KubeClient,
  identity: NodeIdentity,
  system: InstalledSystem,
  signal: AbortSignal,
): Promise<void> {
  const uid = await clusterUid(kube, signal);
  await Promise.all(ALL_KINDS.map((kind) => kube.ensure(DEFINITIONS, definitionOf(kind))));
  await put({ resource: NAMESPACES, object: { metadata: { name: CATTLE } } }, kube, signal);
  const vipCa = await ensureVipCertificate(kube, identity, system, signal);
  for (const initial of clusterObjects(identity, system, vipCa)) await put(initial, kube, signal);
  await ensureAdmin(kube, uid, signal);
}

/** The end of the installation: from now on `isInstalled` is true and the VIP serves the cluster. */
export async function finishInstallation(
  kube: KubeClient,
  version: string,
  signal: AbortSignal,
): Promise<void> {
  await put(harvesterChart(version), kube, signal);
}

/** A value that no other cluster has: the UID of its kube-system namespace. */
export async function clusterUid(kube: KubeClient, signal: AbortSignal): Promise<string> {
  return waitFor(async () => (await kube.find(NAMESPACES, "kube-system"))?.metadata.uid, {
    what: "the namespace kube-system",
    timeoutMs: 60_000,
    signal,
  });
}

/** The certificate (with its CA) that https://VIP shows; kept in the cluster, so that every holder of the VIP shows the same. */
export async function vipCertificate(
  kube: KubeClient,
): Promise<{ ca: string; cert: string; key: string } | undefined> {
  const ca = await kube.find(SECRETS, "tls-rancher-internal-ca", CATTLE);
  const serving = await kube.find(SECRETS, "tls-rancher-internal", CATTLE);
  if (!ca || !serving) return undefined;
  return { ca: decode(ca, "tls.crt"), cert: decode(serving, "tls.crt"), key: decode(serving, "tls.key") };
}

async function ensureVipCertificate(
  kube: KubeClient,
  identity: NodeIdentity,
  system: InstalledSystem,
  signal: AbortSignal,
): Promise<string> {
  const made = await createAuthority(`dynamiclistener-ca@${Math.floor(Date.now() / 1000)}`);
  const ca = await put(tlsSecret("tls-rancher-internal-ca", made), kube, signal);
  const authority = { cert: decode(ca, "tls.crt"), key: decode(ca, "tls.key") };
  const serving = await issueCertificate(authority, {
    commonName: "dynamic",
    organizations: ["dynamic"],
    names: [
      system.config.install?.vip ?? "",
      identity.address,
      "rancher.cattle-system",
      "rancher.cattle-system.svc",
      ...(system.config.sans ?? []),
    ].filter(Boolean),
    usages: ["server"],
  });
  await put(tlsSecret("tls-rancher-internal", serving), kube, signal);
  return authority.cert;
}

async function ensureAdmin(kube: KubeClient, uid: string, signal: AbortSignal): Promise<void> {
  const id = "user-" + createHash("sha256").update(uid).digest("hex").slice(0, 5);
  await put({ resource: SECRETS, object: await passwordSecret(id, BOOTSTRAP_PASSWORD) }, kube, signal);
  await put(
    {
      resource: CLUSTER_ROLE_BINDINGS,
      object: {
        metadata: { name: `globaladmin-${id}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: id }],
      },
    },
    kube,
    signal,
  );
  const labels = { "authz.management.cattle.io/bootstrapping": "admin-user" };
  const user = objectOf("user", {
    metadata: { name: id, labels },
    displayName: "Default Admin",
    username: "admin",
    mustChangePassword: true,
    principalIds: [`local://${id}`],
    enabled: true,
  });
  await put({ resource: resourceOf("user"), object: user }, kube, signal);
}

/** Creates an object unless it exists. A kind that was defined a moment ago may need some more. */
async function put(initial: InitialObject, kube: KubeClient, signal: AbortSignal): Promise<KubeObject> {
  const { name, namespace } = initial.object.metadata;
  return waitFor(
    async () => {
      const object = await kube.ensure(initial.resource, initial.object);
      if (initial.status && !object.status?.conditions && !object.status?.loadBalancer?.ingress) {
        const options = { namespace, subresource: "status" as const };
        await kube.merge(initial.resource, name, { status: initial.status }, options);
      }
      return object;
    },
    {
      what: `the API server to take ${initial.resource.plural}/${name}`,
      timeoutMs: 60_000,
      intervalMs: 200,
      signal,
      fatal: isInvalid,
    },
  );
}

function tlsSecret(name: string, pair: { cert: string; key: string }): InitialObject {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return {
    resource: SECRETS,
    object: {
      metadata: { name, namespace: CATTLE },
      type: "kubernetes.io/tls",
      data: { "tls.crt": encode(pair.cert), "tls.key": encode(pair.key) },
    },
  };
}

function decode(secret: KubeObject, field: string): string {
  return Buffer.from(secret.data[field], "base64").toString("utf8");
}
