/** Looks at a running cluster and all that is under it, and says whether it can be taken over as it is. Changes nothing. */
import { randomBytes } from "node:crypto";
import {
  type AdoptionFinding,
  type BmcEntry,
  describeCluster,
  type FoundNode,
  matchHosts,
} from "../../model/adoption";
import type { ClusterDescription } from "../../model/description";
import { isDnsLabel } from "../../model/formats";
import { seedWithToken } from "../../model/identity";
import { describeProblem } from "../../model/problem";
import { validateDescription } from "../../model/validate";
import {
  incarnationOf,
  type MissingLabels,
  membersOf,
  missingLabels,
  reinstallationsOf,
} from "../../provider/adoption/marks";
import type { Adoption } from "../../provider/adoption/resources";
import { HarvesterClient } from "../../provider/harvester/client";
import type { NodeFacts } from "../../provider/harvester/node-facts";
import type { ClusterIdentity } from "../../provider/resources/cluster";
import type { MembershipInputs } from "../../provider/resources/membership/inputs";
import { isRosterOf } from "../../provider/resources/membership/roster";
import { verify } from "../../provider/resources/membership/verify";
import { secrets } from "../../provider/shell/secrets";
import { resolveInClear } from "../../stacks/references";
import { readCluster, type SeenCluster } from "./cluster";
import { readBmc, readHost } from "./hosts";
import type { ClusterLogin } from "./kubeconfig";
import { localAddressTo } from "./local-address";

/** Labels of nodes that are this program's. */
const OWN_LABELS = "harvester-stack.io/";

/** Shorter tokens turn up in other words. Nothing here prints a token anyway. */
const SHORTEST_HIDDEN = 16;

/** What an assessment is given. */
export interface AdoptionRequest {
  login: ClusterLogin;
  bmcs: readonly BmcEntry[];
  /** Name of the stack, which becomes the cluster's, too, where it can. */
  stack: string;
  /** References as they will stand in the stack file. */
  adminPassword: object;
  sshPrivateKey: object;
  /** The SSH key itself. Secret. */
  privateKey: string;
}

/** A cluster that can be taken over. */
export interface ReadyToAdopt {
  client: HarvesterClient;
  members: MembershipInputs;
  adoption: Adoption;
  /** Labels that its nodes do not carry yet. */
  missing: MissingLabels[];
  /** Whether the roster in the cluster says already who belongs. */
  rosterThere: boolean;
}

/** What was found. */
export interface Assessment {
  findings: AdoptionFinding[];
  /** The description as it stands in a stack file, as far as it is known. */
  description: object;
  /** Undefined where a person has to decide something before. */
  ready: ReadyToAdopt | undefined;
}

