/**
 * Reads the install configuration that a node keeps as `/oem/harvester.config`. Harvester writes it in lower case without separators and
 * reads any spelling (harvester-installer pkg/config/config.go, rancher/mapper), so keys are compared that way.
 */
import { parse } from "yaml";
import type { InstalledConfiguration } from "./facts";

type Plain = Record<string, unknown>;

/** Reads it. Passwords and tokens in it are left where they are. Throws where it is no YAML mapping. */
export function readInstalledConfiguration(yaml: string): InstalledConfiguration {
  const config: unknown = parse(yaml);
  if (!isPlain(config)) throw new Error("the node's install configuration is no YAML mapping");
  const [os, install] = [section(config, "os"), section(config, "install")];
  const network = section(install, "managementinterface");
  const vlanId = Number(field(network, "vlanid") ?? 0);
  const mtu = Number(field(network, "mtu") ?? 0);
  const bondOptions = texts(section(network, "bondoptions"));
  return {
    ...optional("mode", text(install, "mode")),
    ...optional("device", text(install, "device")),
    ...optional("dataDisk", text(install, "datadisk")),
    ...optional("isoUrl", text(install, "isourl")),
    ...(String(field(install, "skipchecks")) === "true" ? { skipChecks: true } : {}),
    sshAuthorizedKeys: list(os, "sshauthorizedkeys"),
    ntpServers: list(os, "ntpservers"),
    modules: list(os, "modules"),
    sysctls: texts(section(os, "sysctls")),
    labels: texts(section(os, "labels")),
    hasEnvironment: Object.keys(section(os, "environment")).length > 0,
    network: {
      ...optional("method", text(network, "method")?.toLowerCase()),
      ...optional("gateway", text(network, "gateway")),
      ...(vlanId > 1 ? { vlanId } : {}),
      ...(mtu > 0 ? { mtu } : {}),
      ...(Object.keys(bondOptions).length > 0 ? { bondOptions } : {}),
      dnsNameservers: list(os, "dnsnameservers"),
      interfaces: items(network, "interfaces").map((item) => ({
        ...optional("name", text(item, "name")),
        ...optional("hwAddr", text(item, "hwaddr")?.toLowerCase()),
      })),
    },
  };
}

function field(from: Plain, name: string): unknown {
  const plain = (key: string) => key.replaceAll(/[_-]/g, "").toLowerCase();
  return Object.entries(from).find(([key]) => plain(key) === name)?.[1];
}

function section(from: Plain, name: string): Plain {
  const found = field(from, name);
  return isPlain(found) ? found : {};
}

function text(from: Plain, name: string): string | undefined {
  const found = field(from, name);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function list(from: Plain, name: string): string[] {
  const found = field(from, name);
  return Array.isArray(found) ? found.map(String) : [];
}

function items(from: Plain, name: string): Plain[] {
  const found = field(from, name);
  return Array.isArray(found) ? found.filter(isPlain) : [];
}

/** Keys by which a stack file points at secrets and files of the operator: what a node says must not become one. */
const REFERENCES = ["secretFromFile", "secretFromEnv", "fromFile"];

function texts(from: Plain): Record<string, string> {
  const entries = Object.entries(from).filter(([key]) => !REFERENCES.includes(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
}

function isPlain(value: unknown): value is Plain {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
