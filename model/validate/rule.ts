import type { ClusterDescription, NodeDescription } from "../description";
import type { Known } from "./shape";

/** A node as far as it is known. */
export interface KnownNode {
  key: string;
  /** Path of the node: `nodes.n1`. */
  path: string;
  node: Known<NodeDescription>;
}

/** What rules judge. Whatever is unknown or ill-typed is missing here, so a rule says nothing about it. */
export interface Facts {
  cluster: Known<ClusterDescription>;
  nodes: KnownNode[];
  /** The version, if it is one whose installer this program knows how to talk to. */
  version: string | undefined;
  /** Whether anything was written at the path, even if it is unknown or ill-typed. */
  given(path: string): boolean;
  /** Whether the field was left out of an object that is known. */
  absent(path: string): boolean;
}

/** One thing that breaks a rule. */
export interface Finding {
  property: string;
  message: string;
}

/** A rule over the whole description. */
export interface Rule {
  /** Kebab-case; stands behind each message. */
  id: string;
  /** What holds where the rule is kept. */
  about: string;
  /** Where the fact comes from, when it is Harvester's, Kubernetes' or the hardware's and not our own choice. */
  source?: string;
  /** @default "error" */
  severity?: "error" | "warning";
  judge(facts: Facts): Iterable<Finding>;
}

/** A finding. */
export function at(property: string, message: string): Finding {
  return { property, message };
}

/** Findings for every entry whose value was seen before under the same key, naming both places. */
export function* duplicates(
  entries: Iterable<{ property: string; value: string; shown?: string }>,
  explain: (shown: string, first: string) => string,
): Iterable<Finding> {
  const seen = new Map<string, string>();
  for (const { property, value, shown } of entries) {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, property);
    else yield at(property, explain(shown ?? value, first));
  }
}
