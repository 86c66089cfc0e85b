/** The course of a change, played on a simulated cluster: every step's consequences follow from the state that it finds. */
import { creatorKeyOf, freshNode } from "../control-plane";
import type { NodeDescription } from "../description";
import { joinWaves } from "../joins";
import { isMember, nextPromotion, promotedNode, replayPromotions } from "../promotion";
import { isFull, roleOf } from "../roles";
import type { Change } from "./change";
import { disksOf, disksOfInstallation } from "./disks";
import type { NodeFacts } from "./facts";
import { isWorse, momentOf, worstOf } from "./moment";
import { promotionVersion, type Situation } from "./situation";
import type { Finality, Moment, NamedDisk, Step, StepKind } from "./step";
import { type Displaced, displacedFrom } from "./virtual-machines";

/** A step with what rules look at. */
export interface DraftStep extends Step {
  /** The nodes that it finds. */
  from: readonly NodeFacts[];
  /** The nodes that it leaves behind. */
  to: readonly NodeFacts[];
  /** Every moment that it passes through before its end. */
  stages: readonly Moment[];
}

interface StepDetails {
  node?: string;
  finality: Finality;
  stages?: readonly Moment[];
  /** Show the worst stage even if it is no worse than before and after. */
  showStage?: boolean;
  wiped?: readonly NamedDisk[];
  kept?: readonly NamedDisk[];
  /** What becomes of virtual machines. @default none is touched */
  machines?: Displaced;
  /** The count of `reinstall` of the machine that comes or goes. */
  reinstall?: number;
}

/** A simulated cluster and the steps that it has taken. Each act is one step; promotions follow by themselves. */
export class Course {
  readonly steps: DraftStep[] = [];
  readonly promoted: string[] = [];
  #nodes: readonly NodeFacts[];
  #version: string | undefined;

  constructor(private readonly situation: Situation) {
    this.#nodes = situation.nodes;
    this.#version = situation.version ?? situation.after.version;
    this.#finishPromotions();
    this.#promote();
  }

  /** The nodes as they are by now. */
  get nodes(): readonly NodeFacts[] {
    return this.#nodes;
  }

