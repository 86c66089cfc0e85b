/**
 * Every small cluster, every single edit, one failure at every act: whatever a planner accepts is carried out on a simulated world, and
 * either keeps the promises or is a counter-example.
 */
import { previewControlPlane } from "../../../model/control-plane";
import type { ClusterDescription, NodeDescription, Role } from "../../../model/description";
import { errorsOf } from "../../../model/problem";
import type { Transition } from "../../../model/transition";
import type { Plan } from "./cluster";
import {
  type Act,
  actsOf,
  Broken,
  etcdOf,
  kill,
  look,
  settle,
  type Wish,
  type World,
  type WorldNode,
} from "./semantics";

/** Which clusters are explored. */
export interface Space {
  /** Most nodes of a cluster. */
  nodes: number;
  /** Zones that the nodes are spread over, every node in one; none: without zones. */
  zones: 0 | 3;
  /** Failures at every act. */
  failures: boolean;
  /**
   * Fewest nodes from which on worlds that differ only in ages that decide nothing count as one. Age decides among living nodes that may be
   * promoted; members and dead nodes have none to lose.
   */
  agelessFrom: number;
}

/** What was explored, counted. */
export interface Counts {
  clusters: number;
  states: number;
  edits: number;
  plans: number;
  accepted: number;
  refused: number;
  acts: number;
  nodeDies: number;
  /** Of those in which the process is killed, those before an act that needs a BMC: a silent one leaves the same world, as nothing was done. */
  bmcSilent: number;
  processKilled: number;
}

const ROLES: readonly Role[] = ["management", "default", "witness", "worker"];
const ZONES = ["a", "b", "c"];
const [VERSION, NEXT_VERSION] = ["v1.6.1", "v1.7.3"];

interface Edit {
  name: string;
  before: ClusterDescription;
  after: ClusterDescription;
  wish: Wish;
}

/** Explores a space. Throws the first counter-example as a trace that a person can read. */
export function explore(plan: Plan, space: Space): Counts {
  const counts: Counts = {
    clusters: 0,
    states: 0,
    edits: 0,
    plans: 0,
    accepted: 0,
    refused: 0,
    acts: 0,
    nodeDies: 0,
    bmcSilent: 0,
    processKilled: 0,
  };
  for (let size = 1; size <= space.nodes; size++) {
    for (const zones of zonings(size, space.zones)) {
      for (const roles of rows(size)) exploreRow(plan, space, counts, roles, zones);
    }
  }
  return counts;
}

function exploreRow(
  plan: Plan,
  space: Space,
  counts: Counts,
  roles: readonly Role[],
  zones: readonly (string | undefined)[],
): void {
  const declared = roles.map((role, index) => [`n${index + 1}`, { role, zone: zones[index] }]);
  // What `validateDescription` refuses never becomes a cluster.
  if (
    errorsOf(previewControlPlane({ version: VERSION, nodes: Object.fromEntries(declared) }).problems).length >
    0
  )
    return;
  const starts = startsOf(roles, zones);
  const edits = editsOf(roles, zones, space);
  const check = new Check(plan, counts);
  counts.edits += edits.length;
  for (const start of starts) {
    counts.clusters++;
    for (let dead = 0; dead < 1 << roles.length; dead++) {
      const nodes = start.nodes.map((node, index) => ((dead >> index) & 1 ? { ...node, up: false } : node));
      if (roles.length >= space.agelessFrom && !isRepresentative(nodes)) continue;
      counts.states++;
      for (const edit of edits) check.from({ ...start, nodes }, edit, space.failures);
    }
  }
  if (space.failures) for (const edit of firstEdits(roles, zones)) check.from(NOTHING, edit, true);
}

const NOTHING: World = { nodes: [], version: VERSION!, generation: 1 };

class Check {
  readonly #known = new Map<string, boolean>();
  readonly #atRest = new Set<string>();
  #trace: string[] = [];

  constructor(
    private readonly plan: Plan,
    private readonly counts: Counts,
  ) {}

  /** Plans an edit in a world, carries the plan out if it is accepted, and answers whether it was. */
  from(world: World, edit: Edit, failures: boolean): boolean {
    const key = `${edit.name} ${keyOf(world)}`;
    const known = this.#known.get(key);
    if (known !== undefined && !failures) return known;
    const depth = this.#trace.length;
    this.#trace.push(`world: ${describe(world)}`, `edit: ${edit.name}`);
    try {
      const accepted = this.#carryOut(world, edit, failures);
      this.#known.set(key, accepted);
      return accepted;
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const trace = this.#trace;
      this.#trace = [];
      throw new Error(`${error.message}\n  ${trace.join("\n  ")}`);
    } finally {
      this.#trace.length = Math.min(this.#trace.length, depth);
    }
  }

