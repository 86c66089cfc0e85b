/** What stands against taking a machine out of use that came back, against switching it off, and against removing its node. */
import type { GuardedAct, ReturnSigns } from "./decide";

/** A guard. */
export interface FenceGuard {
  /** Kebab-case; stands behind the reason in a report. */
  id: string;
  /** What holds where the guard is kept. */
  about: string;
  /** Where the fact comes from, when it is not our own choice. */
  source?: string;
  /** What it stands against. */
  acts: readonly GuardedAct[];
  /** Waiting mends it: no person has to act. */
  passes?: true;
  /** Why the act is refused, as half a sentence; undefined where nothing stands against it. */
  refuses(signs: ReturnSigns): string | undefined;
}

const ALL: readonly GuardedAct[] = ["cordon", "switch-off", "remove"];
/** They end what runs on the machine, or take a vote out of etcd. */
const FINAL: readonly GuardedAct[] = ["switch-off", "remove"];

/** The guards, the gravest first. */
export const FENCE_GUARDS: readonly FenceGuard[] = [
  {
    id: "another-installation",
    about: "A machine that another installation has marked is another stack's, and its power with it.",
    acts: ["switch-off"],
    refuses({ mark }) {
      if (mark !== "another's") return undefined;
      return "its hardware carries the mark of another installation, so another stack may use it. Find out whose it is";
    },
  },
  {
    id: "majority",
    about:
      "Whoever acts reaches a majority of etcd's voters itself: who is cut off with the minority knows too little.",
    acts: ALL,
    passes: true,
    refuses: ({ majority }) => majority,
  },
  {
    id: "upgrade",
    about: "Nothing is done during an upgrade: it restarts nodes itself.",
    source: "Harvester freezes the topology during an upgrade [docs upgrade]",
    acts: ALL,
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
    acts: FINAL,
    passes: true,
    refuses: ({ quorum }) => quorum,
  },
  {
    id: "last-copy",
    about: "No volume loses its last healthy replica.",
    acts: FINAL,
    passes: true,
    refuses({ lastCopies, node }) {
      if (lastCopies.length === 0) return undefined;
      return `the only healthy replica of ${lastCopies.join(", ")} is on ${node}; Longhorn has to build another one`;
    },
  },
  {
    id: "virtual-machines",
    about: "No virtual machine that cannot be moved is stopped because of where it was placed.",
    acts: ["switch-off"],
    refuses({ machines, node, ready }) {
      const fixed = machines.filter(({ migratable }) => !migratable).map(({ name }) => name);
      if (fixed.length === 0 || !ready) return undefined;
      return `${node} runs virtual machines that cannot be live-migrated: ${fixed.join(", ")}. Stop or move them`;
    },
  },
];
