/** What a control plane must be like at rest (P4), judged on what the replayed promotion makes of the declared roles. */
import type { Problem } from "./problem";
import { propertyPath } from "./problem";
import { isMember, type PromotionReplay } from "./promotion";
import { isRestingVoterCount, quorumOf } from "./quorum";
import { isFull, isPromotable, roleOf, WANTED_MEMBERS } from "./roles";

/** What is judged. */
export interface ControlPlaneOutlook {
  creator: string;
  controlPlane: readonly string[];
  voters: readonly string[];
  replay: PromotionReplay;
}

/** A rule over a control plane. */
export interface ControlPlaneRule {
  /** Kebab-case; stands behind each message. */
  id: string;
  /** What holds where the rule is kept. */
  about: string;
  /** Where the fact comes from. */
  source: string;
  severity: Problem["severity"];
  judge(outlook: ControlPlaneOutlook): Iterable<{ property: string; message: string }>;
}

const CONTROLLER = "harvester pkg/controller/master/node/promote_controller.go";

/** Every rule over a control plane. */
export const controlPlaneRules: readonly ControlPlaneRule[] = [
  {
    id: "one-witness",
    about: "A cluster has one witness at most.",
    source: `${CONTROLLER} (isExtraWitnessNode); docs witness`,
    severity: "error",
    *judge({ replay }) {
      const [first, ...others] = witnessesOf(replay);
      for (const { name } of others) {
        yield {
          property: `${nodePath(name)}.role`,
          message:
            `${first!.name} is the witness already, and Harvester supports one: ${name} would hold no etcd, no virtual machines and ` +
            "no volumes. Give it another role.",
        };
      }
    },
  },
  {
    id: "witness-idle",
    about: "The witness is promoted: it stands beside exactly two nodes that are preferred to it.",
    source: `${CONTROLLER} (management nodes go first); a witness holds etcd only, no Longhorn and no VMs [docs witness]`,
    severity: "error",
    *judge({ replay }) {
      const [witness, second] = witnessesOf(replay);
      // With a second one, `one-witness` is what to look at.
      if (witness === undefined || second !== undefined || isMember(witness) || zoneBound(replay)) return;
      const full = fullCandidates(replay);
      yield {
        property: `${nodePath(witness.name)}.role`,
        message:
          full.length < 2
            ? `a witness is the third vote beside two full nodes, and there is only ${full.map(({ name }) => name).join(", ")}: it ` +
              "would never be promoted, and does nothing else. Add a management node, or take the witness out."
            : `${membersList(replay)} take all three seats of the control plane before it, so the witness would never be promoted, ` +
              "and does nothing else. Make it a worker or default node, or have two management nodes beside it.",
      };
    },
  },
  {
    id: "witness-takes-seat",
    about: "The witness takes no seat that a full node could have.",
    source: `${CONTROLLER}: a witness is preferred to nodes with role default`,
    severity: "warning",
    *judge({ replay, controlPlane }) {
      const [witness] = witnessesOf(replay);
      const left = fullCandidates(replay).find(({ name }) => !controlPlane.includes(name));
      if (witness === undefined || left === undefined || !isMember(witness)) return;
      yield {
        property: `${nodePath(witness.name)}.role`,
        message:
          `the witness is preferred to ${left.name} (${roleOf(left)}), so the control plane is ${controlPlane.join(", ")}: two API ` +
          `servers, though three full nodes are there. Make ${left.name} a worker if that is meant, or do without the witness.`,
      };
    },
  },
  {
    id: "zone-spread",
    about:
      "Zones let promotion go on: three different ones once a member has one, and none stuck behind another.",
    source: `${CONTROLLER}: with a zone on any member, each further member needs a zone of its own, of three at least`,
    severity: "error",
    *judge({ replay }) {
      const { reason, message } = replay.standstill;
      const zoned = replay.nodes.filter((node) => isMember(node) && node.zone !== undefined);
      if (zoneBound(replay)) {
        const [stuck] = reason === "no-free-zone" ? replay.standstill.nodes : zoned.map(({ name }) => name);
        yield {
          property: `${nodePath(stuck!)}.zone`,
          message: `the control plane stops at ${membersList(replay)}: ${message} Or leave the zones out.`,
        };
        return;
      }
      if (reason === "enough-members" && zoned.length > 0 && zoned.length < WANTED_MEMBERS) {
        yield {
          property: `${nodePath(zoned[0]!.name)}.zone`,
          message:
            `only ${zoned.map(({ name }) => name).join(", ")} of the control plane ${membersList(replay)} has a zone. Whether the others are ` +
            "promoted then depends on who comes first, and a lost member may never be replaced. Give each of them a zone of its " +
            "own, or none a zone.",
        };
      }
    },
  },
  {
    id: "voters-odd",
    about: "The etcd voters are odd at rest: 1 or 3.",
    source: "an even number of etcd members tolerates no more losses than one fewer [etcd.io docs faq]",
    severity: "error",
    *judge({ voters }) {
      if (isRestingVoterCount(voters.length)) return;
      yield {
        property: "nodes",
        message:
          `promotion rests at ${voters.length} etcd voters (${voters.join(", ")}), which survive the loss of ` +
          `${quorumOf(voters.length).tolerance}, no more than one voter less would. Let roles and zones make it 1 or 3.`,
      };
    },
  },
  {
    id: "voters-as-declared",
    about: "Nodes that are declared for the control plane get there.",
    source: `${CONTROLLER}: nobody is promoted before three nodes can be`,
    severity: "warning",
    *judge({ creator, voters, replay }) {
      if (zoneBound(replay)) return;
      const declared = replay.nodes.filter(
        (node) => node.name === creator || ["management", "witness"].includes(roleOf(node)),
      );
      const wanted = Math.min(WANTED_MEMBERS, declared.length);
      if (voters.length >= wanted) return;
      yield {
        property: "nodes",
        message:
          `${declared.map(({ name }) => name).join(", ")} are declared for the control plane, but it will be ${voters.join(", ")} alone (${voters.length} ` +
          `etcd voter, no loss tolerated): ${replay.standstill.message} Add a node with role management, default or witness.`,
      };
    },
  },
];

/** Judges a control plane by every rule. */
export function judgeControlPlane(outlook: ControlPlaneOutlook): Problem[] {
  return controlPlaneRules.flatMap((rule) =>
    [...rule.judge(outlook)].map((finding) => ({ ...finding, rule: rule.id, severity: rule.severity })),
  );
}

function witnessesOf({ nodes }: PromotionReplay) {
  return nodes.filter((node) => roleOf(node) === "witness");
}

function electable({ nodes }: PromotionReplay) {
  return nodes.filter((node) => isPromotable(roleOf(node)));
}

function fullCandidates(replay: PromotionReplay) {
  return electable(replay).filter((node) => isFull(roleOf(node)));
}

/** Whether zones are what promotion stopped at. */
function zoneBound({ standstill }: PromotionReplay): boolean {
  return standstill.reason === "too-few-zones" || standstill.reason === "no-free-zone";
}

function membersList({ nodes }: PromotionReplay): string {
  return nodes
    .filter(isMember)
    .map(({ name }) => name)
    .join(", ");
}

function nodePath(key: string): string {
  return propertyPath("nodes", key);
}
