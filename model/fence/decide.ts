/** What to do next about a machine that came back after it had left. Level-triggered: the same signs, the same act, after any crash. */
import { FENCE_GUARDS, type FenceGuard } from "./guards";

/** What was seen of it just now. */
export interface ReturnSigns {
  /** Name of its node. */
  node: string;
  /** Its kubelet reports. */
  ready: boolean;
  /** Its node takes nothing new. */
  cordoned: boolean;
  /** Its Machine or Node is being deleted. */
  deleting: boolean;
  /** What keeps a node that is not Ready from being more than a restart; undefined: nothing does. */
  alive: string | undefined;
  /** It was told to switch off, by this run or by the Node's own record of an earlier one, and has not been Ready since. */
  told: boolean;
  /** A person vouches, since it came back, that it is off. */
  attested: boolean;
  /** Its operating system answers (SSH greets); null where nobody knows how it is reached. */
  greets: boolean | null;
  /** SSH has been silent for longer than a cluster takes to notice that a kubelet is. */
  silent: boolean;
  /** Why nobody can log in to switch it off; undefined: somebody can. */
  shut: string | undefined;
  /** `asked`: this run has told it to switch off. `ignored`: and it had its time to do so. */
  order: "none" | "asked" | "ignored";
  /** Whose mark its hardware shows: another installation's means that another stack has begun to use it. */
  mark: "ours" | "none" | "another's";
  /** Virtual machines that run on it. */
  machines: readonly { name: string; migratable: boolean }[];
  /** Volumes whose only healthy replicas are on it. */
  lastCopies: readonly string[];
  /** Why it is not known that a majority of etcd's voters is reached from here; undefined: it is. */
  majority: string | undefined;
  /** Why etcd cannot do without it now; undefined: it can. */
  quorum: string | undefined;
  /** Name of an upgrade that is under way. */
  upgrade: string | undefined;
}

/** The next act. */
export type FenceAct =
  | { act: "cordon" }
  /** Its pods are evicted, so that its virtual machines move. */
  | { act: "drain"; what: string }
  | { act: "switch-off" }
  /** Its Machine is deleted, and with it the node and its etcd member. */
  | { act: "remove" }
  | { act: "wait"; what: string }
  /** Something should be done, and is not. `passes`: waiting mends that, else a person has to act. */
  | { act: "refuse"; guard: string; passes: boolean; why: string };

/** The acts that guards may refuse. */
export type GuardedAct = "cordon" | "switch-off" | "remove";

/** Decides. `guards` are all of them, but in tests that show what each one is for. */
export function decideOnReturn(signs: ReturnSigns, guards: readonly FenceGuard[] = FENCE_GUARDS): FenceAct {
  if (signs.deleting) return { act: "wait", what: `${signs.node} to be taken out by Harvester` };
  if (!signs.cordoned) return refusalOf(signs, "cordon", guards) ?? { act: "cordon" };
  if (!signs.ready && signs.greets !== true) return decideOnSilent(signs, guards);
  if (signs.greets === false && !signs.silent)
    return { act: "wait", what: `SSH to answer on ${signs.node}, or the cluster to notice that it is off` };
  if (signs.order === "asked") return { act: "wait", what: `${signs.node} to switch off` };
  const refusal = refusalOf(signs, "switch-off", guards);
  if (refusal !== undefined) return refusal;
  // Nothing can be moved off a kubelet that is silent; the cluster starts what it ran elsewhere.
  if (signs.ready && signs.machines.length > 0) {
    const names = signs.machines.map(({ name }) => name).join(", ");
    return { act: "drain", what: `${names} to move off ${signs.node}` };
  }
  const byHand =
    signs.shut ?? (signs.order === "ignored" ? "it was told to switch off, and goes on running" : undefined);
  if (byHand === undefined) return { act: "switch-off" };
  return byHandOf(byHand);
}

/**
 * Neither its kubelet nor its SSH is heard. A network that is cut in between looks the same, and then its virtual machines go on writing while the
 * cluster starts them elsewhere: only an order to go off that it was heard to take, or a person, tells that it is off.
 */
function decideOnSilent(signs: ReturnSigns, guards: readonly FenceGuard[]): FenceAct {
  const { node, alive, told, attested, greets, silent } = signs;
  if (!told) {
    if (alive !== undefined)
      return { act: "wait", what: `${node} to be Ready again, or silent for longer: ${alive}` };
    if (greets === false && !silent && !attested) return { act: "wait", what: `SSH to answer on ${node}` };
    if (!attested)
      return byHandOf(
        `nobody knows whether ${node} is off: its kubelet is silent and SSH does not answer, as where only the network is cut`,
      );
  }
  return refusalOf(signs, "remove", guards) ?? { act: "remove" };
}

function byHandOf(why: string): FenceAct {
  return {
    act: "refuse",
    guard: "by-hand",
    passes: false,
    why: `${why}. Switch it off by hand, and say so: attestations: [{serial, by, reason}] in the description, with its serial number`,
  };
}

function refusalOf(
  signs: ReturnSigns,
  act: GuardedAct,
  guards: readonly FenceGuard[],
): Extract<FenceAct, { act: "refuse" }> | undefined {
  for (const { id, acts, passes = false, refuses } of guards) {
    const why = acts.includes(act) ? refuses(signs) : undefined;
    if (why !== undefined) return { act: "refuse", guard: id, passes, why };
  }
  return undefined;
}