  #carryOut(world: World, edit: Edit, failures: boolean): boolean {
    this.counts.plans++;
    const transition = this.#planned(world, edit.before, edit.after);
    if (isRefused(transition)) {
      this.counts.refused++;
      return false;
    }
    this.counts.accepted++;
    judgeSteps(transition);
    let now = settle(world);
    const found = etcdOf(now).voters;
    const { steps } = transition;
    for (const [index, step] of steps.entries()) {
      this.#trace.push(`step: ${step.about}`);
      for (const act of actsOf(step, edit.wish, now)) {
        this.counts.acts++;
        if (failures) this.#fail(now, act, edit);
        this.#trace.push(`  ${act.name}`);
        now = this.#do(act, now, step.kind === "upgrade");
      }
      if (steps[index + 1]?.kind === "promote" || now.upgradingTo !== undefined) continue;
      const [told, real] = [[...step.after.voters].sort().join(), votersOf(now)];
      if (told !== real) throw new Broken(`the plan tells voters ${told}, and they are ${real}`);
    }
    this.#judgeRest(now, found, edit, transition);
    return true;
  }

  /** P3: an act of ours never ends etcd's life. A single voter that is upgraded restarts, by Harvester's own design. */
  #do(act: Act, now: World, upgrade: boolean): World {
    const [before, next] = [etcdOf(now), act.apply(now)];
    const after = etcdOf(next);
    const gone = before.alive && !after.alive && next.generation === now.generation;
    if (gone && !(upgrade && before.voters === 1)) {
      throw new Broken(`P3: ${after.answering} of ${after.voters} voters answer after "${act.name}"`);
    }
    return settle(next);
  }

  /** One failure right before an act; then another run plans from what it finds. */
  #fail(now: World, act: Act, edit: Edit): void {
    const resume = (why: string, world: World) => {
      this.#trace.push(`failure: ${why} before "${act.name}"`);
      const accepted = this.from(world, edit, false);
      this.#trace.pop();
      return accepted;
    };
    const why = act.bmc ? "the process is killed, or the BMC is silent," : "the process is killed";
    this.counts.processKilled++;
    if (act.bmc) this.counts.bmcSilent++;
    if (!resume(why, now)) {
      this.#trace.push(`failure: ${why} before "${act.name}"`, `world: ${describe(now)}`);
      const { findings } = this.#planned(now, edit.before, edit.after);
      throw new Broken(`P8: the next run does not go on: ${JSON.stringify(findings)}`);
    }
    for (const { name, up } of now.nodes) {
      if (!up) continue;
      this.counts.nodeDies++;
      resume(`${name} dies`, settle(kill(now, name)));
    }
  }

  #judgeRest(now: World, found: number, { after, wish }: Edit, { kind }: Transition): void {
    const { voters } = etcdOf(now);
    // A pause inside a running upgrade is no resting point.
    if (now.upgradingTo !== undefined) return;
    // An even number that a failure brought about may stay; no change of ours makes one.
    if (voters !== 1 && voters !== 3 && voters !== found)
      throw new Broken(`P4: the change rests at ${voters} voters`);
    if (now.nodes.some(({ version }) => version !== wish.version))
      throw new Broken("P4: versions are mixed at rest");
    const wanted = Object.entries(wish.nodes).map(([name, { role, zone }]) => `${name} ${role} ${zone}`);
    const there = now.nodes.map(({ name, role, zone }) => `${name} ${role} ${zone}`);
    if (wanted.sort().join() !== there.sort().join())
      throw new Broken(`the ${kind} ends as ${there.join(", ")}`);
    const key = `${wish.generation}${wish.version}${wanted.join()} ${keyOf(now)}`;
    if (this.#atRest.has(key)) return;
    this.#atRest.add(key);
    const again = this.#planned(now, after, after);
    if (again.steps.length > 0) throw new Broken(`the next plan is not empty: ${again.steps[0]!.about}`);
  }

  #planned(world: World, before: ClusterDescription, after: ClusterDescription): Transition {
    // Before the first machine was asked to create a cluster there is no state; from then on there is one.
    const first = world.nodes.length === 0 && world.creator === undefined && world.generation === 1;
    return this.plan({ ...(first ? {} : { before }), after, facts: look(world) });
  }
}

/** What can be said of steps without taking them. */
function judgeSteps({ steps }: Transition): void {
  for (const { kind, node, wiped } of steps) {
    const wipes = ["create", "join", "reinstall"].includes(kind);
    if (wipes !== wiped.some((disk) => disk.node === node))
      throw new Broken(`P2: ${kind} ${node} lists ${wiped.length} wiped disks`);
  }
  if (
    steps.some(({ kind }) => kind === "upgrade") &&
    steps.some(({ kind }) => kind !== "upgrade" && kind !== "promote")
  ) {
    throw new Broken("P5: an upgrade and other steps in one plan");
  }
}

