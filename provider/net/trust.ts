/** Whether a server is the one we mean: by certificate authorities, by a pinned fingerprint, or not at all. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { checkServerIdentity, rootCertificates, type TLSSocket } from "node:tls";

/** How one endpoint's certificate is checked. At most one of the first three; none means the system's authorities. */
export interface Trust {
  /** PEM of the authority that signed the certificate. */
  ca?: string;
  /**
   * SHA-256 fingerprint of the certificate, or of the authority that signed it. The host name is then not compared:
   * the certificate is the identity, whatever address or forwarded port leads to it.
   */
  fingerprint?: string;
  /** Accept any certificate. */
  insecure?: boolean;
  /** Further certificates (PEM) among which the authority that `fingerprint` names may be found. They are not trusted by themselves. */
  candidates?: string;
}

/** A certificate as a person can compare it. */
export interface SeenCertificate {
  /** SHA-256, lower-case hex without colons. */
  fingerprint: string;
  subject: string;
  issuer: string;
  pem: string;
}

/** Thrown where a certificate is not trusted. */
export class UntrustedCertificate extends Error {
  constructor(
    readonly reason: string,
    readonly seen: SeenCertificate | undefined,
  ) {
    super(reason);
    this.name = "UntrustedCertificate";
  }
}

/** A fingerprint in the form that fingerprints are compared in: lower-case hex without separators. */
export function normaliseFingerprint(fingerprint: string): string {
  return fingerprint.replace(/[\s:]/g, "").toLowerCase();
}

/** The certificates in a PEM text. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Fingerprint of a certificate. */
export function fingerprintOf(certificate: X509Certificate): string {
  return normaliseFingerprint(certificate.fingerprint256);
}

/** The authorities to hand to the TLS layer. */
export function authoritiesFor(trust: Trust): string[] {
  return trust.ca !== undefined ? [trust.ca] : systemAuthorities();
}

/** Judges the server at the other end of a socket whose handshake is done. Throws `UntrustedCertificate`. */
export function judge(socket: TLSSocket, host: string, trust: Trust): void {
  const chain = chainOf(socket);
  const seen = chain[0] && describe(chain[0]);
  if (trust.insecure) return;
  if (trust.fingerprint !== undefined) {
    if (isPinned(chain, trust.fingerprint, trust.candidates)) return;
    throw new UntrustedCertificate(
      `the certificate (SHA-256 ${seen?.fingerprint ?? "none"}) is neither the pinned one nor signed by it (${normaliseFingerprint(trust.fingerprint)})`,
      seen,
    );
  }
  if (!socket.authorized) throw new UntrustedCertificate(authorizationFailure(socket), seen);
  const mismatch = checkServerIdentity(host, socket.getPeerCertificate());
  if (mismatch) throw new UntrustedCertificate(mismatch.message, seen);
}

/** The certificates a server sent, its own first. */
export function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let detailed = socket.getPeerCertificate(true);
  while (detailed?.raw) {
    const certificate = new X509Certificate(detailed.raw);
    if (chain.some((c) => c.fingerprint256 === certificate.fingerprint256)) break;
    chain.push(certificate);
    detailed = detailed.issuerCertificate;
  }
  return chain;
}

/** What a certificate says of itself. */
export function describe(certificate: X509Certificate): SeenCertificate {
  return {
    fingerprint: fingerprintOf(certificate),
    subject: certificate.subject?.replace(/\n/g, ", ") ?? "",
    issuer: certificate.issuer?.replace(/\n/g, ", ") ?? "",
    pem: certificate.toString(),
  };
}

/** Whether the chain's first certificate is the pinned one, or leads to it by signatures. */
function isPinned(chain: X509Certificate[], fingerprint: string, candidates = ""): boolean {
  const pinned = normaliseFingerprint(fingerprint);
  let [certificate] = chain;
  const others = [...chain.slice(1), ...certificatesIn(candidates)];
  for (let depth = 0; certificate !== undefined && depth < 8; depth++) {
    if (fingerprintOf(certificate) === pinned) return true;
    const current: X509Certificate = certificate;
    certificate = others.find(
      (issuer) =>
        issuer.ca &&
        issuer.fingerprint256 !== current.fingerprint256 &&
        current.checkIssued(issuer) &&
        current.verify(issuer.publicKey),
    );
  }
  return false;
}

function authorizationFailure(socket: TLSSocket): string {
  const reason: unknown = socket.authorizationError;
  const code = reason instanceof Error ? reason.message : String(reason);
  switch (code) {
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return "the certificate is self-signed";
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return "the certificate is signed by an authority that is not trusted";
    case "CERT_HAS_EXPIRED":
      return "the certificate has expired";
    default:
      return `the certificate is not valid (${code})`;
  }
}

// Node.js ships Mozilla's list and does not look at the machine's own, where sites install their authorities.
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];
let authorities: string[] | undefined;

function systemAuthorities(): string[] {
  if (authorities) return authorities;
  for (const file of [process.env.SSL_CERT_FILE, ...SYSTEM_BUNDLES]) {
    if (!file) continue;
    try {
      authorities = [...rootCertificates, readFileSync(file, "utf8")];
      return authorities;
    } catch {
      // The next one may exist.
    }
  }
  authorities = [...rootCertificates];
  return authorities;
}
