/** Changes of a small cluster, one after another in a circle, and what each of them may do exactly once. */
import assert from "node:assert/strict";
import { approve, assertLetGo, describedMachine, nodesOf, ResizedCluster } from "../e2e/resized";
import { type Loose, World } from "../e2e/world";

/** One change. */
export interface Scene {
  /** Nodes that there are in the end; n1 holds etcd. */
  nodes: string[];
  /** Nodes that are installed by it, each once. */
  installs: string[];
  /** Nodes that leave by it, each once. */
  leaves: string[];
}

/** What each scene is, by the worker that it finds. */
export const SCENES = {
  grow: () => ({ nodes: ["n1", "n2"], installs: ["n2"], leaves: [] }),
  reinstall: (worker) => ({ nodes: ["n1", worker], installs: [worker], leaves: [worker] }),
  replace: (worker) => {
    const other = worker === "n2" ? "n3" : "n2";
    return { nodes: ["n1", other], installs: [other], leaves: [worker] };
  },
  shrink: (worker) => ({ nodes: ["n1"], installs: [], leaves: [worker] }),
} satisfies Record<string, (worker: string) => Scene>;

export type SceneName = keyof typeof SCENES;

/** Scenes in the order of the circle, each of which begins where the one before it ends; these two close it. */
export const CIRCLE = Object.keys(SCENES) as SceneName[];
export const CLOSING: readonly SceneName[] = ["grow", "shrink"];

/** A cluster that goes around the circle. */
export class Stage {
  /** How often each node was installed: nobody is installed twice under one intent. */
  readonly #installed: Record<string, number> = { n1: 1 };
  #begin = 0;
  #worker = "n2";
  #scene: Scene = { nodes: ["n1"], installs: [], leaves: [] };

  private constructor(
    readonly world: World,
    private readonly described: Loose,
    private readonly cluster: ResizedCluster,
  ) {}

  /** Installs the one node that stays. */
  static async set(): Promise<Stage> {
    const world = await World.start({ nodes: 3, speed: 40, delays: { post: 60 } });
    world.withoutObjects();
    const { n1, n2 } = nodesOf(world);
    const worker = (machine: string) => describedMachine(world, machine, n2, { role: "worker" });
    const described = { n1, n2: worker("m2"), n3: worker("m3") };
    world.edit(({ cluster }) => {
      cluster.nodes = { n1 };
    });
    await world.must("up", "--yes", "--skip-preview");
    return new Stage(world, described, await ResizedCluster.of(world));
  }

  /** Describes what a scene is to end in. */
  async enter(name: SceneName): Promise<void> {
    this.#scene = SCENES[name](this.#worker);
    const { nodes, installs } = this.#scene;
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

  /** Holds where the scene ended as it should, and did what cannot be undone once. */
  async assertEnded(): Promise<void> {
    const { nodes, installs, leaves } = this.#scene;
    await this.cluster.restsAt({ nodes, voters: ["n1"] });
    const since = this.world.lab.ledger.read().slice(this.#begin) as Loose[];
    const machines = (event: string) =>
      since.filter((record) => record.event === event).map(({ machine }) => machine.replace("m", "n"));
    const trail = () => since.map((record) => JSON.stringify(record)).join("\n");
    assert.deepEqual(machines("installed"), installs, `installations\n${trail()}`);
    assert.deepEqual(machines("node-removed"), leaves, `removals\n${trail()}`);
    assert.deepEqual(machines("cluster-created"), [], trail());
    const wiped = since
      .filter(({ event }) => event === "disk-wiped")
      .map(({ serial, how }) => `${serial} ${how}`);
    assert.deepEqual(wiped, [...new Set(wiped)], `a disk was written twice\n${trail()}`);
    for (const key of leaves.filter((key) => !nodes.includes(key)))
      assertLetGo(this.world, key.replace("n", "m"));
  }
}
