/** What stands against switching off a machine that came back, and against removing its node. It stays cordoned meanwhile. */
import type { GuardedAct, ReturnSigns } from "./decide";

/** A guard. */
export interface FenceGuard {
  /** Kebab-case; stands behind the reason in a report. */
  id: string;
  /** What holds where the guard is kept. */
  about: string;
  /** Where the fact comes from, when it is not our own choice. */
  source?: string;
  /** Waiting mends it: no person has to act. */
  passes?: true;
  /** Why the act is refused, as half a sentence; undefined where nothing stands against it. */
  refuses(signs: ReturnSigns, act: GuardedAct): string | undefined;
}

/** The guards, the gravest first. */
export const FENCE_GUARDS: readonly FenceGuard[] = [
  {
    id: "another-installation",
    about: "A machine that another installation has marked is another stack's, and its power with it.",
    refuses({ mark }, act) {
      if (mark !== "another's" || act === "remove") return undefined;
      return "its hardware carries the mark of another installation, so another stack may use it. Find out whose it is";
    },
  },
  {
    id: "upgrade",
    about: "Nothing is done during an upgrade: it restarts nodes itself.",
    source: "Harvester freezes the topology during an upgrade [docs upgrade]",
    passes: true,
    refuses({ upgrade }) {
      return upgrade === undefined ? undefined : `the upgrade ${upgrade} is under way`;
    },
  },
  {
    id: "quorum",
    about:
      "The other voters hold quorum without the member that it has become, while it is off and once it is removed.",
    source: "etcd.io docs faq: a change of members needs a majority of the old ones",
    passes: true,
    refuses: ({ quorum }) => quorum,
  },
  {
    id: "last-copy",
    about: "No volume loses its last healthy replica.",
    passes: true,
    refuses({ lastCopies, node }) {
      if (lastCopies.length === 0) return undefined;
      return `the only healthy replica of ${lastCopies.join(", ")} is on ${node}; Longhorn has to build another one`;
    },
  },
  {
    id: "virtual-machines",
    about: "No virtual machine that cannot be moved is stopped because of where it was placed.",
    refuses({ machines, node, ready }) {
      const fixed = machines.filter(({ migratable }) => !migratable).map(({ name }) => name);
      if (fixed.length === 0 || !ready) return undefined;
      return `${node} runs virtual machines that cannot be live-migrated: ${fixed.join(", ")}. Stop or move them`;
    },
  },
];
