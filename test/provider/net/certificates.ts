/** Certificates for test servers. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as never);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate and its key. */
export interface Issued {
  cert: string;
  key: string;
  /** SHA-256, lower-case hex. */
  fingerprint: string;
}

/** An authority that signs certificates for 127.0.0.0/8. */
export class Authority {
  private constructor(
    readonly pem: string,
    readonly fingerprint: string,
    private readonly certificate: x509.X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  static async create(name = "test authority"): Promise<Authority> {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      extensions: [
        new x509.BasicConstraintsExtension(true, 2, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    return new Authority(certificate.toString("pem"), await fingerprint(certificate), certificate, keys);
  }

  async issue(addresses: string[] = ["127.0.0.1"], validDays = 1): Promise<Issued> {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${addresses[0]}`,
      issuer: this.certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(Date.now() - 2 * 86_400_000),
      notAfter: new Date(Date.now() + validDays * 86_400_000),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          addresses.map((value) => ({
            type: /^[\d.]+$/.test(value) ? ("ip" as const) : ("dns" as const),
            value,
          })),
        ),
      ],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return {
      cert: certificate.toString("pem"),
      key: `-----BEGIN PRIVATE KEY-----\n${key.replace(/(.{64})/g, "$1\n")}\n-----END PRIVATE KEY-----\n`,
      fingerprint: await fingerprint(certificate),
    };
  }
}

async function fingerprint(certificate: x509.X509Certificate): Promise<string> {
  return Buffer.from(await certificate.getThumbprint("SHA-256")).toString("hex");
}
