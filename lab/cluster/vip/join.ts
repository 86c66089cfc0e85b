/**
 * The side of the cluster that joining nodes talk to. A real node speaks to Rancher (443) and to RKE2's supervisor (9345) on the VIP; here
 * both answer on the VIP's one port, with their own paths and proofs.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { NODES, SECRETS } from "../builtins";
import { signRequest } from "../certificates";
import { resourceOf } from "../kinds";
import { isConflict, type KubeClient } from "../kube";
import { FLEET_LOCAL, nodePasswordSecret, registerMachine } from "../machines";
import type { PlannedRoles, ServerBootstrap } from "../promotion";
import type { VipContext } from "./context";
import { ApiError, type Exchange, type Route } from "./exchange";

/** Annotation by which a server node tells where its API server is. */
export const API_SERVER_ANNOTATION = "lab.harvester-stack.io/api-server";

/** What Rancher answers to a node that connects. */
export interface ConnectAnswer {
  machineName: string;
  machineUid: string;
}

/** Routes of the join handshake. */
export function joinRoutes(context: VipContext): Route[] {
  return [
    { method: "GET", path: /^\/v1-rancheros\/cacerts$/, handle: (exchange) => provenCa(context, exchange) },
    { method: "GET", path: /^\/v3\/connect\/agent$/, handle: (exchange) => connect(context, exchange) },
    {
      method: "POST",
      path: /^\/v1-rke2\/client-kubelet\.crt$/,
      handle: (exchange) => kubeletCertificate(context, exchange),
    },
    {
      method: "GET",
      path: /^\/v1-rke2\/server-ca\.crt$/,
      handle: async (exchange) => {
        checkBasic(context, exchange, "node");
        exchange.replyText(200, context.authorities.server.cert);
      },
    },
    {
      method: "GET",
      path: /^\/v1-rke2\/apiservers$/,
      handle: async (exchange) => {
        checkBasic(context, exchange, "node");
        exchange.replyJson(200, await apiServers(context.kube));
      },
    },
    { method: "GET", path: /^\/v3\/connect\/plan$/, handle: (exchange) => plan(context, exchange) },
    {
      method: "GET",
      path: /^\/v1-rke2\/server-bootstrap$/,
      handle: async (exchange) => {
        checkBasic(context, exchange, "server");
        const members = await context.etcdMembers();
        const etcd = members.filter((member) => !member.learner).flatMap((member) => member.clientUrls);
        const answer: ServerBootstrap = { authorities: context.authorities, etcd };
        exchange.replyJson(200, answer);
      },
    },
  ];
}

/** Base URLs of the cluster's API servers. */
export async function apiServers(kube: KubeClient): Promise<string[]> {
  const urls = (await kube.list(NODES)).map((node) => node.metadata.annotations?.[API_SERVER_ANNOTATION]);
  return urls.filter((url): url is string => url !== undefined);
}

/** Rancherd's proof in both directions: the node shows a hash of the token, the cluster signs its CA with it. */
export function caProof(token: string, nonce: string, ca: string): string {
  return createHmac("sha512", token).update(nonce).update("\0").update(ca).update("\0").digest("base64");
}

