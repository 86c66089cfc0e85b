/** What stands against an act. Each guard is one reason; the first that speaks refuses the act. */
import { successorOf } from "./candidate";
import { actInRetryPeriod, type Intent, quorumWithout, type RecoverySituation } from "./situation";

/** A guard. */
export interface RecoveryGuard {
  /** Kebab-case; stands behind the reason in a report. */
  id: string;
  /** What holds where the guard is kept. */
  about: string;
  /** Where the fact comes from, when it is not our own choice. */
  source?: string;
  /** Waiting mends it: no person has to look. */
  passes?: true;
  /** Why the act is refused; undefined where nothing stands against it. */
  refuses(situation: RecoverySituation, intent: Intent): string | undefined;
}

/** The guards, the gravest first. */
export const RECOVERY_GUARDS: readonly RecoveryGuard[] = [
  {
    id: "majority",
    about:
      "Whoever acts reaches a majority of etcd's voters itself: who is cut off with the minority sees the others fail.",
    refuses({ nodes }) {
      const voters = nodes.filter(({ etcd }) => etcd);
      const reached = voters.filter(({ reachable }) => reachable === true).map(({ name }) => name);
      if (reached.length * 2 > voters.length) return undefined;
      return (
        `from here only ${reached.length} of ${voters.length} etcd voters answer (${reached.join(", ") || "none"}): perhaps it is this ` +
        "place that is cut off. Look from another place"
      );
    },
  },
  {
    id: "upgrade",
    about: "Nothing is done during an upgrade: it restarts nodes itself.",
    source: "Harvester freezes the topology during an upgrade [docs upgrade]",
    passes: true,
    refuses({ upgrade }) {
      return upgrade === undefined
        ? undefined
        : `the upgrade ${upgrade} is under way, and restarts nodes itself`;
    },
  },
  {
    id: "other-change",
    about: "Nothing is done while somebody else changes the cluster.",
    passes: true,
    refuses({ change }) {
      return change === undefined ? undefined : `somebody else may be changing the cluster: ${change}`;
    },
  },
  {
    id: "retry-period",
    about: "After an act there is time to see what it did.",
    passes: true,
    refuses: (situation) => actInRetryPeriod(situation),
  },
  {
    id: "minimum-healthy",
    about: "Where many nodes are unwell at once they share a cause, and none of them is it.",
    refuses({ nodes, policy }) {
      const well = nodes.filter(({ assessment }) => assessment.state === "well");
      if (well.length >= policy.minimumHealthy) return undefined;
      const ill = nodes.filter((node) => !well.includes(node)).map(({ name }) => name);
      return (
        `${well.length} of ${nodes.length} nodes are well, and recovery.minimumHealthy asks for ${policy.minimumHealthy} (not well: ` +
        `${ill.join(", ")}): failures at once share a cause`
      );
    },
  },
  {
    id: "quorum",
    about: "The other voters hold quorum without the node: while it restarts, and once it is removed.",
    source: "etcd.io docs faq: a change of members needs a majority of the old ones; harvester.md 2.4",
    refuses(situation, intent) {
      if (intent.do === "repair" && intent.act !== "reset") return undefined;
      const present = quorumWithout(situation, intent.node, false);
      if (!present.reached)
        return (
          `without ${intent.node} ${present.healthy} of ${present.members} etcd voters are healthy, and ${present.required} are needed ` +
          "to change anything"
        );
      if (intent.do === "repair") return undefined;
      const after = quorumWithout(situation, intent.node, true);
      return after.reached
        ? undefined
        : `the ${after.members} voters that remain would not hold quorum (${after.healthy} healthy)`;
    },
  },
  {
    id: "limit",
    about: "No more nodes are evicted than a person has agreed to lose sight of.",
    refuses({ evicted, policy }, intent) {
      if (intent.do !== "evict" || evicted.length < policy.limit) return undefined;
      if (policy.limit === 0) return "recovery.limit is 0: no node is evicted without a person";
      return `${evicted.join(", ")} ${evicted.length === 1 ? "was" : "were"} evicted and nobody has replaced or removed ${evicted.length === 1 ? "it" : "them"} yet; recovery.limit is ${policy.limit}`;
    },
  },
  {
    id: "successor",
    about:
      "Somebody takes the seat: without a third voter the removal gains nothing, and leaves an even number of them.",
    source: "harvester pkg/controller/master/node/promote_controller.go",
    refuses({ nodes, version }, intent) {
      if (intent.do !== "evict") return undefined;
      const { standstill } = successorOf(nodes, intent.node, version);
      return standstill === undefined
        ? undefined
        : `nobody would take its seat: ${standstill.message} Join a replacement first`;
    },
  },
  {
    id: "candidate",
    about:
      "Whoever would be promoted is fit for it: Harvester asks only whether it is Ready, and there is no way back.",
    refuses({ nodes, version, unfit }, intent) {
      if (intent.do !== "evict") return undefined;
      const { name } = successorOf(nodes, intent.node, version);
      if (name === undefined) return undefined;
      const reasons = unfit[name];
      if (reasons === undefined) return `${name} would be promoted, and was not looked at`;
      return reasons.length === 0
        ? undefined
        : `${name} would be promoted, and is not fit: ${reasons.join("; ")}`;
    },
  },
];
