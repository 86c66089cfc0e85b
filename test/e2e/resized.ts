/** What tests look at when a cluster's nodes come and go: who is there, who votes, what is remembered, and what nobody may see. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import type { ChangeRecord } from "../../model/transition";
import { until } from "../toolchain/offline/support/until";
import { assertNoneLost, Counter } from "./counter";
import { ask, kubeGet } from "./http";
import { type Loose, World, type WorldOptions } from "./world";

/** Where a change of nodes has to end. */
export interface Rest {
  /** Names of all nodes, in order. */
  nodes: string[];
  /** Names of the nodes whose etcd members vote. */
  voters: string[];
}

/** The description of a machine of the lab, like that of another node but for what tells the hosts apart. */
export function describedMachine(world: World, machine: string, like: Loose, changes: Loose = {}): Loose {
  const { hardware } = world.lab.machine(machine);
  const [install, data] = hardware.disks;
  const disk = ({ byId, serial }: Loose) => ({ device: byId[0], serial });
  return {
    ...structuredClone(like),
    address: hardware.address,
    interfaces: hardware.nics.map(({ name, mac }) => ({ name, hwAddr: mac })),
    hardware: { uuid: hardware.uuid, serial: hardware.serial },
    bmc: { ...structuredClone(like.bmc), endpoint: `https://${hardware.bmcAddress}:17000` },
    disks: { install: disk(install), data: disk(data) },
    ...changes,
  };
}

/** The nodes as the stack file describes them. */
export function nodesOf(world: World): Loose {
  let nodes: Loose;
  world.edit(({ cluster }) => {
    nodes = structuredClone(cluster.nodes);
  });
  return nodes;
}

/** Reads the preview as a person does, and writes what it asks for into the stack file. */
export async function approve(world: World): Promise<void> {
  const { output } = await world.must("preview");
  const hash = /set approve: "([0-9a-f]{12})"/.exec(output)?.[1];
  assert.ok(hash !== undefined, output);
  world.edit((config) => {
    config.cluster.approve = hash;
  });
}

/** Holds where a machine was let go of so that it cannot come back by itself, and may be described again. */
export function assertLetGo(world: World, machine: string): void {
  const { power, boot, powerRestorePolicy, assetTag } = world.lab.machine(machine).state;
  assert.deepEqual(
    { power, boot: boot.enabled, powerRestorePolicy, assetTag },
    { power: "Off", boot: "Disabled", powerRestorePolicy: "AlwaysOff", assetTag: "" },
  );
}

/** Holds where etcd had a majority of its voters at every look since then. */
export function assertNeverBelowQuorum(world: World, from: Date): void {
  const { samples, belowQuorum } = world.lab.quorumRecord({ from });
  assert.ok(samples > 0, "etcd was not looked at");
  assert.deepEqual(belowQuorum, []);
}

/** What tests of one cluster work with. */
export interface Provisioned {
  world: World;
  cluster: ResizedCluster;
}

/**
 * Provisions a cluster before the tests of a suite, takes it down after them, and writes into it through the VIP all the time. After each test it holds
 * that etcd never lost its quorum in it, that writes go on, and that none that was acknowledged since the beginning is lost.
 *
 * @param describe edits the stack file before anything is installed
 * @param ready is handed what was made
 */
export function provision(
  options: WorldOptions,
  describe: Parameters<World["edit"]>[0],
  ready: (made: Provisioned) => void,
): void {
  let world: World | undefined;
  let counter: Counter | undefined;
  let began: Date;
  let acknowledged: number;
  before(async () => {
    world = await World.start(options);
    world.withoutObjects();
    world.edit(describe);
    await world.must("up", "--yes", "--skip-preview");
    ready({ world, cluster: await ResizedCluster.of(world) });
    counter = await Counter.start(world);
  });
  after(async () => {
    await counter?.end();
    await world?.stop();
  });
  beforeEach(() => {
    began = new Date();
    acknowledged = counter!.acknowledged;
  });
  afterEach(async () => {
    assertNeverBelowQuorum(world!, began);
    await assertNoneLost(counter!, acknowledged);
  });
}

