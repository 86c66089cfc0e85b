import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { writeFileAtomic } from "./files";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** A certificate and its key, as files. */
export interface CertificateFiles {
  certificate: string;
  key: string;
}

/** The authority that signs the certificates of the site's BMCs; its certificate is `<siteDir>/ca.pem`. */
export class SiteAuthority {
  private constructor(
    private readonly certificate: x509.X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  /** Loads the authority of a lab folder, or makes it. */
  static async open(siteDir: string): Promise<SiteAuthority> {
    const files = { certificate: join(siteDir, "ca.pem"), key: join(siteDir, "ca-key.pem") };
    if (existsSync(files.certificate) && existsSync(files.key)) {
      const der = createPrivateKey(readFileSync(files.key)).export({ type: "pkcs8", format: "der" });
      const key = await webcrypto.subtle.importKey("pkcs8", der, EC, true, ["sign"]);
      return new SiteAuthority(new x509.X509Certificate(readFileSync(files.certificate, "utf8")), key);
    }
    const keys = (await webcrypto.subtle.generateKey(EC, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: "CN=Harvester lab BMC CA",
      ...validity(),
      signingAlgorithm: EC,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    // The key first: a crash in between leaves no certificate without its key, and both are made anew.
    writeFileAtomic(files.key, await keyPem(keys.privateKey), 0o600);
    writeFileAtomic(files.certificate, `${certificate.toString("pem")}\n`);
    return new SiteAuthority(certificate, keys.privateKey);
  }

  /** Makes a server certificate for an address, unless the files are there and this authority signed them. */
  async serverCertificate(name: string, address: string, files: CertificateFiles): Promise<void> {
    if (existsSync(files.certificate) && existsSync(files.key)) {
      const present = new x509.X509Certificate(readFileSync(files.certificate, "utf8"));
      if (await present.verify({ publicKey: this.certificate.publicKey })) return;
    }
    const keys = (await webcrypto.subtle.generateKey(EC, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: `CN=${name}`,
      issuer: this.certificate.subject,
      ...validity(),
      signingAlgorithm: EC,
      publicKey: keys.publicKey,
      signingKey: this.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: "ip", value: address }]),
        await x509.AuthorityKeyIdentifierExtension.create(this.certificate.publicKey),
      ],
    });
    writeFileAtomic(files.key, await keyPem(keys.privateKey), 0o600);
    writeFileAtomic(files.certificate, `${certificate.toString("pem")}\n`);
  }
}

/** Makes a certificate for an address that nobody but its own key has signed, unless the files are there. */
export async function selfSigned(address: string, files: CertificateFiles): Promise<void> {
  if (existsSync(files.certificate) && existsSync(files.key)) return;
  const keys = (await webcrypto.subtle.generateKey(EC, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: "CN=localhost",
    ...validity(),
    signingAlgorithm: EC,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "ip", value: address }])],
  });
  writeFileAtomic(files.key, await keyPem(keys.privateKey), 0o600);
  writeFileAtomic(
    files.certificate,
    `${certificate.toString("pem")}
`,
  );
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 24 * 3600 * 1000), notAfter: new Date(now + 10 * YEAR_MS) };
}

function serialNumber(): string {
  // The first bit must be 0 (the number is positive) and the number must not be 0.
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}
