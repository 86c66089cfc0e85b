/**
 * Rancher's local users: their passwords as Rancher 2.12 keeps them (PBKDF2, in Secrets), and the rule for new ones.
 */
import { pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { SECRETS } from "./builtins";
import type { KubeClient } from "./kube";

const NAMESPACE = "cattle-local-user-passwords";
const ITERATIONS = 210_000;
const derive = promisify(pbkdf2);

/** Namespace of the password secrets. */
export const PASSWORD_NAMESPACE = NAMESPACE;

/** Why a new password is refused, or undefined. Rancher checks nothing else (pkg/api/norman/customization/user). */
export function passwordProblem(
  username: string,
  current: string,
  fresh: string,
  minLength: number,
): string | undefined {
  if ([...fresh].length < minLength) return `Password must be at least ${minLength} characters`;
  if (fresh === username) return "Password cannot be the same as username";
  if (fresh === current) return "The new password must not be the same as the current password";
  return undefined;
}

/** The secret that keeps a password. */
export async function passwordSecret(userId: string, password: string) {
  const salt = randomBytes(32);
  const hash = await derive(password, salt, ITERATIONS, 32, "sha3-512");
  return {
    metadata: {
      name: userId,
      namespace: NAMESPACE,
      annotations: { "cattle.io/password-hash": "pbkdf2sha3512" },
    },
    type: "Opaque",
    data: { password: hash.toString("base64"), salt: salt.toString("base64") },
  };
}

/** True when the password is the user's. */
export async function passwordMatches(kube: KubeClient, userId: string, password: string): Promise<boolean> {
  const secret = await kube.find(SECRETS, userId, NAMESPACE);
  if (!secret?.data) return false;
  const known = Buffer.from(secret.data.password, "base64");
  const salt = Buffer.from(secret.data.salt, "base64");
  return timingSafeEqual(known, await derive(password, salt, ITERATIONS, known.length, "sha3-512"));
}

/** Replaces a user's password. */
export async function setPassword(kube: KubeClient, userId: string, password: string): Promise<void> {
  const { data } = await passwordSecret(userId, password);
  await kube.merge(SECRETS, userId, { data }, { namespace: NAMESPACE });
}
