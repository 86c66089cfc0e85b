/** Changes of a small cluster, each of which begins where another ends, and what each of them may do exactly once. */
import assert from "node:assert/strict";
import { approve, assertLetGo, describedMachine, nodesOf, ResizedCluster } from "../e2e/resized";
import { type Loose, World } from "../e2e/world";

/** What there is between two changes; n1 holds etcd, the other node is a worker. */
export type Standing = "nothing" | "one node" | "two nodes";

/** One change. */
interface Change {
  /** Nodes that are described. */
  nodes: string[];
  /** Nodes that are installed by it, each once. */
  installs: string[];
  /** Nodes that leave by it, each once. */
  leaves: string[];
}

interface Scene {
  from: Standing;
  to: Standing;
  verb: "up" | "destroy";
  /** What it is, by the worker that it finds. */
  change: (worker: string) => Change;
}

/**
 * Lab time. Whoever was killed is back before the installer, which asks 30 times every 10 s, gives up: as slow as that takes, with everything else as
 * short as it can be.
 */
const TIME = {
  speed: 5,
  delays: { post: 10, kernel: 2, installer: 1, diskWrite: 5, reboot: 1, osBoot: 1 },
};

/** Every scene, in the order of a cluster's life. */
export const SCENES = {
  provision: {
    from: "nothing",
    to: "one node",
    verb: "up",
    change: () => ({ nodes: ["n1"], installs: ["n1"], leaves: [] }),
  },
  grow: {
    from: "one node",
    to: "two nodes",
    verb: "up",
    change: (worker) => ({ nodes: ["n1", worker], installs: [worker], leaves: [] }),
  },
  reinstall: {
    from: "two nodes",
    to: "two nodes",
    verb: "up",
    change: (worker) => ({ nodes: ["n1", worker], installs: [worker], leaves: [worker] }),
  },
  replace: {
    from: "two nodes",
    to: "two nodes",
    verb: "up",
    change: (worker) => {
      const other = worker === "n2" ? "n3" : "n2";
      return { nodes: ["n1", other], installs: [other], leaves: [worker] };
    },
  },
  shrink: {
    from: "two nodes",
    to: "one node",
    verb: "up",
    change: (worker) => ({ nodes: ["n1"], installs: [], leaves: [worker] }),
  },
  destroy: {
    from: "one node",
    to: "nothing",
    verb: "destroy",
    change: () => ({ nodes: ["n1"], installs: [], leaves: [] }),
  },
} as const satisfies Record<string, Scene>;

export type SceneName = keyof typeof SCENES;

/** Names of the scenes, in that order. */
export const SCENE_NAMES = Object.keys(SCENES) as SceneName[];

/** The scene that leads on from one standing towards another. */
const TOWARDS: Record<Standing, Partial<Record<Standing, SceneName>>> = {
  nothing: { "one node": "provision", "two nodes": "provision" },
  "one node": { nothing: "destroy", "two nodes": "grow" },
  "two nodes": { nothing: "shrink", "one node": "shrink" },
};

/** A cluster that goes through scenes. */
export class Stage {
  /** How often each node was installed in this life of the cluster: nobody is installed twice under one intent. */
  #installed: Record<string, number> = {};
  #begin = 0;
  #standing: Standing = "nothing";
  #worker = "n2";
  #scene: Scene = SCENES.destroy;
  #change: Change = { nodes: [], installs: [], leaves: [] };

  private constructor(
    readonly world: World,
    private readonly described: Loose,
  ) {}

  /** A data centre in which nothing is installed. */
  static async set(): Promise<Stage> {
    const world = await World.start({ nodes: 3, ...TIME });
    world.withoutObjects();
    const { n1, n2 } = nodesOf(world);
    const worker = (machine: string) => describedMachine(world, machine, n2, { role: "worker" });
    return new Stage(world, { n1, n2: worker("m2"), n3: worker("m3") });
  }

  /** What has to be played before a scene can be; undefined where it can be. */
  before(name: SceneName): SceneName | undefined {
    return TOWARDS[this.#standing][SCENES[name].from];
  }

  /** The verb that carries out what was described last. */
  get verb(): Scene["verb"] {
    return this.#scene.verb;
  }

  /** Describes what a scene is to end in. */
  async enter(name: SceneName): Promise<void> {
    this.#scene = SCENES[name];
    assert.equal(this.#standing, this.#scene.from);
    this.#change = this.#scene.change(this.#worker);
    const { nodes, installs } = this.#change;
    this.#worker = nodes[1] ?? this.#worker;
    for (const key of installs) this.#installed[key] = (this.#installed[key] ?? 0) + 1;
    this.#begin = this.world.lab.ledger.read().length;
    this.world.edit(({ cluster }) => {
      delete cluster.approve;
      cluster.nodes = Object.fromEntries(
        nodes.map((key) => [key, { ...this.described[key], reinstall: this.#installed[key]! - 1 }]),
      );
    });
    if (name === "reinstall") await approve(this.world);
  }

  /** What a machine is in this scene: the same scene has the same names, whichever worker it finds. */
  roleOf(machine: string): string {
    const key = machine.replace("m", "n");
    if (key === "n1") return "n1";
    const { installs, leaves } = this.#change;
    if (installs.includes(key) === leaves.includes(key)) return "the worker";
    return installs.includes(key) ? "the new worker" : "the old worker";
  }

  /** Holds where the scene ended as it should, and did what cannot be undone once. */
  async assertEnded(): Promise<void> {
    const { nodes, installs, leaves } = this.#change;
    const since = this.world.lab.ledger.read().slice(this.#begin) as Loose[];
    const machines = (event: string) =>
      since.filter((record) => record.event === event).map(({ machine }) => machine.replace("m", "n"));
    const trail = since.map((record) => JSON.stringify(record)).join("\n");
    assert.deepEqual(machines("installed"), installs, `installations\n${trail}`);
    assert.deepEqual(machines("node-removed"), leaves, `removals\n${trail}`);
    const created = this.#scene === SCENES.provision ? ["n1"] : [];
    assert.deepEqual(machines("cluster-created"), created, trail);
    const wiped = since
      .filter(({ event }) => event === "disk-wiped")
      .map(({ serial, how }) => `${serial} ${how}`);
    assert.deepEqual(wiped, [...new Set(wiped)], `a disk was written twice\n${trail}`);
    if (this.#scene.to === "nothing") await this.#assertDown();
    else await (await ResizedCluster.of(this.world)).restsAt({ nodes, voters: ["n1"] });
    for (const key of leaves.filter((key) => !nodes.includes(key)))
      assertLetGo(this.world, key.replace("n", "m"));
    this.#standing = this.#scene.to;
  }

  async #assertDown(): Promise<void> {
    const { power, assetTag, boot } = this.world.machine.state;
    assert.deepEqual([power, assetTag, boot.enabled], ["Off", "", "Disabled"]);
    assert.equal((await this.world.state()).deployment.resources?.length ?? 0, 0);
    this.#installed = {};
    // As whoever uses machines again does: one that still has an old system boots that, where the network has nothing for it.
    for (const { disks } of this.world.lab.machines) for (const disk of disks.hardware) disks.wipe(disk);
  }
}
