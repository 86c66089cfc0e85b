/** Formats of names and identifiers, each by its standard. */

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** RFC 1123 label: lower-case letters, digits and `-`, at most 63. */
export function isDnsLabel(text: string): boolean {
  return LABEL.test(text);
}

/** RFC 1123 subdomain, as Kubernetes reads it: labels joined by dots, at most 253 characters. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => LABEL.test(label));
}

/** Value of a Kubernetes label. */
export function isLabelValue(text: string): boolean {
  return LABEL_VALUE.test(text);
}

/** Key of a Kubernetes label: an optional DNS prefix and a name. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  const name = text.slice(slash + 1);
  return name !== "" && isLabelValue(name) && (slash < 0 || isDnsSubdomain(text.slice(0, slash)));
}

/** The MAC address in lower case with colons; undefined when it is none. */
export function normaliseMac(text: string): string | undefined {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return text.toLowerCase().replace(/-/g, ":");
}

/** The SHA-256 fingerprint as 64 lower-case hex digits; undefined when it is none. */
export function normaliseFingerprint(text: string): string | undefined {
  const hex = text
    .replace(/^sha-?256[:=]/i, "")
    .replace(/:/g, "")
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

/** The URL, or undefined when it is none. */
export function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
