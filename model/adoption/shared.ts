/** What a description says once for all nodes: network and operating system, as one node was installed with them. */
import type { AdoptionFinding, FoundNode, HostFacts } from "./facts";

/** Network and operating system in the words of a description. */
export function sharedOf(
  { installed }: HostFacts,
  subnet: string | undefined,
): { managementNetwork: object; os: object } {
  const { method, gateway, vlanId, mtu, bondOptions, dnsNameservers } = installed.network;
  const { sshAuthorizedKeys, ntpServers, modules, sysctls } = installed;
  const filled = (values: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(values).filter(
        ([, value]) =>
          value !== undefined && (typeof value !== "object" || Object.keys(value as object).length > 0),
      ),
    );
  return {
    managementNetwork: filled({
      method: method === "dhcp" ? method : undefined,
      subnet,
      gateway,
      vlanId,
      mtu,
      bondOptions,
      dnsNameservers,
    }),
    os: filled({ sshAuthorizedKeys, ntpServers, modules, sysctls }),
  };
}

/** Nodes that were installed with something else than the one whose values are taken. It matters for installations to come only. */
export function differing(nodes: readonly FoundNode[], lead: FoundNode | undefined): AdoptionFinding[] {
  if (lead?.host === undefined) return [];
  const findings: AdoptionFinding[] = [];
  const wanted = sharedOf(lead.host, undefined);
  for (const { name, host } of nodes) {
    if (host === undefined) continue;
    const own = sharedOf(host, undefined);
    for (const part of ["managementNetwork", "os"] as const) {
      const keys = new Set([...Object.keys(wanted[part]), ...Object.keys(own[part])]);
      const other = [...keys].filter((key) => textOf(wanted[part], key) !== textOf(own[part], key));
      if (other.length === 0) continue;
      findings.push({
        subject: name,
        check: part,
        result: "warn",
        detail: `it was installed with another ${other.join(", ")} than ${lead.name}; the description takes that of ${lead.name}`,
      });
    }
    if (host.installed.hasEnvironment) {
      findings.push({
        subject: name,
        check: "os.environment",
        result: "warn",
        detail:
          "it was installed with environment variables, which may hold logins: add them to the stack file as secrets",
      });
    }
  }
  return findings;
}

function textOf(part: object, key: string): string {
  return JSON.stringify((part as Record<string, unknown>)[key]) ?? "";
}
