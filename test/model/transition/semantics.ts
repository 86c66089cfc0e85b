/**
 * What a cluster really does when the steps of a plan are carried out: machines boot and stop, Harvester promotes by itself, etcd counts.
 * It shares nothing with the planner but Harvester's promotion itself, which is held against recorded cases.
 */
import type { Role } from "../../../model/description";
import { nextPromotion, type PromotionNode } from "../../../model/promotion";
import type { ClusterFacts, Step } from "../../../model/transition";

/** A node as it is. */
export interface WorldNode {
  readonly name: string;
  readonly role: Role;
  readonly zone?: string;
  /** Ready. */
  readonly up: boolean;
  /** Not Ready because it is still being installed: it becomes Ready by itself. */
  readonly joining?: boolean;
  /** Not Ready because an upgrade restarts it: it comes back by itself. */
  readonly restarting?: boolean;
  /** In maintenance: it may be switched off at any time. */
  readonly away: boolean;
  /** Switched off on purpose. */
  readonly off: boolean;
  readonly cordoned: boolean;
  readonly etcd: boolean;
  readonly apiServer: boolean;
  readonly born: number;
  readonly version: string;
  readonly reinstall: number;
}

/** The world: one place for a cluster. Immutable; each act makes another one. */
export interface World {
  readonly nodes: readonly WorldNode[];
  readonly version: string;
  readonly generation: number;
  /** The version that an upgrade under way leads to. */
  readonly upgradingTo?: string;
  /** The machine that has created the cluster of this generation. */
  readonly creator?: string;
}

/** What a machine is to become, by the description. */
export interface Wish {
  readonly version: string;
  readonly generation: number;
  readonly nodes: Readonly<Record<string, { role: Role; zone?: string; reinstall: number }>>;
}

/** One indivisible act of a step. It throws if what it does breaks a promise by itself. */
export interface Act {
  name: string;
  /** It needs the BMC of the step's node. */
  bmc: boolean;
  apply(world: World): World;
}

/** A promise that was broken. */
export class Broken extends Error {}

/** How many voters there are, and whether enough of them answer. */
export function etcdOf(world: World): { voters: number; answering: number; alive: boolean } {
  let [voters, answering] = [0, 0];
  for (const node of world.nodes) {
    if (!node.etcd) continue;
    voters++;
    if (node.up && !node.away) answering++;
  }
  return { voters, answering, alive: voters > 0 && answering * 2 > voters };
}

/** Harvester's own doing: promotion until it rests, as long as anything can be written. */
export function settle(world: World): World {
  let current = world;
  while (etcdOf(current).alive) {
    const { pick } = nextPromotion(current.nodes.map(promotable), current.version);
    if (pick === undefined) break;
    current = change(current, pick, ({ role }) => ({
      etcd: true,
      apiServer: role !== "witness",
      cordoned: false,
    }));
  }
  return current;
}

function promotable(node: WorldNode): PromotionNode {
  const { name, role, zone, up, apiServer, etcd, born, cordoned } = node;
  return {
    name,
    role,
    ...(zone === undefined ? {} : { zone }),
    healthy: up,
    controlPlane: apiServer,
    etcd,
    created: born,
    cordoned,
  };
}

/** A node dies. */
export function kill(world: World, name: string): World {
  return change(world, name, () => ({ up: false }));
}

/** What one sees of the world; nothing where nobody answers because there is no cluster. */
export function look(world: World): ClusterFacts | undefined {
  if (world.nodes.length === 0) return undefined;
  return {
    source: "live",
    asOf: "2026-08-20T10:00:00Z",
    version: world.version,
    generation: world.generation,
    nodes: world.nodes.map((node) => ({
      ...promotable(node),
      role: node.role,
      version: node.version,
      reinstall: node.reinstall,
      ...(node.away ? { maintenance: true } : {}),
      ...(node.off ? { switchedOff: true } : {}),
      ...(node.joining ? { joining: true } : {}),
    })),
    ...(world.upgradingTo === undefined ? {} : { upgrade: "hvst-upgrade", upgradeTo: world.upgradingTo }),
  };
}

