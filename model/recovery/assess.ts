/** What is wrong with a node, told from several looks over time: a hiccup is waited for, a fault is repaired, and only then given up. */
import { inWords } from "../duration";
import { isFailing } from "./look";
import { type ActRecord, LONGEST_GAP_MS, type Memory, type RepairAct, type Spell } from "./memory";
import type { RecoveryPolicy } from "./policy";

/** What a node is. */
export type Assessment =
  /** Nothing is to be done. `remarks`: what deserves a look all the same. */
  | { state: "well"; remarks: readonly string[] }
  /** It fails, and not for long enough to call it a fault: it is waited for. */
  | { state: "hiccup"; why: string }
  /** A fault, and something that may mend it. */
  | { state: "repairable"; act: RepairAct; why: string }
  /** A fault that what could be tried has not mended. */
  | { state: "beyond-repair"; why: string }
  /** It is not certain what is wrong, or whose matter it is: nothing is done, and a person looks. */
  | { state: "unknown"; why: string };

/** What a node is judged by. */
export interface AssessmentRequest {
  /** Key of the node. */
  node: string;
  /** What was seen so far, the present look included. */
  memory: Memory;
  policy: Pick<RecoveryPolicy, "failureThresholdMs">;
  /** The time, ISO 8601. */
  now: string;
}

/** One look may be the BMC's or the network's bad moment; two may share it. */
const FEWEST_LOOKS = 3;

/** A node that fails and comes back as often within `FLAPPING_THRESHOLDS` times the threshold is not mended by restarting it. */
const FLAPPING_TIMES = 3;
const FLAPPING_THRESHOLDS = 4;

/** A repair that its BMC refused so often is not tried again. */
const MOST_FAILURES = 2;

/** A repaired node that fails again within a day has something that the repair did not reach. */
const RELAPSE_MS = 24 * 3_600_000;

/** A Lease that nobody renews for so long, though the node is Ready: kubelets renew it every 10 s. */
const LEASE_SILENCE_MS = 120_000;

/** Assesses a node that was looked at just now. */
export function assess(request: AssessmentRequest): Assessment {
  const spells = request.memory.spells[request.node] ?? [];
  const spell = spells.at(-1);
  if (spell === undefined) return unknown("it was never looked at");
  if (!spell.registered)
    return unknown("the cluster does not know it; `pulumi preview` says what is to be done");
  if (spell.maintenance) return unknown("it is in maintenance: somebody works on it");
  if (spell.sameHost === false)
    return unknown(
      "its BMC reports another host than the description, or one that is marked for another installation: compare hardware and bmc.endpoint",
    );
  const denied = contradictionOf(spell);
  if (denied !== undefined) return unknown(denied);
  return isFailing(spell) ? assessFailing(spells, spell, request) : assessWorking(spells, spell, request);
}

/** What cannot both be true. */
function contradictionOf({ power, ready, renewed, leaseRenewed, from, to }: Spell): string | undefined {
  if (power === "Off" && renewed)
    return "its BMC says that it is off, and its kubelet goes on reporting: the BMC is wrong, or belongs to another host";
  const lasted = Date.parse(to) - Date.parse(from);
  if (ready === "True" && leaseRenewed !== null && !renewed && lasted >= LEASE_SILENCE_MS)
    return `it counts as Ready, and has not renewed its Lease for ${inWords(lasted)}: the cluster's own controllers do not notice. Look at kube-controller-manager`;
  return undefined;
}

function assessWorking(spells: readonly Spell[], spell: Spell, { policy }: AssessmentRequest): Assessment {
  if (spell.power === "Off")
    return {
      state: "hiccup",
      why: "its BMC says that it is off, and the cluster has not noticed; the next look tells",
    };
  const lasted = Date.parse(spell.to) - Date.parse(spell.from);
  if (spell.cordoned && cordonCameWithFailure(spells)) {
    if (spell.looks < FEWEST_LOOKS || lasted < policy.failureThresholdMs)
      return { state: "hiccup", why: "it is back and still cordoned; it is watched before it is used again" };
    return {
      state: "repairable",
      act: "uncordon",
      why: "it is well again, and the cordon of its failure is still there",
    };
  }
  return { state: "well", remarks: remarksOf(spell) };
}

