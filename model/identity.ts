import { createHash, createHmac, createPrivateKey, createPublicKey } from "node:crypto";
import { canonicalSerial, canonicalUuid } from "./hardware";

/**
 * Everything secret about a cluster follows from one seed, so that it is the same again after any crash and nothing but the seed
 * has to be kept.
 */

/** 32 bytes in hex; for an adopted cluster also the incarnation and its join token, which may hold anything printable. */
const SEED = /^([0-9a-f]{64})(?::([0-9a-f]{12}):([\s\S]+))?$/;

/** A host's SSH key pair in the forms that OpenSSH reads. */
export interface SshHostKey {
  /** For `/etc/ssh/ssh_host_ed25519_key`, mode 0600. */
  privateKey: string;
  /** `ssh-ed25519 AAAA...`, without a comment. */
  publicKey: string;
  /** `SHA256:...`, as ssh shows it. */
  fingerprint: string;
}

/** Id of one life of a cluster: 12 hex digits, another one for each generation. Not a secret. */
export function incarnationId(seed: string, generation: number): string {
  return derive(seed, "incarnation", String(generation)).toString("hex").slice(0, 12);
}

/**
 * Id of the life of a cluster that nobody planned: it follows from the UID of the cluster's kube-system namespace, which no other
 * cluster has, so that whoever adopts it finds the same.
 */
export function adoptedIncarnationId(clusterUid: string): string {
  const text = JSON.stringify(["adopted", clusterUid]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** A seed for a cluster that was adopted: it also holds the join token that the cluster already has, for that incarnation alone. */
export function seedWithToken(seed: string, incarnation: string, token: string): string {
  return `${seed}:${incarnation}:${token}`;
}

/** The join token of an incarnation: the one it was adopted with, else 256 bits, only letters, digits, `-` and `_`. */
export function joinToken(seed: string, incarnation: string): string {
  const own = SEED.exec(seed);
  if (own?.[2] === incarnation && own[3] !== undefined) return own[3];
  return derive(seed, "join-token", incarnation).toString("base64url");
}

/** The secret part of the URL that one intent boots from: 256 bits, only letters, digits, `-` and `_`. */
export function bootToken(seed: string, intent: string): string {
  return derive(seed, "boot-token", intent).toString("base64url");
}

/** The SSH host key of a machine, the same in whichever byte order its UUID is written and for every reinstallation. */
export function sshHostKey(seed: string, hardware: { uuid: string; serial: string }): SshHostKey {
  const uuid = canonicalUuid(hardware.uuid);
  if (uuid === undefined) throw new Error(`"${hardware.uuid}" is not a UUID, so the machine has no identity`);
  return ed25519KeyOf(derive(seed, "ssh-host-key", uuid, canonicalSerial(hardware.serial)));
}

/** 32 bytes for one purpose. Parts are joined unambiguously, so no two purposes share a value. */
function derive(seed: string, ...label: string[]): Buffer {
  const bytes = SEED.exec(seed)?.[1];
  if (bytes === undefined) throw new Error("the cluster's seed must be 32 bytes in lower-case hex");
  return createHmac("sha256", Buffer.from(bytes, "hex")).update(JSON.stringify(label)).digest();
}

/** DER of an Ed25519 private key in PKCS #8 up to the 32 bytes of the key [RFC 8410 section 7]. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519KeyOf(secret: Buffer): SshHostKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: "der", type: "pkcs8" });
  // An Ed25519 SubjectPublicKeyInfo ends with the 32 bytes of the public key [RFC 8410 section 4].
  const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const publicBlob = Buffer.concat([sshString("ssh-ed25519"), sshString(point)]);
  return {
    privateKey: openSshPrivateKey(publicBlob, secret, point),
    publicKey: `ssh-ed25519 ${publicBlob.toString("base64")}`,
    fingerprint: fingerprintOf(publicBlob),
  };
}

/** OpenSSH's own format of private keys, unencrypted [openssh PROTOCOL.key]; sshd reads no other for Ed25519. */
function openSshPrivateKey(publicBlob: Buffer, secret: Buffer, point: Buffer): string {
  // The two equal check numbers only tell whether a decryption worked; they need not be random without one.
  const check = publicBlob.subarray(-4);
  const inner = Buffer.concat([
    check,
    check,
    sshString("ssh-ed25519"),
    sshString(point),
    sshString(Buffer.concat([secret, point])),
    sshString(""),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1));
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    uint32(1),
    sshString(publicBlob),
    sshString(Buffer.concat([inner, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g)!;
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}

function fingerprintOf(publicBlob: Buffer): string {
  return `SHA256:${createHash("sha256").update(publicBlob).digest("base64").replace(/=+$/, "")}`;
}

function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