/** A cluster that was provisioned, and what can be asked of it. */
export class ResizedCluster {
  private constructor(
    private readonly world: World,
    private readonly kubeconfig: string,
  ) {}

  static async of(world: World): Promise<ResizedCluster> {
    return new ResizedCluster(
      world,
      (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout,
    );
  }

  /** Reads an object. */
  get(path: string): Promise<Loose> {
    return kubeGet(this.kubeconfig, path);
  }

  /** Asks for a change as a person with kubectl would. */
  async change(method: string, path: string, body?: object): Promise<void> {
    const { clusters, users } = parse(this.kubeconfig);
    const token = users[0].user.token;
    const answer = await ask(clusters[0].cluster.server + path, {
      method,
      token,
      ...(body === undefined ? {} : { body }),
    });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.body}`);
  }

  /** Edits an object as `kubectl edit` does. */
  async edit(path: string, change: (object: Loose) => void): Promise<void> {
    const object = await this.get(path);
    change(object);
    await this.change("PUT", path, object);
  }

  async nodes(): Promise<Loose[]> {
    return (await this.get("/api/v1/nodes")).items;
  }

  /** Holds where the cluster rests as it should, and nothing more is to be done. */
  async restsAt({ nodes, voters }: Rest): Promise<void> {
    const found = await this.nodes();
    const names = (list: Loose[]) => list.map(({ metadata }) => metadata.name).sort();
    assert.deepEqual(names(found), [...nodes].sort());
    assert.deepEqual(names(found.filter((node) => conditionOf(node, "Ready") === "True")), [...nodes].sort());
    assert.deepEqual(
      names(found.filter((node) => conditionOf(node, "EtcdIsVoter") === "True")),
      [...voters].sort(),
    );
    assert.deepEqual(
      found.filter(({ spec }) => spec.unschedulable === true),
      [],
      "nobody is left cordoned",
    );
    const { stdout } = await this.world.must("preview", "--expect-no-changes");
    assert.doesNotMatch(stdout, /warning/i);
  }

  /** Waits until something holds. Where the VIP changes its holder, nothing answers for a moment. */
  until(what: string, holds: () => Promise<boolean>): Promise<void> {
    return until(what, 180_000, holds);
  }

  /** Waits until the cluster has noticed that a node is gone; that takes it some heartbeats. */
  async notReady(name: string): Promise<void> {
    await this.until(`${name} to be not Ready`, async () => {
      const node = (await this.nodes()).find(({ metadata }) => metadata.name === name);
      return node !== undefined && conditionOf(node, "Ready") !== "True";
    });
  }

  /** How far a node is on its way out. */
  async leaving(name: string): Promise<string | undefined> {
    const { metadata } = await this.get(`/api/v1/nodes/${name}`);
    return metadata.annotations["harvester-stack.io/leaving"];
  }

  /** Writes something, which takes a quorum. */
  async write(name: string): Promise<void> {
    const metadata = { name: name.replaceAll(" ", "-"), namespace: "default" };
    await this.change("POST", "/api/v1/namespaces/default/configmaps", { metadata });
  }

  /** What the stack says that the last change of nodes did. */
  async lastChange(): Promise<ChangeRecord> {
    return JSON.parse((await this.world.must("stack", "output", "lastChange", "--json")).stdout);
  }

  /** The steps of that change, in order. */
  async lastSteps(): Promise<string[]> {
    return (await this.lastChange()).steps.map(({ kind, node }) => `${kind} ${node}`);
  }

  /** The roster that the cluster keeps. */
  async roster(): Promise<Loose> {
    const { data } = await this.get("/api/v1/namespaces/harvester-system/configmaps/harvester-stack-roster");
    return { ...data, members: JSON.parse(data.members), left: JSON.parse(data.left ?? "[]") };
  }
}

function conditionOf(node: Loose, type: string): string | undefined {
  return node.status.conditions.find((one: Loose) => one.type === type)?.status;
}
