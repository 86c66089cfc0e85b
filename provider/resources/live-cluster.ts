/** Looks into the cluster behind the VIP, and tells whether it is ours: the incarnation that its nodes carry is the one in the state. */
import { accessUrlOf, type ClusterDescription, type HardwareDescription } from "../../model/description";
import { sameUuid } from "../../model/hardware";
import { HarvesterClient } from "../harvester/client";
import { HarvesterError } from "../harvester/errors";
import type { NodeFacts } from "../harvester/node-facts";
import { NoAnswer } from "../net/http";
import { normaliseFingerprint } from "../net/trust";
import { UserError } from "../shell/errors";
import type { RunFacts } from "../shell/run";
import { chronicleOf } from "./chronicle";
import type { ClusterIdentity } from "./cluster";
import { INCARNATION_LABEL } from "./machine/inputs";
import { glimpseCluster, sightCluster } from "./sighting";

/** Password of a cluster that nobody has logged in to yet (harvester-installer, 50-defaults.yaml). */
const BOOTSTRAP_PASSWORD = "admin";

/** What the questions are about. */
export interface ClusterInQuestion {
  cluster: ClusterDescription;
  identity: ClusterIdentity;
}

/** What was seen behind the VIP. */
export interface LiveCluster {
  /** `unclear`: Harvester answers and cannot be asked who it is yet. */
  kind: "silent" | "unclear" | "ours" | "other";
  /** The same in words, for people. */
  what: string;
  /** Nodes, if it is ours. */
  nodes: NodeFacts[];
  /** Whether the first login is still to be done. */
  hasBootstrapPassword: boolean;
  /** Login, if it is ours. */
  client: HarvesterClient | undefined;
}

/** How to look. */
export interface LookOptions {
  signal: AbortSignal;
  /** Fingerprint of the cluster's authority that was recorded before. The description's own comes first. */
  pinned?: string | undefined;
  /** Several looks before silence counts: wanted right before something irreversible. @default false */
  thorough?: boolean;
  /** Facts of the run whose chronicle is to have what was seen. @default nobody's */
  facts?: RunFacts;
}

/** Logins of this process, by URL: a look every few seconds must not be a login every few seconds. One counts only for whoever trusts its authority. */
const logins = new Map<string, { client: HarvesterClient; bootstrap: boolean }>();

/** Looks. Never throws because the cluster is silent or unwell; that is what is being asked. */
export function lookAtCluster(question: ClusterInQuestion, options: LookOptions): Promise<LiveCluster> {
  // A login outlives the operation that made it, so its requests do not end with the operation's signal by themselves.
  return untilAborted(look(question, options), options.signal);
}

async function look({ cluster, identity }: ClusterInQuestion, options: LookOptions): Promise<LiveCluster> {
  const entry = await enterCluster(cluster, options);
  const found =
    entry.kind === "entered" ? judge(identity, accessUrlOf(cluster), entry) : seen(entry.kind, entry.what);
  if (options.facts !== undefined) {
    chronicleOf(options.facts, identity).saw(found.kind === "ours" ? found.nodes : undefined);
  }
  return found;
}

/** A cluster that could be logged in to, whoever it is; or why none could. */
export type Entry =
  | { kind: "entered"; client: HarvesterClient; nodes: NodeFacts[]; hasBootstrapPassword: boolean }
  | { kind: "silent" | "unclear" | "other"; what: string };

/** Logs in to whatever Harvester answers at the VIP with the authority that is trusted. Never throws because it is silent or unwell. */
export async function enterCluster(
  cluster: ClusterDescription,
  { signal, pinned, thorough = false }: LookOptions,
): Promise<Entry> {
  const sighting = await (thorough ? sightCluster : glimpseCluster)(cluster, signal);
  if (sighting.kind === "silent") return { kind: "silent", what: sighting.what };
  if (sighting.kind === "unclear") return { kind: "unclear", what: sighting.what };
  if (sighting.kind === "stranger") return { kind: "other", what: sighting.what };
  const url = accessUrlOf(cluster);
  try {
    const trusted = cluster.access.caFingerprint ?? pinned;
    const known = logins.get(url);
    const login =
      known !== undefined && trusts(trusted, known.client)
        ? known
        : await logIn(cluster, sighting.ca, trusted);
    if (login === undefined)
      return {
        kind: "other",
        what: `${url} refuses the admin password of the description (access.adminPassword): change it in Harvester first, and then in the description`,
      };
    logins.set(url, login);
    const { client, bootstrap } = login;
    return { kind: "entered", client, nodes: await client.nodes(), hasBootstrapPassword: bootstrap };
  } catch (error) {
    logins.delete(url);
    if (error instanceof NoAnswer && error.silence === "untrusted")
      return { kind: "other", what: `${url}: ${error.message}` };
    if (error instanceof NoAnswer || error instanceof HarvesterError)
      return { kind: "unclear", what: `${url}: ${error.message}` };
    throw error;
  }
}

/** The node on a machine. */
export function nodeOn(
  cluster: Pick<LiveCluster, "nodes">,
  hardware: Pick<HardwareDescription, "uuid">,
): NodeFacts | undefined {
  return cluster.nodes.find((node) => sameUuid(node.uuid, hardware.uuid));
}

/** Makes a freshly formed cluster ours for good: its bootstrap password, which everybody knows, is changed. */
export async function firstLogin({ cluster }: ClusterInQuestion, live: LiveCluster): Promise<void> {
  if (live.client === undefined)
    throw new UserError("The cluster has to be known before its password is changed.");
  await live.client.changePassword(BOOTSTRAP_PASSWORD, cluster.access.adminPassword);
  logins.delete(accessUrlOf(cluster));
}

function trusts(pinned: string | undefined, client: HarvesterClient): boolean {
  return pinned === undefined || normaliseFingerprint(pinned) === client.caFingerprint;
}

async function logIn(
  cluster: ClusterDescription,
  ca: string,
  pinned: string | undefined,
): Promise<{ client: HarvesterClient; bootstrap: boolean } | undefined> {
  const { access } = cluster;
  const client = new HarvesterClient({
    url: accessUrlOf(cluster),
    ca,
    pinned,
  });
  if (await client.login(access.adminPassword)) return { client, bootstrap: false };
  if (await client.login(BOOTSTRAP_PASSWORD)) return { client, bootstrap: true };
  return undefined;
}

function judge(
  identity: ClusterIdentity,
  url: string,
  { client, nodes, hasBootstrapPassword }: Extract<Entry, { kind: "entered" }>,
): LiveCluster {
  if (nodes.length === 0) return seen("unclear", `${url} answers and has no nodes yet`);
  const incarnations = new Set(
    nodes.map((node) => node.labels[INCARNATION_LABEL]).filter((id) => id !== undefined),
  );
  if (incarnations.size !== 1 || !incarnations.has(identity.incarnation)) {
    const found = [...incarnations].join(", ") || "none";
    return seen("other", `${url} is another cluster (incarnation ${found}, not ${identity.incarnation})`);
  }
  return {
    kind: "ours",
    what: `${url} answers as incarnation ${identity.incarnation}`,
    nodes,
    hasBootstrapPassword,
    client,
  };
}

function seen(kind: "silent" | "unclear" | "other", what: string): LiveCluster {
  return { kind, what, nodes: [], hasBootstrapPassword: false, client: undefined };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
