/**
 * Writes the description of a cluster that is running: what a person would have written, had they described it before. Where secrets
 * belong it holds references, as a stack file does.
 */
import type { DisksDescription, Role } from "../description";
import { isDnsLabel } from "../formats";
import { formatAddress, parseNetwork } from "../ipv4";
import { installedDisks } from "./disks";
import type { AdoptionFinding, FoundBmc, FoundCluster, FoundNode } from "./facts";
import { differing, sharedOf } from "./shared";

/** What a running cluster cannot tell. */
export interface AdoptionWishes {
  /** Name of the cluster, for people. */
  name: string;
  /** Address for the boot server: one of the machine that `pulumi up` will run on. */
  bootServer: string;
  /** References to the secrets, as a stack file has them. */
  adminPassword: object;
  sshPrivateKey: object;
  /** Prefix of node labels that are not the site's. */
  ownLabels: string;
}

/** A description as it stands in a stack file, and what a person has to know about it. */
export interface AdoptedDescription {
  /** `harvester-stack:cluster`. */
  cluster: { nodes: Record<string, Record<string, unknown>> } & Record<string, unknown>;
  /** Key of each node in the description, by its name. */
  keys: ReadonlyMap<string, string>;
  /** Name of the node that created the cluster; undefined where it is gone. */
  creator: string | undefined;
  findings: AdoptionFinding[];
}

const ROLE_LABEL = "node-role.harvesterhci.io/";
const ROLES: readonly Role[] = ["management", "worker", "witness"];
const ZONE_LABEL = "topology.kubernetes.io/zone";

/** Describes. The creator comes first, then the control plane, then the others, each as old as it is: that is how promotion went. */
export function describeCluster(
  found: FoundCluster,
  bmcs: ReadonlyMap<string, FoundBmc>,
  wishes: AdoptionWishes,
): AdoptedDescription {
  const creator = found.nodes.find(({ host }) => host?.installed.mode === "create");
  const rank = (node: FoundNode) => (node === creator ? 0 : node.controlPlane || node.etcd ? 1 : 2);
  const nodes = [...found.nodes].sort((a, b) => rank(a) - rank(b) || a.created - b.created);
  const keys = keysOf(nodes);
  const described = nodes.map((node) =>
    describeNode(node, keys.get(node.name)!, bmcs.get(node.name), wishes),
  );
  const lead = nodes.find(({ host }) => host !== undefined);
  const { url, vip } = found;
  const cluster = {
    name: wishes.name,
    version: versionOf(nodes),
    vip: {
      address: vip.address,
      ...(vip.mode === undefined || vip.mode === "static" ? {} : { mode: vip.mode }),
      ...(vip.hardwareAddress ? { hardwareAddress: vip.hardwareAddress } : {}),
    },
    access: {
      ...(url === `https://${vip.address}` ? {} : { url }),
      adminPassword: wishes.adminPassword,
      sshPrivateKey: wishes.sshPrivateKey,
    },
    ...(lead?.host === undefined ? {} : sharedOf(lead.host, subnetOf(lead))),
    artifacts: artifactsOf(nodes),
    bootServer: { address: wishes.bootServer },
    ...(found.replicaCount === undefined ? {} : { storage: { replicaCount: found.replicaCount } }),
    ...(nodes.some(({ host }) => host?.installed.skipChecks) ? { skipChecks: true } : {}),
    nodes: Object.fromEntries(described.map(({ key, node }) => [key, node])),
  };
  const findings = [
    ...versionFindings(nodes),
    ...(creator === undefined ? [NO_CREATOR] : []),
    ...differing(nodes, lead),
    ...described.flatMap((one) => one.findings),
  ];
  return { cluster, keys, creator: creator?.name, findings };
}

const NO_CREATOR: AdoptionFinding = {
  subject: "cluster",
  check: "creator",
  result: "warn",
  detail:
    "the node that created it is gone; no machine will ever be given the configuration that creates it again",
};

