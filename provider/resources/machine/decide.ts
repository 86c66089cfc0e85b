/**
 * What to do about a machine, given what is known of it. Pure: the same facts, the same decision, after any crash.
 *
 * The order of trust: a node in the living cluster, then the mark on the hardware (asset tag), then the state.
 */
import type { IntentPhase } from "../../../model/hardware";

/** How far an installation has come. The mark on the hardware knows all but the last, the state knows every one. */
export type Phase = IntentPhase | "member";

/** The wish to install one machine once. */
export interface Intent {
  /** Id of this intent. */
  id: string;
  /** Ids of the intents of earlier installations of this machine in this incarnation, by `reinstall`. */
  earlier: readonly string[];
  /** Whether the machine is the one that may create the cluster (P1). */
  creator: boolean;
}

/** What was seen just now, and what the state remembers. */
export interface Observation {
  /** Whether the BMC reports the machine as running. */
  poweredOn: boolean;
  /** The mark on the hardware. */
  mark: { intent: string; phase: IntentPhase } | undefined;
  /** Phase stored in the state for this very intent; undefined when the state knows nothing of it. */
  remembered: Phase | undefined;
  /** Phase stored in the state for an earlier intent of this machine, where `reinstall` was raised since. */
  formerly: Phase | undefined;
  /** What answers at the VIP. `ours` carries this incarnation; `unclear` answers, but cannot be asked who it is yet. */
  cluster: "silent" | "unclear" | "ours" | "other";
  /** The same in words, for people. */
  clusterSays: string;
  /** The node with this hardware in our cluster, with the intent that its label names. */
  node: { installation: string | undefined } | undefined;
}

/** The next act. */
export type Decision =
  /** It is a member already: nothing to do but to verify. */
  | { act: "adopt" }
  /** It is a member that was installed under an earlier intent: it leaves the cluster first. */
  | { act: "leave"; installation: string }
  /** Nothing irreversible has happened: mark, arm the boot and (re)start the machine. */
  | { act: "install"; mode: "create" | "join" }
  /** A configuration was handed out: wait, serve retries, never touch the power. */
  | { act: "await-installation"; mode: "create" | "join" }
  /** The disk is written: see that it runs, and wait until it is a member. */
  | { act: "await-membership"; powerOn: boolean }
  | { act: "refuse"; reason: string };

/** Decides. */
export function decide(intent: Intent, seen: Observation): Decision {
  if (seen.cluster === "other") {
    const fromItsDisk = seen.poweredOn && furthest(intent, seen) === "armed";
    return refuse(
      `the VIP answers, but not as this cluster: ${seen.clusterSays}. Installing beside it would end in two owners of ` +
        "one address. " +
        (fromItsDisk
          ? "This machine was switched on to be installed and was given nothing to boot yet, so it may have started what its disk " +
            "held before, such as an earlier life of this cluster: if so, switch it off and run again. Otherwise find"
          : "Find") +
        " out what holds the VIP, and free it or correct vip.address.",
    );
  }
  if (seen.node !== undefined) return decideAboutMember(intent, seen.node.installation);
  if (seen.mark !== undefined && ![intent.id, ...intent.earlier].includes(seen.mark.intent)) {
    return refuse(
      `the hardware carries the mark of another installation (asset tag hvst:${seen.mark.intent}:${seen.mark.phase}), ` +
        "which this state knows nothing of: it may be, or may have been, a member of another cluster. If the state was " +
        "lost or the resource renamed, restore the state or give an alias. If the machine is free to be wiped, clear " +
        "its asset tag in the BMC.",
    );
  }
  const phase = furthest(intent, seen);
  switch (phase) {
    case "member":
      return decideAboutLostMember(seen);
    case "done":
      return { act: "await-membership", powerOn: !seen.poweredOn };
    case "served":
    case "started":
      return { act: "await-installation", mode: modeOf(intent, seen) };
    case "armed":
    case undefined:
      return decideAboutInstallation(intent, seen);
  }
}

function decideAboutMember(intent: Intent, installation: string | undefined): Decision {
  if (installation === intent.id) return { act: "adopt" };
  if (installation !== undefined && intent.earlier.includes(installation))
    return { act: "leave", installation };
  return refuse(
    "it is a living member of the cluster, installed under an intent that this state knows nothing of " +
      `(${installation ?? "unknown"}). Find out which state installed it; if \`reinstall\` was set back, raise it to what it was.`,
  );
}

function decideAboutLostMember(seen: Observation): Decision {
  if (seen.cluster === "ours") {
    return refuse(
      "it was a member under this intent, and the cluster no longer lists it. A machine is never installed twice " +
        "under one intent: if it is to come back, raise `reinstall` by one.",
    );
  }
  return { act: "await-membership", powerOn: !seen.poweredOn };
}

function decideAboutInstallation(intent: Intent, seen: Observation): Decision {
  const marked =
    seen.mark !== undefined && intent.earlier.includes(seen.mark.intent) ? seen.mark.phase : undefined;
  const former = furthestOf(marked, seen.formerly);
  if ((former === "done" || former === "member") && seen.cluster !== "ours") {
    return refuse(
      "it finished an earlier installation, so it may be a living member or have created the cluster, and the cluster " +
        `cannot be asked (${seen.clusterSays}). Bring the cluster back first. If you know that none was ever formed, power ` +
        "the machine off, clear its asset tag in the BMC, and begin anew with pulumi destroy.",
    );
  }
  if (seen.mark === undefined && former === undefined && seen.poweredOn && seen.remembered === undefined) {
    return refuse(
      "it is switched on and carries no mark of ours, so it runs something that nobody described. If it is free to be " +
        "wiped, switch it off; that says so.",
    );
  }
  if (intent.creator && seen.cluster === "ours" && seen.mark === undefined && intent.earlier.length === 0) {
    return refuse(
      "it created this cluster, and the cluster no longer lists it. A machine is never installed twice under one " +
        "intent: if it is to come back, raise `reinstall` by one.",
    );
  }
  if (intent.creator && seen.cluster === "unclear") {
    return refuse(
      `something answers at the VIP (${seen.clusterSays}) and cannot be asked yet whether it is this cluster. Nothing is ` +
        "created beside it. Wait until it is up, or find out what holds the VIP.",
    );
  }
  return { act: "install", mode: modeOf(intent, seen) };
}

/** The creator creates as long as nothing answers at the VIP; everybody else joins, and so does the creator later on. */
function modeOf(intent: Intent, seen: Observation): "create" | "join" {
  return intent.creator && seen.cluster === "silent" ? "create" : "join";
}

function furthest(intent: Intent, seen: Observation): Phase | undefined {
  return furthestOf(seen.mark?.intent === intent.id ? seen.mark.phase : undefined, seen.remembered);
}

/** Which of two phases is further on. */
export function furthestOf(one: Phase | undefined, other: Phase | undefined): Phase | undefined {
  return ORDER.findLast((phase) => phase === one || phase === other);
}

const ORDER: readonly Phase[] = ["armed", "served", "started", "done", "member"];

function refuse(reason: string): Decision {
  return { act: "refuse", reason };
}