function isRefused({ findings, steps }: Transition): boolean {
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0 && steps.length > 0) throw new Broken("a refused plan has steps");
  const lost = errors.find(({ next }) => next === undefined || next === "");
  if (lost !== undefined) throw new Broken(`no way on is told: ${lost.message}`);
  return errors.length > 0;
}

function votersOf({ nodes }: World): string {
  return nodes
    .filter(({ etcd }) => etcd)
    .map(({ name }) => name)
    .sort()
    .join();
}

/** Every row of roles, by age; one witness at most, and somebody who can carry a cluster. */
function* rows(length: number, row: readonly Role[] = []): Iterable<Role[]> {
  if (row.length === length) {
    if (row.some((role) => role === "management" || role === "default")) yield [...row];
    return;
  }
  for (const role of ROLES)
    if (role !== "witness" || !row.includes(role)) yield* rows(length, [...row, role]);
}

/** Every way to spread nodes over zones, up to the zones' names. */
function* zonings(
  length: number,
  count: 0 | 3,
  row: readonly string[] = [],
): Iterable<(string | undefined)[]> {
  if (count === 0) {
    yield Array<undefined>(length).fill(undefined);
    return;
  }
  if (row.length === length) {
    yield [...row];
    return;
  }
  const used = new Set(row).size;
  for (const zone of ZONES.slice(0, Math.min(count, used + 1))) yield* zonings(length, count, [...row, zone]);
}

/** Of all worlds that differ only in ages that decide nothing, the one whose members and dead nodes stand first, in order. */
function isRepresentative(nodes: readonly WorldNode[]): boolean {
  const rank = ({ etcd, up, role }: WorldNode) =>
    etcd ? ROLES.indexOf(role) * 2 + Number(up) : up ? 100 : 10 + ROLES.indexOf(role);
  return nodes.every((node, index) => index === 0 || rank(nodes[index - 1]!) <= rank(node));
}

/** Living clusters with these nodes: every machine that may have created it, the others all at once or one after another. */
function startsOf(roles: readonly Role[], zones: readonly (string | undefined)[]): World[] {
  const found = new Map<string, World>();
  for (const [creator, role] of roles.entries()) {
    if (role !== "management" && role !== "default") continue;
    const nodes = roles.map((_, index) => nodeOf(index, roles[index]!, zones[index], index === creator));
    const empty = { ...NOTHING, creator: `n${creator + 1}` };
    const ordered = [nodes[creator]!, ...nodes.filter((_, index) => index !== creator)];
    let grown: World = { ...empty, nodes: [] };
    for (const node of ordered) {
      const members = new Map(grown.nodes.map((member) => [member.name, member]));
      members.set(node.name, node);
      grown = settle({ ...empty, nodes: nodes.flatMap(({ name }) => members.get(name) ?? []) });
    }
    for (const world of [settle({ ...empty, nodes }), grown]) {
      const { voters } = etcdOf(world);
      if (voters === 1 || voters === 3) found.set(votersOf(world), world);
    }
  }
  return [...found.values()];
}

function nodeOf(index: number, role: Role, zone: string | undefined, creates: boolean): WorldNode {
  return {
    name: `n${index + 1}`,
    role,
    ...(zone === undefined ? {} : { zone }),
    up: true,
    away: false,
    off: false,
    cordoned: false,
    etcd: creates,
    apiServer: creates,
    born: index + 1,
    version: VERSION!,
    reinstall: 0,
  };
}

/** What an edit makes of single nodes; undefined takes one out. */
type Nodes = Record<string, NodeDescription | undefined>;