/** The node was schedulable before it failed, was cordoned while it did, and is so since: no person took it out of use before or after. */
function cordonCameWithFailure(spells: readonly Spell[]): boolean {
  const failed = spells.findLastIndex(isFailing);
  if (failed < 0) return false;
  const before = spells.slice(0, failed).findLast((spell) => !isFailing(spell));
  return before?.cordoned === false && spells.slice(failed).every(({ cordoned }) => cordoned);
}

function remarksOf({ power, health, installDisk, cordoned, reachable }: Spell): string[] {
  return [
    ...(power === null ? ["its BMC does not answer: if it fails, nobody can switch it"] : []),
    ...(health === "Warning" || health === "Critical" ? [`its BMC reports its health as ${health}`] : []),
    ...(installDisk === "failing" || installDisk === "gone"
      ? [`its BMC reports its install disk as ${installDisk}`]
      : []),
    ...(cordoned ? ["it is cordoned"] : []),
    ...(reachable === false ? ["SSH does not answer on it"] : []),
  ];
}

function assessFailing(spells: readonly Spell[], spell: Spell, request: AssessmentRequest): Assessment {
  const { policy, now, node, memory } = request;
  const stretch = stretchOf(spells);
  const ago = (time: number) => inWords(Date.parse(now) - time);
  const symptom = symptomOf(spell);
  const times = failuresSince(spells, Date.parse(now) - FLAPPING_THRESHOLDS * policy.failureThresholdMs);
  if (times >= FLAPPING_TIMES)
    return unknown(
      `it comes and goes (${times} failures in ${inWords(FLAPPING_THRESHOLDS * policy.failureThresholdMs)}; now ${symptom}): no restart ` +
        "mends that. Look at its network and its power supply",
    );
  const lasted = Date.parse(now) - stretch.since;
  if (lasted < policy.failureThresholdMs || stretch.looks < FEWEST_LOOKS)
    return {
      state: "hiccup",
      why:
        `${symptom}; seen by ${stretch.looks} ${stretch.looks === 1 ? "look" : "looks"} over ${inWords(lasted)}, and a fault is what ` +
        `${FEWEST_LOOKS} looks see over ${inWords(policy.failureThresholdMs)}`,
    };
  const acts = memory.acts.filter((act) => act.node === node);
  const relapse = acts.findLast(
    ({ at, act }) =>
      act !== "evict" && Date.parse(at) < stretch.begun && Date.parse(now) - Date.parse(at) < RELAPSE_MS,
  );
  if (relapse !== undefined)
    return unknown(
      `it failed again (${symptom}) after the ${relapse.act} of ${ago(Date.parse(relapse.at))} ago had brought it back`,
    );
  const tried = acts.filter(({ at }) => Date.parse(at) >= stretch.begun);
  const last = tried.at(-1);
  if (last !== undefined && Date.parse(now) - Date.parse(last.at) < policy.failureThresholdMs)
    return {
      state: "hiccup",
      why: `${symptom}; ${last.act} was tried ${ago(Date.parse(last.at))} ago, and has ${inWords(policy.failureThresholdMs)} to help`,
    };
  return diagnose(spell, tried, `${symptom} for ${inWords(lasted)}`);
}

