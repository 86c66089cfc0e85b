/** What is remembered between passes. It lives in the cluster, so that a pass needs no disk of its own. Pure. */
import type { Look, NodeLook, NodeSigns } from "./look";

/** Looks in a row that saw the same. */
export interface Spell extends NodeLook {
  /** First and last of the looks, ISO 8601. */
  from: string;
  to: string;
  looks: number;
  /** The node's Lease was renewed between two of the looks: its kubelet lives. */
  renewed: boolean;
}

/** What is tried on a failed node before its removal is thought of. */
export type RepairAct = "uncordon" | "power-on" | "reset";

/** One act of a pass. */
export interface ActRecord {
  /** ISO 8601. */
  at: string;
  /** Key of the node. */
  node: string;
  act: RepairAct | "evict";
  /** `begun` until its end is known: a pass that was killed leaves it so. */
  result: "begun" | "done" | "failed";
  /** What it said, where it failed. */
  detail?: string;
}

/** Everything that is remembered. */
export interface Memory {
  /** Spells by node, the oldest first. */
  spells: Readonly<Record<string, readonly Spell[]>>;
  /** Acts, the oldest first. */
  acts: readonly ActRecord[];
}

/** Nothing was seen or done yet. */
export const NO_MEMORY: Memory = { spells: {}, acts: [] };

/** Looks further apart than this do not make one spell: nobody knows what was between them. */
export const LONGEST_GAP_MS = 3_600_000;

/** A ConfigMap holds 1 MiB; a spell takes about 400 bytes. */
const MOST_SPELLS = 20;
const MOST_ACTS = 50;

/** What is remembered after a look. Nodes that are no longer looked at are forgotten. */
export function remember(memory: Memory, look: Look): Memory {
  const spells = Object.entries(look.nodes).map(([key, node]) => [
    key,
    withLook(memory.spells[key] ?? [], node, look.at).slice(-MOST_SPELLS),
  ]);
  return { ...memory, spells: Object.fromEntries(spells) };
}

/** What is remembered after an act, or after its end: an act is told by its time and node. */
export function recordAct(memory: Memory, record: ActRecord): Memory {
  const others = memory.acts.filter(({ at, node }) => at !== record.at || node !== record.node);
  return { ...memory, acts: [...others, record].slice(-MOST_ACTS) };
}

function withLook(spells: readonly Spell[], look: NodeLook, at: string): Spell[] {
  const last = spells.at(-1);
  if (last === undefined || !continues(last, look, at))
    return [...spells, { ...look, from: at, to: at, looks: 1, renewed: false }];
  const { from, looks, renewed, leaseRenewed: before } = last;
  const again = before !== null && look.leaseRenewed !== null && look.leaseRenewed !== before;
  return [...spells.slice(0, -1), { ...look, from, to: at, looks: looks + 1, renewed: renewed || again }];
}

function continues(last: Spell, look: NodeLook, at: string): boolean {
  const gap = Date.parse(at) - Date.parse(last.to);
  return gap <= LONGEST_GAP_MS && SIGNS.every((sign) => last[sign] === look[sign]);
}

/** What makes a spell; times only tell how long it has lasted. */
const SIGNS: readonly (keyof NodeSigns)[] = [
  "registered",
  "member",
  "ready",
  "cordoned",
  "maintenance",
  "power",
  "health",
  "installDisk",
  "sameHost",
  "bootsFromDisk",
  "votes",
  "etcdAnswers",
  "reachable",
];