function editsOf(roles: readonly Role[], zones: readonly (string | undefined)[], space: Space): Edit[] {
  const base: Nodes = Object.fromEntries(
    roles.map((role, index) => [`n${index + 1}`, planned(index, role, zones[index])]),
  );
  const before = descriptionOf(base);
  const edits: Edit[] = [];
  const add = (name: string, nodes: Nodes, more: Partial<ClusterDescription> = {}) => {
    const after = descriptionOf({ ...base, ...nodes }, more);
    if (Object.keys(after.nodes).length > 0) edits.push({ name, before, after, wish: wishOf(after) });
  };
  edits.push({ name: "nothing", before, after: before, wish: wishOf(before) });
  const next = `n${roles.length + 1}`;
  const room = roles.length < space.nodes;
  const fresh = ROLES.flatMap((role) =>
    (space.zones === 0 ? [undefined] : ZONES).map((zone) => ({
      role,
      zone,
      text: zone === undefined ? role : `${role}/${zone}`,
    })),
  );
  for (const { role, zone, text } of room ? fresh : []) {
    add(`add ${next} ${text}`, { [next]: planned(roles.length, role, zone) });
  }
  for (const [index, role] of roles.entries()) {
    const [name, zone] = [`n${index + 1}`, zones[index]];
    add(`remove ${name}`, { [name]: undefined });
    add(`reinstall ${name}`, { [name]: planned(index, role, zone, { reinstall: 1 }) });
    add(`reinstall ${name} worker`, { [name]: planned(index, "worker", zone, { reinstall: 1 }) });
    add(`maintain ${name}`, { [name]: planned(index, role, zone, { maintenance: true }) });
    for (const other of ROLES)
      if (other !== role) add(`relabel ${name} ${other}`, { [name]: planned(index, other, zone) });
    for (const other of space.zones === 0 ? [] : ZONES) {
      if (other !== zone) add(`move ${name} to ${other}`, { [name]: planned(index, role, other) });
    }
    if (room)
      add(`replace ${name}`, {
        [name]: undefined,
        [next]: planned(roles.length, role === "worker" ? "default" : role, zone),
      });
  }
  add("upgrade", {}, { version: NEXT_VERSION });
  add("rebuild", {}, { generation: 2 });
  add("rebuild with the next version", {}, { generation: 2, version: NEXT_VERSION });
  return edits;
}

/** The first cluster that machines form. */
function firstEdits(roles: readonly Role[], zones: readonly (string | undefined)[]): Edit[] {
  const after = descriptionOf(
    Object.fromEntries(roles.map((role, index) => [`n${index + 1}`, planned(index, role, zones[index])])),
  );
  const { voters } = etcdOf(startsOf(roles, zones)[0]!);
  return voters === 1 || voters === 3
    ? [{ name: "provision", before: after, after, wish: wishOf(after) }]
    : [];
}

const COMMON = { name: "demo", version: VERSION, vip: { address: "192.168.10.10" } } as ClusterDescription;

function descriptionOf(nodes: Nodes, more: Partial<ClusterDescription> = {}): ClusterDescription {
  const described = Object.entries(nodes).filter(([, node]) => node !== undefined) as [
    string,
    NodeDescription,
  ][];
  return { ...COMMON, ...more, nodes: Object.fromEntries(described) };
}

/** As much of a description as decides; its rules are tested elsewhere. */
function planned(
  index: number,
  role: Role,
  zone: string | undefined,
  more: Partial<NodeDescription> = {},
): NodeDescription {
  return { role, ...(zone === undefined ? {} : { zone }), ...MACHINES[index]!, ...more } as NodeDescription;
}

const MACHINES = Array.from({ length: 8 }, (_, index) => ({
  hardware: { uuid: `4c4c4544-0042-3510-8052-b4c04f4e4d0${index}`, serial: `SN${index}` },
  disks: { install: { device: `/dev/disk/by-id/os-${index}`, serial: `OS${index}` } },
}));

function wishOf({ version, generation = 1, nodes }: ClusterDescription): Wish {
  return {
    version,
    generation,
    nodes: Object.fromEntries(
      Object.entries(nodes).map(([name, { role = "default", zone, reinstall = 0 }]) => [
        name,
        { role, ...(zone === undefined ? {} : { zone }), reinstall },
      ]),
    ),
  };
}

function keyOf({ nodes, version, generation, upgradingTo = "", creator = "" }: World): string {
  let key = `${version}${generation}${upgradingTo}${creator}`;
  for (const {
    name,
    role,
    zone,
    up,
    away,
    cordoned,
    etcd,
    version,
    reinstall,
    restarting,
    joining,
  } of nodes) {
    key += `|${name}${role[0]}${role[1]}${zone}${up ? 1 : 0}${away ? 1 : 0}${cordoned ? 1 : 0}${etcd ? 1 : 0}${version}${reinstall}${restarting ? 1 : 0}${joining ? 1 : 0}`;
  }
  return key;
}

function describe({ nodes, version, upgradingTo }: World): string {
  const each = nodes.map(({ name, role, zone, up, away, etcd }) =>
    [
      name,
      role,
      zone,
      etcd ? "voter" : undefined,
      up ? undefined : "dead",
      away ? "in maintenance" : undefined,
    ]
      .filter((word) => word !== undefined)
      .join(" "),
  );
  return `${each.join(", ") || "nothing"} (${version}${upgradingTo === undefined ? "" : ` on the way to ${upgradingTo}`})`;
}
