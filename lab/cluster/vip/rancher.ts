/**
 * The part of Rancher's API that a first login uses: local provider, users, tokens, kubeconfig.
 */
import { resourceOf } from "../kinds";
import type { KubeObject } from "../kube";
import { passwordMatches, passwordProblem, setPassword } from "../passwords";
import type { VipContext } from "./context";
import { ApiError, type Exchange, type Route } from "./exchange";
import { authenticate, createToken, deleteToken } from "./tokens";

const USERS = resourceOf("user");
const SETTINGS = resourceOf("rancherSetting");
const SESSION_MS = 16 * 3600 * 1000;

/** Routes of Rancher's API. */
export function rancherRoutes(context: VipContext): Route[] {
  return [
    {
      method: "POST",
      path: /^\/v3-public\/localProviders\/local$/i,
      action: "login",
      handle: (exchange) => login(context, exchange),
    },
    {
      method: "POST",
      path: /^\/v3\/users$/,
      action: "changepassword",
      handle: (e) => changePassword(context, e),
    },
    { method: "GET", path: /^\/v3\/users$/, handle: (exchange) => listUsers(context, exchange) },
    {
      method: "POST",
      path: /^\/v3\/tokens$/,
      action: "logout",
      handle: (exchange) => logout(context, exchange),
    },
    {
      method: "POST",
      path: /^\/(v1\/management\.cattle\.io\.clusters|v3\/clusters)\/local$/,
      action: "generateKubeconfig",
      handle: (exchange) => generateKubeconfig(context, exchange),
    },
    {
      method: "GET",
      path: /^\/(v3\/settings|v1\/management\.cattle\.io\.settings)\/[a-z-]+$/,
      handle: (e) => setting(context, e),
    },
  ];
}

async function login({ kube }: VipContext, exchange: Exchange): Promise<void> {
  const body = await exchange.json();
  const [username, password] = [String(body.username ?? ""), String(body.password ?? "")];
  const user = (await kube.list(USERS)).find((u) => u.username === username && u.enabled !== false);
  if (!user || !(await passwordMatches(kube, user.metadata.name, password))) {
    throw new ApiError(401, "Unauthorized", "authentication failed");
  }
  const ttl = Number(body.ttl ?? 0);
  const made = await createToken(kube, {
    prefix: "token-",
    userId: user.metadata.name,
    description: String(body.description ?? ""),
    ttlMs: ttl > 0 ? ttl : SESSION_MS,
  });
  if (body.responseType === "cookie") {
    exchange.replyJson(200, {}, { "set-cookie": `R_SESS=${made.bearer}; Path=/; HttpOnly; Secure` });
    return;
  }
  exchange.replyJson(201, {
    type: "token",
    baseType: "token",
    id: made.name,
    name: made.name,
    token: made.bearer,
    userId: user.metadata.name,
    authProvider: "local",
    created: made.created,
    expiresAt: made.expiresAt,
    ttl: ttl > 0 ? ttl : SESSION_MS,
  });
}

async function changePassword(context: VipContext, exchange: Exchange): Promise<void> {
  const { kube } = context;
  const caller = await authenticate(kube, exchange);
  const body = await exchange.json();
  const [current, fresh] = [String(body.currentPassword ?? ""), String(body.newPassword ?? "")];
  if (!current) throw new ApiError(422, "InvalidBodyContent", "must specify current password");
  if (!fresh) throw new ApiError(422, "InvalidBodyContent", "invalid new password");
  const user = await kube.get(USERS, caller.userId);
  const problem = passwordProblem(user.username, current, fresh, await minLength(context));
  if (problem) throw new ApiError(422, "InvalidBodyContent", problem);
  if (!(await passwordMatches(kube, caller.userId, current))) {
    throw new ApiError(422, "InvalidBodyContent", "invalid current password");
  }
  await setPassword(kube, caller.userId, fresh);
  context.ledger.append({
    machine: context.identity.machine,
    event: "password-changed",
    user: user.username,
  });
  await kube.merge(USERS, caller.userId, { mustChangePassword: false });
  await kube.merge(SETTINGS, "first-login", { value: "false" });
  exchange.replyText(200, "");
}

async function minLength({ kube }: VipContext): Promise<number> {
  const setting = await kube.find(SETTINGS, "password-min-length");
  return Number(setting?.value || setting?.default || 12);
}

async function listUsers({ kube }: VipContext, exchange: Exchange): Promise<void> {
  const caller = await authenticate(kube, exchange);
  const users = await kube.list(USERS);
  const me = exchange.url.searchParams.get("me") === "true";
  const shown = users.filter((user) => !me || user.metadata.name === caller.userId);
  exchange.replyJson(200, {
    type: "collection",
    resourceType: "user",
    data: shown.map((user) => ({
      type: "user",
      baseType: "user",
      id: user.metadata.name,
      name: user.displayName,
      username: user.username,
      enabled: user.enabled,
      mustChangePassword: user.mustChangePassword ?? false,
      me: user.metadata.name === caller.userId,
    })),
  });
}

async function logout({ kube }: VipContext, exchange: Exchange): Promise<void> {
  const caller = await authenticate(kube, exchange);
  await deleteToken(kube, caller.tokenName);
  exchange.replyText(200, "");
}

async function generateKubeconfig(context: VipContext, exchange: Exchange): Promise<void> {
  const caller = await authenticate(context.kube, exchange);
  const setting = await context.kube.find(resourceOf("setting"), "kubeconfig-default-token-ttl-minutes");
  const minutes = Number(setting?.value || setting?.default || 0);
  const token = await createToken(context.kube, {
    prefix: `kubeconfig-${caller.userId}`,
    userId: caller.userId,
    description: "Kubeconfig token",
    ttlMs: minutes * 60_000,
  });
  const serverUrl = (await context.kube.get(SETTINGS, "server-url")).value as string;
  exchange.replyJson(200, {
    type: "generateKubeconfigOutput",
    baseType: "generateKubeconfigOutput",
    config: kubeconfig(`${serverUrl}/k8s/clusters/local`, context.vipCa, token.bearer),
  });
}

async function setting({ kube }: VipContext, exchange: Exchange): Promise<void> {
  await authenticate(kube, exchange);
  const name = exchange.path.split("/").at(-1) ?? "";
  const found: KubeObject | undefined = await kube.find(SETTINGS, name);
  if (!found) throw new ApiError(404, "NotFound", `There is no setting ${name}.`);
  exchange.replyJson(200, {
    id: name,
    type: "setting",
    value: found.value || found.default || "",
    default: found.default,
  });
}

function kubeconfig(server: string, ca: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters:
- name: "local"
  cluster:
    server: "${server}"
    certificate-authority-data: "${Buffer.from(ca).toString("base64")}"

users:
- name: "local"
  user:
    token: "${token}"

contexts:
- name: "local"
  context:
    user: "local"
    cluster: "local"

current-context: "local"
`;
}
