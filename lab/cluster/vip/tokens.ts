/**
 * Rancher's API tokens: kept in the cluster as hashes, presented as `name:secret`.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { objectOf, resourceOf } from "../kinds";
import type { KubeClient } from "../kube";
import { ApiError, type Exchange } from "./exchange";

const TOKENS = resourceOf("token");
const HASHED = "authn.management.cattle.io/token-hashed";

/** Who asks. */
export interface Caller {
  userId: string;
  tokenName: string;
}

/** What a new token is for. */
export interface TokenRequest {
  /** First part of its name: `token-` or `kubeconfig-user-`. */
  prefix: string;
  userId: string;
  description: string;
  /** 0: it does not expire. */
  ttlMs: number;
}

/** Makes a token; the only time its secret is known in clear. */
export async function createToken(
  kube: KubeClient,
  request: TokenRequest,
): Promise<{ name: string; bearer: string; expiresAt: string; created: string }> {
  const name = request.prefix + randomName(5);
  const secret = randomName(54);
  const expiresAt = request.ttlMs > 0 ? new Date(Date.now() + request.ttlMs).toISOString() : "";
  const token = await kube.create(
    TOKENS,
    objectOf("token", {
      metadata: {
        name,
        labels: { "authn.management.cattle.io/token-userId": request.userId },
        annotations: { [HASHED]: "true" },
      },
      authProvider: "local",
      description: request.description,
      expiresAt,
      isDerived: request.prefix !== "token-",
      token: hash(secret),
      ttl: request.ttlMs,
      userId: request.userId,
    }),
  );
  return { name, bearer: `${name}:${secret}`, expiresAt, created: token.metadata.creationTimestamp ?? "" };
}

/** The caller of a request, by bearer token, basic authentication or session cookie. Refuses with 401. */
export async function authenticate(kube: KubeClient, exchange: Exchange): Promise<Caller> {
  const [name, secret] = presented(exchange);
  const token = name ? await kube.find(TOKENS, name) : undefined;
  const known = Buffer.from((token?.token as string | undefined) ?? "");
  const given = Buffer.from(hash(secret ?? ""));
  const expired = token?.expiresAt && Date.parse(token.expiresAt) < Date.now();
  if (!token || expired || known.length !== given.length || !timingSafeEqual(known, given)) {
    throw new ApiError(401, "Unauthorized", "must authenticate");
  }
  return { userId: token.userId, tokenName: token.metadata.name };
}

/** Ends a token. */
export async function deleteToken(kube: KubeClient, name: string): Promise<void> {
  await kube.delete(TOKENS, name);
}

function presented(exchange: Exchange): [string?, string?] {
  const [scheme, value] = (exchange.header("authorization") ?? "").split(" ");
  const cookie = /(?:^|;\s*)R_SESS=([^;]+)/.exec(exchange.header("cookie") ?? "")?.[1];
  let text = cookie ?? "";
  if (scheme?.toLowerCase() === "bearer") text = value ?? "";
  if (scheme?.toLowerCase() === "basic") text = Buffer.from(value ?? "", "base64").toString("utf8");
  const colon = text.indexOf(":");
  // Object names only: what is presented becomes part of a path.
  const name = text.slice(0, Math.max(colon, 0));
  return /^[a-z0-9-]{1,63}$/.test(name) ? [name, text.slice(colon + 1)] : [];
}

function hash(secret: string): string {
  return createHash("sha256").update(secret).digest("base64");
}

function randomName(length: number): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join("");
}