/** What a fault calls for. Whatever still lives is never given up here, nor what nobody can switch off for certain. */
function diagnose(spell: Spell, tried: readonly ActRecord[], fault: string): Assessment {
  if (tried.some(({ act }) => act === "evict"))
    return { state: "beyond-repair", why: `${fault}; its eviction was begun and did not come to its end` };
  const switchedOn = tried.some(({ act, result }) => act === "power-on" && result === "done");
  // A reset that was cut short may have been the very moment of the off: it counts.
  const reset =
    tried.some(({ act, result }) => act === "reset" && result !== "failed") || failures(tried, "reset");
  if (spell.ready === "True")
    return unknown(
      `${fault}, while its kubelet works and virtual machines may run on it. Look at rke2-server there ` +
        "(journalctl -u rke2-server); if its data is broken, reinstall the node in place",
    );
  if (spell.power === null)
    return unknown(
      `${fault}, and its BMC does not answer: whether it is off cannot be told. Look at it on site`,
    );
  if (spell.bootsFromDisk === false)
    return unknown(`${fault}, and its next start would not come from disk: somebody is about to install it`);
  if (spell.power === "changing") return { state: "hiccup", why: `${fault}; its power is changing just now` };
  if (spell.power === "Off") {
    if (!switchedOn && failures(tried, "power-on"))
      return { state: "beyond-repair", why: `${fault}, and it does not switch on` };
    if (!switchedOn) return { state: "repairable", act: "power-on", why: `${fault}, and it is off` };
    return unknown(
      `${fault}: it was switched on and is off again. If somebody works on it, say so by maintenance; else look at its power supply`,
    );
  }
  if (spell.reachable !== false || spell.etcdAnswers === true) {
    if (!reset && spell.reachable !== null)
      return { state: "repairable", act: "reset", why: `${fault}, though its operating system answers` };
    return unknown(
      spell.reachable === null
        ? `${fault}, and whether its operating system answers could not be learnt`
        : `${fault}, though its operating system answers, also after a reset. Look at rke2-server there (journalctl -u rke2-server)`,
    );
  }
  const broken = hardwareFaultOf(spell);
  if (reset || (switchedOn && broken !== undefined)) {
    const why = tried.map(({ act }) => act).join(" and ");
    return {
      state: "beyond-repair",
      why: `${fault}; ${why} did not help${broken === undefined ? "" : `, and ${broken}`}`,
    };
  }
  return { state: "repairable", act: "reset", why: `${fault}, and nothing on it answers, though it is on` };
}

/** Whether an act has failed so often that it is spent: once, a BMC may have had a bad moment. */
function failures(tried: readonly ActRecord[], act: RepairAct): boolean {
  return tried.filter((record) => record.act === act && record.result === "failed").length >= MOST_FAILURES;
}

function hardwareFaultOf({ installDisk, health }: Spell): string | undefined {
  if (installDisk === "gone") return "its install disk is gone";
  if (installDisk === "failing") return "its install disk is failing";
  return health === "Critical" ? "its BMC reports its health as Critical" : undefined;
}

function symptomOf({ ready, votes, etcdAnswers }: Spell): string {
  if (ready === "Unknown") return "its kubelet is silent";
  if (ready !== "True") return "it is not Ready";
  return etcdAnswers === false
    ? "its etcd member does not commit"
    : votes === false
      ? "its etcd member does not vote"
      : "";
}

/** The failure that goes on now: when it was first seen, since when it is there for certain, and how many looks saw it. */
function stretchOf(spells: readonly Spell[]): { begun: number; since: number; looks: number } {
  let first = spells.length - 1;
  while (first > 0 && isFailing(spells[first - 1]!) && joins(spells[first - 1]!, spells[first]!)) first--;
  const looks = spells.slice(first).reduce((sum, spell) => sum + spell.looks, 0);
  const begun = Date.parse(spells[first]!.from);
  // A node that was Ready between two looks has a later transition than the first of them.
  const { ready, readySince } = spells.at(-1)!;
  const turned = ready === "True" || readySince === null ? begun : Date.parse(readySince);
  return { begun, since: Math.max(begun, turned || begun), looks };
}

/** Whether two failing spells are one failure: close enough, or Kubernetes vouches for the time between. */
function joins(left: Spell, right: Spell): boolean {
  const covered = right.readySince !== null && Date.parse(right.readySince) <= Date.parse(left.to);
  return covered || Date.parse(right.from) - Date.parse(left.to) <= LONGEST_GAP_MS;
}

/** How many failures there were since a time, each with a well look before it. */
function failuresSince(spells: readonly Spell[], time: number): number {
  return spells.filter(
    (spell, at) =>
      isFailing(spell) && Date.parse(spell.from) >= time && at > 0 && !isFailing(spells[at - 1]!),
  ).length;
}

function unknown(why: string): Assessment {
  return { state: "unknown", why };
}
