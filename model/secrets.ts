/** Which values of a description are secrets, and where secrets stand in places that are not kept secret (P9). */
import { propertyPath } from "./problem";

/** Properties whose value is a secret, wherever they stand. */
const SECRET_PROPERTIES: readonly string[] = ["adminPassword", "password", "sshPrivateKey"];

/**
 * Harvester settings that carry keys, passwords or tokens.
 * Source: docs advanced/settings (backup-target: S3 keys; cluster-registration-url: a token; containerd-registry: logins;
 * http-proxy: a login; ssl-certificates: the private key).
 */
const SECRET_SETTINGS: readonly string[] = [
  "backup-target",
  "cluster-registration-url",
  "containerd-registry",
  "http-proxy",
  "ssl-certificates",
];

/** Maps of which every value is a secret: proxies in the environment of the operating system have logins. */
const SECRET_MAPS: readonly string[] = ["environment"];

/** A secret in a place that is kept in clear: in the state, in diffs and in logs. */
export interface Leak {
  property: string;
  /** What stands there: the value of which other property, or a login. Never the value itself. */
  what: string;
}

/** Passwords shorter than this turn up in other words by chance. */
const SHORTEST_TELLING = 8;

/** Whether the value at a path (`["access", "adminPassword"]`) is a secret and to be marked as one. */
export function isSecretPath(path: readonly string[]): boolean {
  const [parent, last] = [path.at(-2) ?? "", path.at(-1) ?? ""];
  return (
    SECRET_PROPERTIES.includes(last) ||
    SECRET_MAPS.includes(parent) ||
    (parent === "systemSettings" && SECRET_SETTINGS.includes(last))
  );
}

/** Secrets that stand where nobody keeps a secret: a password repeated in a label, a login inside a URL. */
export function leaksOf(description: unknown): Leak[] {
  const texts = [...textsOf(description)];
  const secrets = texts.filter(({ path, text }) => isSecretPath(path) && text.length >= SHORTEST_TELLING);
  return texts.flatMap(({ path, property, text }): Leak[] => {
    if (isSecretPath(path)) return [];
    const repeated = secrets.find((secret) => text.includes(secret.text));
    if (repeated !== undefined) return [{ property, what: `the value of ${repeated.property}` }];
    return hasLogin(text) ? [{ property, what: "a login" }] : [];
  });
}

/**
 * Secrets that a stack file holds in clear. `cluster` is the value as it stands in the file, where a secret is `{secure: ...}` or a
 * reference such as `{secretFromEnv: NAME}`: once a program reads its configuration, they cannot be told from clear text any more.
 */
export function clearTextSecrets(cluster: unknown): string[] {
  return [...textsOf(cluster)]
    .filter(({ path, text }) => (isPassword(path) ? text !== "" : isSecretPath(path) && hasLogin(text)))
    .map(({ property }) => property);
}

/** Whether the value is a password or key as a whole; settings and variables may merely contain one. */
function isPassword(path: readonly string[]): boolean {
  return SECRET_PROPERTIES.includes(path.at(-1) ?? "");
}

/** A login in a text: inside a URL, in a field of JSON that is named for it, or a private key. */
function hasLogin(text: string): boolean {
  return (
    /:\/\/[^\s/"@]*:[^\s/"@]+@/.test(text) ||
    /"(secretAccessKey|password|auth|identityToken|privateKey)"\s*:\s*"[^"]/i.test(text) ||
    text.includes("PRIVATE KEY-----")
  );
}

/** Every text of a value with its path. What stands below a reference (`adminPassword.secretFromEnv`) has a path of its own. */
function* textsOf(
  value: unknown,
  path: readonly string[] = [],
  property = "",
): Iterable<{ path: readonly string[]; property: string; text: string }> {
  if (typeof value === "string") {
    yield { path, property, text: value };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsOf(item, path, propertyPath(property, index));
  } else if (value !== null && typeof value === "object") {
    for (const [key, item] of Object.entries(value)) {
      yield* textsOf(item, [...path, key], propertyPath(property, key));
    }
  }
}
