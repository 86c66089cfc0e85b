import type { TlsDescription } from "../../description";
import { normaliseFingerprint, parseUrl } from "../../formats";
import { at, type Facts, type Rule } from "../rule";
import type { Known } from "../shape";

/** How to find out a fingerprint, for messages. */
const HOW = "openssl s_client -connect HOST:443 </dev/null | openssl x509 -noout -fingerprint -sha256";

/** The rules over how certificates are checked, and that BMC passwords travel encrypted. */
export const tlsRules: readonly Rule[] = [
  {
    id: "tls-one-of",
    about: "At most one of ca, fingerprint and insecure says how a certificate is checked.",
    *judge(facts) {
      for (const { path, tls } of tlsOf(facts)) {
        const given = [
          facts.given(`${path}.ca`) ? ["ca"] : [],
          facts.given(`${path}.fingerprint`) ? ["fingerprint"] : [],
          tls.insecure === true ? ["insecure"] : [],
        ].flat();
        if (given.length > 1)
          yield at(path, `gives ${given.join(" and ")}: keep one, so that it is clear what holds.`);
      }
    },
  },
  {
    id: "tls-ca",
    about: "A CA is one or more certificates in PEM, and no private key.",
    *judge(facts) {
      for (const { path, tls } of tlsOf(facts)) {
        if (tls.ca === undefined) continue;
        if (tls.ca.includes("PRIVATE KEY-----")) {
          yield at(
            `${path}.ca`,
            "contains a private key: give the certificate alone, and consider the key as known to others.",
          );
        } else if (!/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.test(tls.ca)) {
          yield at(`${path}.ca`, "is no certificate in PEM: it starts with -----BEGIN CERTIFICATE-----.");
        }
      }
    },
  },
  {
    id: "fingerprint",
    about: "Fingerprints are SHA-256 in hex.",
    *judge(facts) {
      const places = [
        ...tlsOf(facts).map(({ path, tls }) => ({ property: `${path}.fingerprint`, value: tls.fingerprint })),
        { property: "access.caFingerprint", value: facts.cluster.access?.caFingerprint },
      ];
      for (const { property, value } of places) {
        if (value !== undefined && normaliseFingerprint(value) === undefined) {
          yield at(
            property,
            `is no SHA-256 fingerprint (64 hex digits, colons allowed). Find it out by: ${HOW}`,
          );
        }
      }
    },
  },
  {
    id: "tls-without-https",
    about: "Only an https endpoint has a certificate to check.",
    *judge({ nodes, given }) {
      for (const { path, node } of nodes) {
        if (parseUrl(node.bmc?.endpoint ?? "")?.protocol === "http:" && given(`${path}.bmc.tls`)) {
          yield at(
            `${path}.bmc.tls`,
            "has no effect, because the endpoint is http://. Use https:// or remove it.",
          );
        }
      }
    },
  },
  {
    id: "bmc-clear-text",
    about: "BMC passwords travel encrypted.",
    severity: "warning",
    *judge({ nodes }) {
      for (const { path, node } of nodes) {
        if (parseUrl(node.bmc?.endpoint ?? "")?.protocol === "http:") {
          yield at(
            `${path}.bmc.endpoint`,
            "is http://, so the BMC's password crosses the network in clear. Use https://.",
          );
        }
      }
    },
  },
];

function tlsOf({ nodes }: Facts): { path: string; tls: Known<TlsDescription> }[] {
  return nodes.flatMap(({ path, node }) =>
    node.bmc?.tls === undefined ? [] : [{ path: `${path}.bmc.tls`, tls: node.bmc.tls }],
  );
}
