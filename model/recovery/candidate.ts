/** Who would be promoted in the place of a member, and whether it is fit for it. */
import type { ClusterDescription } from "../description";
import { predictPreflight } from "../preflight";
import { errorsOf } from "../problem";
import { nextPromotion, type PromotionNode, type Standstill } from "../promotion";
import { roleOf } from "../roles";
import type { Assessment } from "./assess";

/** What is known of a node that would be promoted. A field is missing where it could not be learnt. */
export interface CandidateFacts {
  /** Hardware threads, as its kubelet reports them. */
  threads?: number;
  /** Memory as its kubelet reports it. */
  memoryGiB?: number;
  /** Sizes in bytes, as its BMC reports them. `data` is left out where the install disk is the only one. */
  disks?: { install?: number; data?: { bytes?: number } };
  /** Whether the install disk is in order, as its BMC says; null where it does not say. */
  installDisk: "present" | "failing" | "gone" | null;
  /** Whether it reaches each of the members that would stay, by key, asked on the candidate itself. */
  reaches: Readonly<Record<string, boolean | null>>;
}

/** Who takes the seat of a member that is removed, or why nobody does. */
export function successorOf(
  nodes: readonly PromotionNode[],
  removed: string,
  version: string,
): { name: string; standstill?: undefined } | { name?: undefined; standstill: Standstill } {
  const { pick, standstill } = nextPromotion(
    nodes.filter(({ name }) => name !== removed),
    version,
  );
  return pick === undefined ? { standstill } : { name: pick };
}

/**
 * Why a candidate is not fit; nothing where it is. Harvester itself asks only whether it is Ready: a node that is too small, or that cannot
 * reach the other members, would be made a voter all the same, and there is no way back.
 */
export function unfitness(
  candidate: PromotionNode,
  facts: CandidateFacts,
  assessment: Assessment,
  { version, skipChecks }: Pick<ClusterDescription, "version" | "skipChecks">,
): string[] {
  const { threads, memoryGiB, disks, installDisk, reaches } = facts;
  const small = predictPreflight(
    {
      role: roleOf(candidate),
      ...(threads === undefined ? {} : { threads }),
      ...(memoryGiB === undefined ? {} : { memoryGiB }),
      ...(disks === undefined ? {} : { disks }),
    },
    version,
    skipChecks,
  );
  const cut = Object.keys(reaches).filter((member) => reaches[member] !== true);
  return [
    ...(assessment.state === "well"
      ? []
      : [`it is not well itself: ${"why" in assessment ? assessment.why : ""}`]),
    ...(candidate.cordoned === true ? ["it is cordoned"] : []),
    ...errorsOf(small).map(({ message }) => `too small for the installer's own checks: ${message}`),
    ...(installDisk === "failing" || installDisk === "gone" ? [`its install disk is ${installDisk}`] : []),
    ...cut.map((member) =>
      reaches[member] === false
        ? `it does not reach ${member}`
        : `whether it reaches ${member} could not be learnt`,
    ),
  ];
}