function describeNode(
  node: FoundNode,
  key: string,
  bmc: FoundBmc | undefined,
  { ownLabels }: AdoptionWishes,
): { key: string; node: Record<string, unknown>; findings: AdoptionFinding[] } {
  const roles = ROLES.filter((role) => node.labels[ROLE_LABEL + role] === "true");
  const findings: AdoptionFinding[] = [];
  const fail = (check: string, detail: string) =>
    findings.push({ subject: node.name, check, result: "fail", detail });
  if (roles.length > 1) {
    fail(
      "role",
      `it is labelled as ${roles.join(" and ")}. Take the labels off that are wrong (kubectl label node ${node.name} ${ROLE_LABEL}${roles[1]}-)`,
    );
  }
  if (node.host === undefined)
    fail("system", `its own system could not be read over SSH: ${node.unread ?? "no answer"}`);
  const { disks, finding } = installedDisks(node, bmc);
  findings.push(finding);
  const zone = node.labels[ZONE_LABEL];
  const labels = siteLabels(node, ownLabels);
  const described = {
    ...(key === node.name ? {} : { hostname: node.name }),
    ...(roles[0] === undefined ? {} : { role: roles[0] }),
    ...(zone === undefined ? {} : { zone }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(node.address === undefined ? {} : { address: node.address }),
    ...(bmc?.entry.ssh === undefined ? {} : { ssh: bmc.entry.ssh }),
    interfaces: interfacesOf(node),
    ...(bmc?.system === undefined
      ? {}
      : { hardware: { uuid: node.uuid.toLowerCase(), serial: bmc.system.serial }, bmc: bmc.entry.bmc }),
    ...(disks === undefined ? {} : { disks: plainDisks(disks) }),
  };
  return { key, node: described, findings };
}

function plainDisks({ install, data, wipe }: DisksDescription): object {
  return { install, ...(data === undefined ? {} : { data }), ...(wipe === undefined ? {} : { wipe }) };
}

/** Labels that the node was installed with, without those that role, zone and this program stand for. */
function siteLabels({ host, labels }: FoundNode, ownLabels: string): Record<string, string> {
  const entries = Object.entries(host?.installed.labels ?? {}).filter(
    ([key, value]) =>
      labels[key] === value &&
      !key.startsWith(ROLE_LABEL) &&
      !key.startsWith(ownLabels) &&
      key !== ZONE_LABEL,
  );
  return Object.fromEntries(entries);
}

function interfacesOf({ host }: FoundNode): { name?: string; hwAddr?: string }[] {
  return (host?.installed.network.interfaces ?? []).map(({ name, hwAddr }) => {
    const mac = hwAddr ?? host?.interfaces.find((card) => card.name === name)?.mac;
    return { ...(name === undefined ? {} : { name }), ...(mac === undefined ? {} : { hwAddr: mac }) };
  });
}

function subnetOf({ address, host }: FoundNode): string | undefined {
  if (address === undefined || host?.prefix === undefined) return undefined;
  const network = parseNetwork(`${address}/${host.prefix}`);
  return network && `${formatAddress(network.network)}/${host.prefix}`;
}

/** Where the installer came from, if the newest node still knows and it was the version that runs. */
function artifactsOf(nodes: readonly FoundNode[]): { url?: string } {
  const version = versionOf(nodes);
  const newest = [...nodes].sort((a, b) => b.created - a.created);
  for (const { host } of newest) {
    const match = /^(https?:\/\/\S+)\/harvester-(v\d\S*?)-(amd64|arm64)\.iso$/.exec(
      host?.installed.isoUrl ?? "",
    );
    if (match !== null && match[2] === version) return { url: match[1]! };
  }
  return {};
}

function versionOf(nodes: readonly FoundNode[]): string {
  const counts = new Map<string, number>();
  for (const { version } of nodes) counts.set(version, (counts.get(version) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0] ?? "";
}

function versionFindings(nodes: readonly FoundNode[]): AdoptionFinding[] {
  const of = (result: AdoptionFinding["result"], detail: string): AdoptionFinding[] => [
    { subject: "cluster", check: "version", result, detail },
  ];
  const versions = [...new Set(nodes.map(({ version }) => version))];
  if (versions.length === 1 && versions[0] !== "") return of("ok", `every node runs ${versions[0]}`);
  const each = nodes.map(({ name, version }) => `${name} ${version || "does not say"}`).join(", ");
  return of("fail", `the nodes do not run one version: ${each}. Finish the upgrade first`);
}

/** Keys are the nodes' names where those are labels, else their first part, each used once. */
function keysOf(nodes: readonly FoundNode[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const { name } of nodes) {
    const short = isDnsLabel(name) ? name : name.split(".")[0]!;
    const taken = new Set(keys.values());
    let key = short;
    for (let count = 2; taken.has(key); count++) key = `${short}-${count}`;
    keys.set(name, key);
  }
  return keys;
}
