/** The list of BMCs that a person writes for an adoption: YAML in the words of a stack file, or CSV. */
import { parse } from "yaml";
import type { BmcEntry } from "../../model/adoption";
import type { DisksDescription } from "../../model/description";
import { parseUrl } from "../../model/formats";

/** What an entry of the YAML list may hold. The first five become the node's `bmc` as they stand. */
const BMC_FIELDS = ["endpoint", "user", "password", "systemId", "tls"];
const OTHER_FIELDS = ["node", "ssh", "disks"];

const COLUMNS = [
  "endpoint",
  "user",
  "passwordEnv",
  "systemId",
  "ca",
  "fingerprint",
  "insecure",
  "node",
  "sshHost",
  "sshPort",
];

/** Reads a list. `file` is its name: one that ends in `.csv` is read as CSV. Throws on what it does not know. */
export function readBmcList(text: string, file: string): BmcEntry[] {
  const entries = file.endsWith(".csv") ? fromCsv(text, file) : fromYaml(text, file);
  if (entries.length === 0) throw new Error(`--bmc: ${file} names no BMC.`);
  const endpoints = entries.map(({ bmc }) => bmc.endpoint.replace(/\/+$/, ""));
  const twice = endpoints.find((endpoint, index) => endpoints.indexOf(endpoint) !== index);
  if (twice !== undefined) throw new Error(`--bmc: ${file} names ${twice} twice.`);
  return entries;
}

function fromYaml(text: string, file: string): BmcEntry[] {
  const list: unknown = parse(text);
  if (!Array.isArray(list)) throw new Error(`--bmc: ${file} is no YAML list. ${EXAMPLE}`);
  return list.map((item: unknown, index) => {
    const where = `--bmc: entry ${index + 1} of ${file}`;
    if (item === null || typeof item !== "object" || Array.isArray(item))
      throw new Error(`${where} is no mapping. ${EXAMPLE}`);
    const unknown = Object.keys(item).find((key) => ![...BMC_FIELDS, ...OTHER_FIELDS].includes(key));
    if (unknown !== undefined)
      throw new Error(
        `${where}: "${unknown}" is unknown; there are ${[...BMC_FIELDS, ...OTHER_FIELDS].join(", ")}.`,
      );
    return entryOf(item as Record<string, unknown>, where);
  });
}

function entryOf(item: Record<string, unknown>, where: string): BmcEntry {
  const { endpoint, user, password, node, ssh, disks } = item;
  if (typeof endpoint !== "string" || parseUrl(endpoint) === undefined)
    throw new Error(`${where}: endpoint is missing or no URL, such as https://10.0.0.21.`);
  if (typeof user !== "string") throw new Error(`${where} (${endpoint}): user is missing.`);
  if (password === null || typeof password !== "object") {
    throw new Error(
      `${where} (${endpoint}): password has to be {secretFromEnv: NAME}, the name of an environment variable, or {secretFromFile: path}; ` +
        "the list holds no passwords.",
    );
  }
  const bmc = Object.fromEntries(Object.entries(item).filter(([key]) => BMC_FIELDS.includes(key)));
  return {
    bmc: { ...bmc, endpoint },
    ...(node === undefined ? {} : { node: String(node) }),
    ...(ssh === undefined ? {} : { ssh: ssh as NonNullable<BmcEntry["ssh"]> }),
    ...(disks === undefined ? {} : { disks: disks as DisksDescription }),
  };
}

function fromCsv(text: string, file: string): BmcEntry[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const header = (lines[0] ?? "").split(",").map((name) => name.trim());
  const unknown = header.find((name) => !COLUMNS.includes(name));
  if (unknown !== undefined)
    throw new Error(`--bmc: column "${unknown}" of ${file} is unknown; there are ${COLUMNS.join(", ")}.`);
  return lines.slice(1).map((line, index) => {
    const where = `--bmc: line ${index + 2} of ${file}`;
    if (line.includes('"')) throw new Error(`${where}: quoted values are not read; write the list as YAML.`);
    const values = line.split(",").map((value) => value.trim());
    const row = Object.fromEntries(header.map((name, column) => [name, values[column] || undefined]));
    const { passwordEnv, ca, fingerprint, insecure, sshHost, sshPort, ...plain } = row;
    const tls = {
      ...(ca === undefined ? {} : { ca: { fromFile: ca } }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(insecure === "true" ? { insecure: true } : {}),
    };
    const ssh = {
      ...(sshHost === undefined ? {} : { host: sshHost }),
      ...(sshPort === undefined ? {} : { port: Number(sshPort) }),
    };
    const item = {
      ...plain,
      ...(passwordEnv === undefined ? {} : { password: { secretFromEnv: passwordEnv } }),
      ...(Object.keys(tls).length === 0 ? {} : { tls }),
      ...(Object.keys(ssh).length === 0 ? {} : { ssh }),
    };
    const given = Object.entries(item).filter(([, value]) => value !== undefined);
    return entryOf(Object.fromEntries(given), where);
  });
}

const EXAMPLE =
  "An entry: {endpoint: https://10.0.0.21, user: admin, password: {secretFromEnv: BMC_PASSWORD}}.";
