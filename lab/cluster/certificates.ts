/**
 * X.509 for the clusters of the lab: certificate authorities, the certificates they sign, and keys. Everything is PEM.
 */
import "reflect-metadata";
import { generateKeyPairSync, randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** A certificate (or chain) and its private key. */
export interface CertificateAndKey {
  cert: string;
  key: string;
}

/** Who a certificate is for and what it may be used for. */
export interface CertificateRequest {
  commonName: string;
  /** Kubernetes reads groups from the organisations of a client certificate. */
  organizations?: string[];
  /** DNS names and IP addresses. */
  names?: string[];
  usages: ("server" | "client")[];
}

/** Makes a new certificate authority that signs itself, valid for ten years. */
export async function createAuthority(commonName: string): Promise<CertificateAndKey> {
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + 10 * YEAR_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: cert.toString("pem") + "\n", key: await exportKey(keys.privateKey) };
}

/** Makes a key and a certificate for it, signed by the authority, valid for one year. */
export async function issueCertificate(
  authority: CertificateAndKey,
  request: CertificateRequest,
): Promise<CertificateAndKey> {
  const keys = await generateKeys();
  return { cert: await sign(authority, request, keys.publicKey), key: await exportKey(keys.privateKey) };
}

/** Makes a key and a signing request, for a certificate whose key must not leave the machine. */
export async function createSigningRequest(commonName: string): Promise<{ request: string; key: string }> {
  const keys = await generateKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return { request: request.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** Signs the key of a signing request. The subject is the signer's choice: what the requester wrote in it is ignored. */
export async function signRequest(
  authority: CertificateAndKey,
  signingRequest: string,
  subject: CertificateRequest,
): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(signingRequest);
  if (!(await request.verify()))
    throw new Error("The certificate signing request is not signed by its own key.");
  return sign(authority, subject, await request.publicKey.export());
}

/** A private key for signing service account tokens. kube-apiserver reads its public half only from the older SEC1 form. */
export function createSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}

async function sign(
  authority: CertificateAndKey,
  request: CertificateRequest,
  publicKey: Awaited<ReturnType<typeof generateKeys>>["publicKey"],
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert);
  const names = (request.names ?? []).map((name) => ({
    type: isIP(name) ? ("ip" as const) : ("dns" as const),
    value: name,
  }));
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [...(request.organizations ?? []).map((o) => ({ O: [o] })), { CN: [request.commonName] }],
    issuer: issuer.subject,
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + YEAR_MS),
    publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension(
        request.usages.map((u) =>
          u === "server" ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
        ),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return cert.toString("pem") + "\n";
}

function generateKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

function importKey(pem: string) {
  return webcrypto.subtle.importKey("pkcs8", x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ["sign"]);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY") + "\n";
}

function serialNumber(): string {
  return "01" + randomBytes(15).toString("hex");
}