/** Assesses. Throws where the cluster cannot be read at all. */
export async function assess(request: AdoptionRequest): Promise<Assessment> {
  const { login, bmcs } = request;
  for (const secret of [login.token, login.kubeconfig, request.privateKey]) secrets.add(secret);
  const client = new HarvesterClient({ url: login.url, ca: login.ca ?? "", token: login.token });
  const [seen, found] = await Promise.all([readCluster(client, login.url), Promise.all(bmcs.map(readBmc))]);
  // People choose tokens such as "harvester"; to hide every such word would hide what there is to read.
  if (seen.token.length >= SHORTEST_HIDDEN) secrets.add(seen.token);
  const byUuid = matchHosts(seen.hosts, found).bmcs;
  const hosts = await Promise.all(
    seen.hosts.map((node) => readHost(node, byUuid.get(node.name)?.entry.ssh, request.privateKey)),
  );
  const matching = matchHosts(hosts, found);
  const described = describeCluster({ ...seen.found, nodes: hosts }, matching.bmcs, {
    name: isDnsLabel(request.stack) ? request.stack : "harvester",
    bootServer: await localAddressTo(login.url),
    adminPassword: request.adminPassword,
    sshPrivateKey: request.sshPrivateKey,
    ownLabels: OWN_LABELS,
  });
  const findings = [...matching.findings, ...described.findings, ...hosts.flatMap(hostKeyFinding)];
  const fail = (subject: string, check: string, detail: string) =>
    findings.push({ subject, check, result: "fail", detail });

  const incarnation = incarnationOf(seen.nodes, seen.uid);
  if (incarnation === undefined)
    fail(
      "cluster",
      "mark",
      "its nodes carry the marks of several incarnations: it is somebody's already, or was marked by hand",
    );
  else addReinstallations(described, seen.nodes, incarnation, fail);

  const { cluster: description } = described;
  const cluster = resolveInClear(description, "cluster") as unknown as ClusterDescription;
  if (!(await acceptsPassword(login, cluster)))
    fail(
      "cluster",
      "admin password",
      "it is refused: the environment variable does not hold the password of the user admin",
    );
  const open = () => findings.some(({ result }) => result === "fail");
  // What is not known yet breaks rules, too, and is listed already.
  if (!open()) findings.push(...problemsOf(cluster));
  if (open() || incarnation === undefined) return { findings, description, ready: undefined };

  const identity = identityOf(seen, incarnation, described, cluster);
  const { nodes, ...shared } = cluster;
  const hostKeys = byKey(described.keys, hosts, (node) => node.host?.sshHostKey);
  const members: MembershipInputs = {
    cluster: shared as ClusterDescription,
    identity,
    members: membersOf({ cluster, identity, nodes, hostKeys }),
  };
  const expected = { version: cluster.version, creator: identity.creator.key };
  const { pending, wrong } = verify(members.members, seen.nodes, expected);
  for (const detail of [...pending, ...wrong]) fail("cluster", "members", detail);
  if (open()) return { findings, description, ready: undefined };
  const adoption = {
    identity,
    nodes: seen.nodes,
    kubeconfig: login.kubeconfig,
    caFingerprint: client.caFingerprint,
    hostKeys,
    power: byKey(described.keys, hosts, (node) => matching.bmcs.get(node.name)?.system?.power),
  };
  const missing = missingLabels(members, seen.nodes);
  const rosterThere = await isRosterOf(client, members);
  return { findings, description, ready: { client, members, adoption, missing, rosterThere } };
}

function problemsOf(cluster: ClusterDescription): AdoptionFinding[] {
  return validateDescription(cluster).map((problem) => ({
    subject: "description",
    check: problem.rule,
    result: problem.severity === "error" ? "fail" : "warn",
    detail: describeProblem(problem),
  }));
}

/** A node that this program installed says under which count of reinstallations; the description has to say the same. */
function addReinstallations(
  { cluster, keys }: ReturnType<typeof describeCluster>,
  nodes: readonly NodeFacts[],
  incarnation: string,
  fail: (subject: string, check: string, detail: string) => void,
): void {
  for (const node of nodes) {
    const described = cluster.nodes[keys.get(node.name)!]!;
    const hardware = described.hardware as ClusterDescription["nodes"][string]["hardware"] | undefined;
    if (hardware === undefined) continue;
    const reinstall = reinstallationsOf(node, hardware, incarnation);
    if (reinstall === undefined)
      fail(
        node.name,
        "mark",
        "it was installed as another host than it is now: its board was swapped, or its labels were changed by hand",
      );
    else if (reinstall > 0) described.reinstall = reinstall;
  }
}

/** Where the machine that created the cluster is gone, the creator is nobody: then no machine ever creates one (P1). */
function identityOf(
  { token }: SeenCluster,
  incarnation: string,
  { creator, keys }: ReturnType<typeof describeCluster>,
  { nodes }: ClusterDescription,
): ClusterIdentity {
  const key = creator === undefined ? undefined : keys.get(creator);
  const { uuid, serial } = key === undefined ? { uuid: "", serial: "" } : nodes[key]!.hardware;
  const seed = seedWithToken(randomBytes(32).toString("hex"), incarnation, token);
  return { incarnation, creator: { key: key ?? "", uuid, serial }, seed };
}

/** The password is tried as every later run will use it: by a login through the VIP, which is ended at once. */
async function acceptsPassword({ url, ca }: ClusterLogin, { access }: ClusterDescription): Promise<boolean> {
  return new HarvesterClient({ url, ca: ca ?? "" }).login(access.adminPassword);
}

function hostKeyFinding({ name, host }: FoundNode): AdoptionFinding[] {
  if (host === undefined) return [];
  const detail = `${host.sshHostKey} is pinned from now on; compare it if the way to the node is not yours alone`;
  return [{ subject: name, check: "SSH host key", result: "ok", detail }];
}

function byKey(
  keys: ReadonlyMap<string, string>,
  hosts: readonly FoundNode[],
  of: (node: FoundNode) => string | undefined,
): Record<string, string> {
  const entries = hosts.map((node) => [keys.get(node.name)!, of(node)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
  );
}
