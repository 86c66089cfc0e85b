import { propertyPath } from "../../problem";
import type { Change } from "../change";
import type { Course } from "../draft";
import type { Situation } from "../situation";
import type { Finding } from "../transition";

/** A change with its course, as rules judge it. */
export interface Judged {
  situation: Situation;
  change: Change;
  course: Course;
}

/** One thing that a rule has to say. */
export type Said = Pick<Finding, "property" | "message" | "next">;

/** A rule over a change. */
export interface TransitionRule {
  /** Kebab-case; stands behind each message, and is what an override names. */
  id: string;
  /** What holds where the rule is kept. */
  about: string;
  /** Where the fact comes from. */
  source: string;
  severity: Finding["severity"];
  /** Why nobody may override it, as half a sentence. @default a person may, for a reason */
  binding?: string;
  judge(judged: Judged): Iterable<Said>;
}

/** Upstream's code and documents that several rules rest on. */
export const SOURCES = {
  promotion: "harvester pkg/controller/master/node/promote_controller.go",
  maintenance: "harvester pkg/util/drainhelper; harvester#5424",
  removal: "Harvester docs, host management: removal of nodes; harvester#8014",
  etcd: "etcd.io docs faq: an even number of members tolerates no more losses than one fewer",
  upgradeMatrix: "harvester package/upgrade-matrix.yaml; docs upgrade: at most one Kubernetes minor per hop",
  upgradeChecks: "harvester pkg/webhook/resources/upgrade/validator.go",
} as const;

/** Path of a node: `nodes.n1`. */
export function nodePath(key: string): string {
  return propertyPath("nodes", key);
}

/** `n1, n2 and n3`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