/** How a node shows that it knows the token before it trusts the server. */
export function tokenProof(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

async function provenCa(context: VipContext, exchange: Exchange): Promise<void> {
  if (!same(bearer(exchange), tokenProof(context.clusterToken))) refuse(context, exchange, "cluster token");
  const proof = caProof(context.clusterToken, exchange.header("x-cattle-nonce") ?? "", context.vipCa);
  exchange.replyText(200, context.vipCa, { "x-cattle-hash": proof });
}

async function connect(context: VipContext, exchange: Exchange): Promise<void> {
  if (!same(bearer(exchange), Buffer.from(context.clusterToken).toString("base64"))) {
    refuse(context, exchange, "cluster token");
  }
  const header = (name: string): string => {
    const value = exchange.header(name);
    if (!value) throw new ApiError(400, "BadRequest", `The header ${name} is missing.`);
    return value;
  };
  const machineId = header("x-cattle-id");
  if (!/^[0-9a-f]{32}$/.test(machineId))
    throw new ApiError(400, "BadRequest", "X-Cattle-Id is not a machine id.");
  const machine = await registerMachine(context.kube, {
    machineObject: `custom-${createHash("sha256").update(machineId).digest("hex").slice(0, 12)}`,
    machineId,
    hostname: header("x-cattle-node-name"),
    address: header("x-cattle-address"),
    server: false,
  }).catch((error: Error) => {
    throw isConflict(error) ? new ApiError(409, "Conflict", error.message) : error;
  });
  const answer: ConnectAnswer = {
    machineName: machine.metadata.name,
    machineUid: machine.metadata.uid ?? "",
  };
  exchange.replyJson(200, answer);
}

/** What a node is to run, as the labels of its Machine say. Rancher's system agent asks for its plan again and again. */
async function plan(context: VipContext, exchange: Exchange): Promise<void> {
  if (!same(bearer(exchange), Buffer.from(context.clusterToken).toString("base64"))) {
    refuse(context, exchange, "cluster token");
  }
  const name = exchange.header("x-cattle-machine") ?? "";
  if (!/^custom-[0-9a-f]{12}$/.test(name))
    throw new ApiError(400, "BadRequest", "X-Cattle-Machine is not a Machine.");
  const machine = await context.kube.find(resourceOf("machine"), name, FLEET_LOCAL);
  if (!machine) throw new ApiError(404, "NotFound", `There is no Machine ${name}.`);
  const has = (role: string): boolean => machine.metadata.labels?.[`rke.cattle.io/${role}-role`] === "true";
  const answer: PlannedRoles = { etcd: has("etcd"), controlPlane: has("control-plane") };
  exchange.replyJson(200, answer);
}

async function kubeletCertificate(context: VipContext, exchange: Exchange): Promise<void> {
  checkBasic(context, exchange, "node");
  const hostname = exchange.header("rke2-node-name") ?? "";
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(hostname)) {
    throw new ApiError(400, "BadRequest", "The header rke2-Node-Name is not a host name.");
  }
  await checkNodePassword(context, hostname, exchange.header("rke2-node-password") ?? "");
  const request = await exchange.text();
  const cert = await signRequest(context.authorities.client, request, {
    commonName: `system:node:${hostname}`,
    organizations: ["system:nodes"],
    usages: ["client"],
  });
  exchange.replyText(200, cert);
}

/** A name belongs to the installation that used it first: a reinstalled machine cannot come back under it until the Node is removed. */
async function checkNodePassword(context: VipContext, hostname: string, password: string): Promise<void> {
  const digest = createHash("sha256").update(password).digest("base64");
  const data = { hash: Buffer.from(digest).toString("base64") };
  const metadata = { name: nodePasswordSecret(hostname), namespace: "kube-system" };
  const secret = await context.kube.ensure(SECRETS, { metadata, data });
  if (!same(secret.data.hash, data.hash)) {
    throw new ApiError(
      403,
      "Forbidden",
      `Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, ` +
        `try enabling a unique node name with the --with-node-id flag: ${hostname}`,
    );
  }
}

function checkBasic(context: VipContext, exchange: Exchange, user: string): void {
  const [scheme, value] = (exchange.header("authorization") ?? "").split(" ");
  const given = scheme === "Basic" ? Buffer.from(value ?? "", "base64").toString("utf8") : "";
  if (!same(given, `${user}:${context.clusterToken}`)) refuse(context, exchange, "cluster token");
}

function bearer(exchange: Exchange): string {
  return /^Bearer (.+)$/.exec(exchange.header("authorization") ?? "")?.[1] ?? "";
}

function refuse(context: VipContext, exchange: Exchange, what: string): never {
  context.ledger.append({
    machine: context.identity.machine,
    event: "join-refused",
    path: exchange.path,
    from: exchange.header("x-cattle-node-name"),
    why: `wrong ${what}`,
  });
  throw new ApiError(401, "Unauthorized", `The ${what} is wrong.`);
}

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