  /** The creator is installed and forms the cluster. */
  create(key: string): void {
    this.#act("create", `${key} will be installed and create the cluster`, [this.#fresh(key, true)], {
      node: key,
      finality: "compensable",
      ...this.#wipes(key),
    });
  }

  /** A machine is installed and joins. */
  join(key: string): void {
    this.#act("join", `${key} will be installed and join the cluster`, [...this.#nodes, this.#fresh(key)], {
      node: key,
      finality: "compensable",
      ...this.#wipes(key),
    });
  }

  /** A node leaves for good: a living one is emptied first, a dead one is fenced and removed. */
  leave(key: string): void {
    const node = this.#node(key);
    const rest = this.#nodes.filter((other) => other !== node);
    const what = describeRole(node);
    this.#act(
      node.healthy ? "leave" : "remove",
      node.healthy
        ? `${key} (${what}) will be emptied, leave the cluster and be switched off`
        : `${key} (${what}, not Ready) will be switched off for good and be taken out of the cluster`,
      rest,
      {
        node: key,
        reinstall: node.reinstall ?? this.situation.before?.nodes[key]?.reinstall ?? 0,
        // A dead machine takes what only it held with it; a living one is emptied before.
        finality: node.healthy ? "compensable" : "final",
        stages: [momentOf(this.#away(node))],
        kept: disksOf(key, this.situation.before?.nodes[key]),
        machines: this.#displaced([key]),
      },
    );
  }

  /** A node is installed anew on the same host. */
  reinstall(key: string): void {
    const node = this.#node(key);
    const gone = this.#nodes.filter((other) => other !== node);
    const { nodes, taken, stages } = this.#meanwhile(gone);
    const seat =
      taken.length > 0 ? `; ${taken.join(", ")} will take its seat in the control plane meanwhile` : "";
    const details: StepDetails = {
      node: key,
      reinstall: this.#planned(key).reinstall ?? 0,
      finality: "final",
      stages: [momentOf(this.#away(node)), ...stages],
      showStage: isMember(node),
      ...this.#wipes(key),
      machines: this.#displaced([key]),
    };
    this.#act(
      "reinstall",
      `${key} (${describeRole(node)}) will leave, be installed anew and join again${seat}`,
      [...nodes, this.#fresh(key)],
      details,
    );
  }

  /** Role, zone and labels of a node become the wanted ones. */
  relabel(key: string): void {
    const node = this.#node(key);
    const planned = this.#planned(key);
    const [was, role] = [describeRole(node), roleOf(planned)];
    const parts = [
      ...(node.role === role ? [] : [`role ${role} instead of ${node.role}`]),
      ...((node.zone ?? "") === (planned.zone ?? "")
        ? []
        : [`zone ${planned.zone ?? "none"} instead of ${node.zone ?? "none"}`]),
    ];
    const { zone: _, ...others } = node;
    const relabelled = { ...others, role, ...(planned.zone === undefined ? {} : { zone: planned.zone }) };
    this.#act(
      "relabel",
      `${key} (${was}) will get ${parts.length > 0 ? parts.join(" and ") : "other labels"}`,
      replaced(this.#nodes, relabelled),
      { node: key, finality: "reversible" },
    );
  }

  /** A node is drained and kept out of use. */
  maintain(key: string): void {
    const to = replaced(this.#nodes, { ...this.#node(key), maintenance: true, cordoned: true });
    this.#act("maintain", `${key} will be drained and kept out of use`, to, {
      node: key,
      finality: "reversible",
      machines: this.#displaced([key]),
    });
  }

  /** A node is taken back into use. */
  resume(key: string): void {
    const to = replaced(this.#nodes, { ...this.#node(key), maintenance: false, cordoned: false });
    this.#act("resume", `${key} will be taken back into use`, to, { node: key, finality: "reversible" });
  }

  /** The machine of a node in maintenance is shut down. */
  switchOff(key: string): void {
    const to = replaced(this.#nodes, { ...this.#node(key), healthy: false, switchedOff: true });
    const about = `${key} will be switched off, and kept off`;
    this.#act("switch-off", about, to, { node: key, finality: "reversible" });
  }

  /** Such a machine is started, and its node is Ready again. */
  switchOn(key: string): void {
    const to = replaced(this.#nodes, { ...this.#node(key), healthy: true, switchedOff: false });
    this.#act("switch-on", `${key} will be switched on`, to, { node: key, finality: "reversible" });
  }

  /** The whole cluster goes to another version, node after node. */
  upgrade(version: string): void {
    const about = `the cluster will be upgraded from ${this.#version ?? "its version"} to ${version}, one node after another`;
    const stages: Moment[] = [];
    let to = this.#nodes;
    for (const { name, healthy } of this.#nodes.filter((node) => node.version !== version)) {
      // Whoever restarts is passed over by promotion, so that one whose turn never came may have it now.
      const away = to.map((node) => (node.name === name ? { ...node, healthy: false } : node));
      const meanwhile = this.#meanwhile(away);
      stages.push(...meanwhile.stages);
      const back = healthy || this.situation.upgrade !== undefined;
      to = meanwhile.nodes.map((node) => (node.name === name ? { ...node, healthy: back, version } : node));
    }
    this.#act("upgrade", about, to, { finality: "final", stages, machines: this.#displaced(undefined) });
    this.#version = version;
  }

  /** Everything is backed up, every machine is retired; nothing is left. */
  rebuild(): void {
    const gone = Object.keys(this.situation.before?.nodes ?? {}).filter(
      (key) => this.situation.after.nodes[key] === undefined,
    );
    this.#act(
      "rebuild",
      "virtual machines will be backed up, and every machine of this cluster will be retired",
      [],
      {
        finality: "final",
        kept: gone.flatMap((key) => disksOf(key, this.situation.before?.nodes[key])),
        machines: displacedFrom(undefined, [], this.situation.virtualMachines),
      },
    );
    this.#version = this.situation.after.version;
  }

  #act(kind: StepKind, about: string, to: readonly NodeFacts[], details: StepDetails): void {
    const { node, finality, stages = [], showStage = false, wiped = [], kept = [] } = details;
    const [before, after] = [momentOf(this.#nodes), momentOf(to)];
    const worst = worstOf(stages);
    const shown = worst !== undefined && (showStage || (isWorse(worst, before) && isWorse(worst, after)));
    this.steps.push({
      kind,
      ...(node === undefined ? {} : { node }),
      ...(details.reinstall === undefined ? {} : { reinstall: details.reinstall }),
      about,
      ...(shown ? { during: worst } : {}),
      after,
      finality,
      wiped,
      kept,
      ...(details.machines ?? { moving: [], stopping: [] }),
      from: this.#nodes,
      to,
      stages,
    });
    this.#nodes = to;
    if (kind !== "promote") this.#promote();
  }

  /** Promotions that are under way when the change begins are waited for. */
  #finishPromotions(): void {
    if (!momentOf(this.#nodes).quorum.reached) return;
    const running = this.#nodes.filter(
      (node) => !isMember(node) && (node.promoteStatus === "running" || node.promoteStatus === "complete"),
    );
    for (const { name } of running) this.#seat(name);
  }

  /** What Harvester does by itself while the nodes are these, and the moments that it passes through. */
  #meanwhile(nodes: readonly NodeFacts[]): {
    nodes: readonly NodeFacts[];
    taken: string[];
    stages: Moment[];
  } {
    let current = nodes;
    const [taken, stages]: [string[], Moment[]] = [[], [momentOf(nodes)]];
    for (let pick = this.#pickOf(current); pick !== undefined; pick = this.#pickOf(current)) {
      current = promoted(current, pick);
      taken.push(pick);
      stages.push(momentOf(current));
    }
    this.promoted.push(...taken);
    return { nodes: current, taken, stages };
  }

  #promote(): void {
    for (let pick = this.#pickOf(this.#nodes); pick !== undefined; pick = this.#pickOf(this.#nodes)) {
      this.#seat(pick);
    }
  }

  #seat(name: string): void {
    const seat = isFull(this.#node(name).role) ? "etcd and an API server" : "etcd";
    this.promoted.push(name);
    this.#act(
      "promote",
      `${name} will be promoted to the control plane (${seat})`,
      promoted(this.#nodes, name),
      {
        node: name,
        finality: "compensable",
      },
    );
  }

  /** Without a quorum nothing can be written, and so nobody be promoted. */
  #pickOf(nodes: readonly NodeFacts[]): string | undefined {
    if (!momentOf(nodes).quorum.reached) return undefined;
    return nextPromotion(nodes, promotionVersion(this.#version)).pick;
  }

  #node(key: string): NodeFacts {
    return this.#nodes.find(({ name }) => name === key)!;
  }

  #planned(key: string): NodeDescription {
    return this.situation.after.nodes[key]!;
  }

  /** The nodes while one of them is out. */
  #away(node: NodeFacts): NodeFacts[] {
    return replaced(this.#nodes, { ...node, healthy: false });
  }

  #fresh(key: string, creates = false): NodeFacts {
    const planned = this.#planned(key);
    const created = Math.max(-1, ...this.#nodes.map((node) => node.created)) + 1;
    return {
      ...freshNode(this.situation.after, key, created, creates),
      role: roleOf(planned),
      version: this.situation.after.version,
      reinstall: planned.reinstall ?? 0,
    };
  }

  #wipes(key: string): Pick<StepDetails, "wiped" | "kept"> {
    return disksOfInstallation(key, this.situation.before?.nodes[key], this.#planned(key));
  }

  #displaced(emptied: readonly string[] | undefined): Displaced {
    return displacedFrom(emptied, this.#nodes, this.situation.virtualMachines);
  }
}

/** The steps from what is to what is wanted, whether or not they may be taken. */
export function draftOf(situation: Situation, change: Change): Course {
  const course = new Course(situation);
  if (change.rebuild) course.rebuild();
  if (change.rebuild || change.provision) {
    provision(course, situation);
    return course;
  }
  for (const key of change.switchOns) course.switchOn(key);
  for (const key of change.resumes) course.resume(key);
  for (const key of change.relabels) course.relabel(key);
  // Replacements come before those that they replace.
  for (const key of inOrderOfJoining(course, situation, change.joins)) course.join(key);
  for (const key of change.leaves) course.leave(key);
  for (const key of change.reinstalls) course.reinstall(key);
  for (const key of change.maintains) course.maintain(key);
  for (const key of change.switchOffs) course.switchOff(key);
  if (change.upgrade !== undefined) course.upgrade(change.upgrade.to);
  return course;
}

function provision(course: Course, { after }: Situation): void {
  const creator = creatorKeyOf(after);
  if (creator === undefined) return;
  course.create(creator);
  const { first, rest } = joinWaves(after, creator);
  for (const key of [...first.flat(), ...rest]) course.join(key);
}

/** Those that would be promoted if all came at once join first, so that the one that is meant takes the seat. */
function inOrderOfJoining(course: Course, { after, version }: Situation, joins: readonly string[]): string[] {
  if (joins.length < 2) return [...joins];
  const youngest = Math.max(-1, ...course.nodes.map(({ created }) => created));
  const fresh = joins.map((key, index) => freshNode(after, key, youngest + 1 + index));
  const { promoted } = replayPromotions([...course.nodes, ...fresh], promotionVersion(version));
  const wanted = promoted.filter((key) => joins.includes(key));
  return [...wanted, ...joins.filter((key) => !wanted.includes(key))];
}

function promoted(nodes: readonly NodeFacts[], name: string): NodeFacts[] {
  return nodes.map((node) => (node.name === name ? { ...node, ...promotedNode(node) } : node));
}

function replaced(nodes: readonly NodeFacts[], changed: NodeFacts): NodeFacts[] {
  return nodes.map((node) => (node.name === changed.name ? changed : node));
}

function describeRole(node: NodeFacts): string {
  if (!isMember(node)) return node.role;
  return node.controlPlane ? `${node.role}, member of the control plane` : `${node.role}, etcd only`;
}