/** The acts that a step consists of. */
export function actsOf(step: Step, wish: Wish, world: World): Act[] {
  const { kind, node: name = "" } = step;
  const found = world.nodes.find((node) => node.name === name);
  switch (kind) {
    case "create":
      return [act(`${name} is installed and creates the cluster`, true, (now) => create(now, name, wish))];
    case "join":
      return install(name, wish, found);
    case "promote":
      return [];
    case "leave":
      return [...empty(name), ...vanish(name)];
    case "remove":
      if (found?.up) throw new Broken(`P6: ${name} lives, and is treated as dead`);
      return [act(`${name} is fenced and removed`, true, (now) => without(now, name))];
    case "reinstall": {
      if (found !== undefined && wish.nodes[name]!.reinstall <= found.reinstall) {
        throw new Broken(`P2: nobody asked for ${name} to be installed anew`);
      }
      return [...(found?.up ? empty(name) : []), ...vanish(name), ...install(name, wish, undefined)];
    }
    case "relabel":
      return [
        act(`${name} is labelled`, false, (now) => {
          const { role, zone } = wish.nodes[name]!;
          return change(now, name, () => ({ role, zone }));
        }),
      ];
    case "maintain":
      return [
        act(`${name} is drained`, false, (now) => change(now, name, () => ({ away: true, cordoned: true }))),
      ];
    case "resume":
      return [
        act(`${name} is back`, false, (now) => change(now, name, () => ({ away: false, cordoned: false }))),
      ];
    case "switch-off":
      if (!found?.away) throw new Broken(`${name} is switched off and was not drained`);
      return [
        act(`${name} is switched off`, true, (now) => change(now, name, () => ({ up: false, off: true }))),
      ];
    case "switch-on":
      return [act(`${name} is on`, true, (now) => change(now, name, () => ({ up: true, off: false })))];
    case "upgrade":
      return upgrade(wish.version, world);
    case "rebuild":
      return [
        act("all machines are retired", true, () => ({
          nodes: [],
          version: wish.version,
          generation: wish.generation,
        })),
      ];
  }
}

function act(name: string, bmc: boolean, apply: (world: World) => World): Act {
  return { name, bmc, apply };
}

function empty(name: string): Act[] {
  return [act(`${name} is drained`, false, (now) => change(now, name, () => ({ cordoned: true })))];
}

function vanish(name: string): Act[] {
  return [
    act(`${name} is switched off`, true, (now) => change(now, name, () => ({ up: false }))),
    act(`${name} is removed`, false, (now) => without(now, name)),
  ];
}

function install(name: string, wish: Wish, found: WorldNode | undefined): Act[] {
  const ready = act(`${name} becomes Ready`, false, (now) =>
    change(now, name, () => ({ up: true, joining: false })),
  );
  if (found?.joining) return [ready];
  return [
    act(`${name} is installed and registers`, true, (now) => {
      if (!etcdOf(now).alive) throw new Broken(`P3: ${name} is wiped to join a cluster that cannot take it`);
      if (now.nodes.some((node) => node.name === name))
        throw new Broken(`P2: ${name} is a member, and is wiped`);
      if (wish.version !== now.version)
        throw new Broken(`P4: ${name} joins ${now.version} as ${wish.version}`);
      topology(now, `${name} joins`);
      return { ...now, nodes: [...now.nodes, { ...fresh(name, wish, now), joining: true }] };
    }),
    ready,
  ];
}

function create(now: World, name: string, wish: Wish): World {
  if (now.creator !== undefined)
    throw new Broken(`P1: ${name} creates a cluster that ${now.creator} has created`);
  const node = { ...fresh(name, wish, now), up: true, etcd: true, apiServer: true };
  return { ...now, version: wish.version, creator: name, nodes: [node] };
}

/** Harvester takes the next node only when all others are Ready: a dead one holds the upgrade up for good. */
function upgrade(version: string, world: World): Act[] {
  const begin = act("the upgrade begins", false, (now) => ({ ...now, upgradingTo: version }));
  if (world.nodes.some(({ up, restarting }) => !up && restarting !== true)) return [begin];
  const late = world.nodes.filter((node) => node.version !== version);
  const each = late.flatMap(({ name }) => [
    act(`${name} restarts for the upgrade`, false, (now) =>
      change(now, name, () => ({ up: false, restarting: true })),
    ),
    act(`${name} runs ${version}`, false, (now) =>
      change(now, name, () => ({ up: true, restarting: false, version })),
    ),
  ]);
  const end = act("the upgrade ends", false, ({ upgradingTo: _, ...now }) => ({ ...now, version }));
  return [begin, ...each, end];
}

function fresh(name: string, { nodes, version }: Wish, now: World): WorldNode {
  const { role, zone, reinstall } = nodes[name]!;
  return {
    name,
    role,
    ...(zone === undefined ? {} : { zone }),
    up: false,
    away: false,
    off: false,
    cordoned: false,
    etcd: false,
    apiServer: false,
    born: now.nodes.reduce((latest, { born }) => Math.max(latest, born), 0) + 1,
    version,
    reinstall,
  };
}

function without(now: World, name: string): World {
  topology(now, `${name} leaves`);
  return { ...now, nodes: now.nodes.filter((node) => node.name !== name) };
}

function topology(now: World, what: string): void {
  if (now.upgradingTo !== undefined) throw new Broken(`P5: ${what} during the upgrade to ${now.upgradingTo}`);
}

function change(world: World, name: string, more: (node: WorldNode) => Partial<WorldNode>): World {
  return {
    ...world,
    nodes: world.nodes.map((node) => (node.name === name ? { ...node, ...more(node) } : node)),
  };
}
