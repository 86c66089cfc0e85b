/** Which physical host is this? Neither a BIOS update nor a swapped board leads to an installation, and no look-alike is taken for the host. */
import assert from "node:assert/strict";
import { swapped } from "../swapped-uuid";
import { kubeGet } from "./http";
import { type Loose, type Run, World } from "./world";

describe("the identity of a host, as its BMC reports it", function () {
  this.timeout(120_000);
  let world: World;

  before(async () => {
    world = await World.start({ nodes: 2, speed: 100 });
    world.withoutObjects();
    world.edit(({ cluster }) => {
      cluster.nodes.n2.role = "worker";
    });
  });
  after(() => world?.stop());

  describe("before anything is installed", () => {
    afterEach("nothing was touched", () => assert.deepEqual(world.bmcWrites(), []));

    it("two nodes with one UUID, in two byte orders: refused, both named", async () => {
      const run = await world.edited(
        ({ cluster }) => {
          const { n1, n2 } = cluster.nodes;
          n2.hardware.uuid = swapped(n1.hardware.uuid);
        },
        () => world.pulumi(["preview"]),
      );
      assertRefused(run, /nodes\.n1/, /nodes\.n2/, /\(rule uuid-unique\)/);
    });

    it("two hosts that report one UUID: refused, with both UUIDs, the BMC and both nodes", async () => {
      await world.lab.fault("m2", "uuid-of", ["m1"]);
      const run = await world.pulumi(["preview"]);
      await world.lab.clearFault("m2");
      const { m1, m2 } = { m1: world.lab.machine("m1").hardware, m2: world.lab.machine("m2").hardware };
      assertRefused(
        run,
        new RegExp(`${world.net}\\.102:17000 of n2`),
        new RegExp(`uuid: declared ${m2.uuid}, found ${m1.uuid} \\(differs\\)`),
        /That is the UUID of nodes\.n1: either nodes\.n2\.bmc\.endpoint .* mixed up/,
      );
    });

    it("another serial number: refused with a table", async () => {
      const run = await world.edited(
        ({ cluster }) => {
          cluster.nodes.n1.hardware.serial = "HVL9999";
        },
        () => world.pulumi(["preview"]),
      );
      assertRefused(
        run,
        /uuid: declared .* \(agrees\)/,
        /serial: declared HVL9999, found HVL1001 \(differs\)/,
      );
    });
  });

  describe("the byte order of its UUID", () => {
    let kubeconfig: string;
    let untouched: Touched;

    it("swapped by the BMC: the host is installed, once", async () => {
      world.edit(({ cluster }) => {
        delete cluster.nodes.n2;
      });
      await world.lab.fault("m1", "uuid-swapped");
      await world.must("up", "--yes", "--skip-preview");
      assert.equal(world.happened("installed").length, 1);
      kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
      untouched = touched(world);
    });

    it("flipped back between two runs: nothing changes", async () => {
      await world.lab.clearFault("m1");
      const run = await world.pulumi(["preview", "--refresh", "--expect-no-changes"]);
      assert.equal(run.code, 0, run.output);
      assert.doesNotMatch(run.output, /warning/);
    });

    for (const [how, write] of [
      ["in upper case", (uuid: string) => uuid.toUpperCase()],
      ["in the other byte order", swapped],
    ] as const) {
      it(`written ${how} in the description: the same host`, async () => {
        const { uuid } = world.lab.machine("m1").hardware;
        world.edit(({ cluster }) => {
          cluster.nodes.n1.hardware.uuid = write(uuid);
        });
        await world.must("up", "--yes", "--skip-preview");
        assert.deepEqual(touched(world), untouched);
        assert.equal(await readyNode(kubeconfig), "n1");
      });
    }
  });

  describe("a swapped board", () => {
    let kubeconfig: string;
    let untouched: Touched;
    let was: Loose;

    before(async () => {
      kubeconfig = (await world.must("stack", "output", "kubeconfig", "--show-secrets")).stdout;
      const { uuid, serial } = world.lab.machine("m1").hardware;
      was = { uuid, serial };
      await world.lab.machine("m1").reset("ForceOff");
      await world.lab.fault("m1", "board-swapped");
      await world.lab.machine("m1").reset("On");
      const deadline = Date.now() + 60_000;
      while ((await readyNode(kubeconfig).catch(() => "")) !== "n1") {
        if (Date.now() > deadline) throw new Error("waited a minute for n1 to be Ready on its new board");
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      untouched = touched(world);
    });
    afterEach("no installation, and no wiped disk", () => assert.deepEqual(touched(world), untouched));

    /** What the host is now. */
    const now = () => {
      const { uuid, serial, nics } = world.lab.machine("m1").hardware;
      return { hardware: { uuid, serial }, macs: nics.map(({ mac }) => mac) };
    };
    const describeNew = (cluster: Loose, declared: boolean) => {
      const { n1 } = cluster.nodes;
      n1.hardware = now().hardware;
      if (declared) n1.wasHardware = was;
    };

    it("not declared: a refresh says it, and proposes nothing", async () => {
      const refresh = await world.must("refresh", "--yes", "--skip-preview");
      assert.match(refresh.output, new RegExp(`${now().hardware.uuid}`));
      const preview = await world.must("preview");
      assert.doesNotMatch(preview.stdout, /metal:index:Machine \S+ (create|update|replace|delete)/);
    });

    it("not declared: whatever acts on the machine is refused, with a table", async () => {
      const run = await world.edited(
        ({ cluster }) => {
          cluster.nodes.n1.ssh.host = `${world.net}.11`;
        },
        () => world.pulumi(["up", "--yes", "--skip-preview"]),
      );
      assertRefused(run, /uuid: .*\(differs\)/, /serial: declared HVL1001, found HVL1001-B/, /wasHardware/);
    });

    it("destroyed without being declared: refused, and it stays on", async () => {
      const run = await world.pulumi(["destroy", "--yes", "--skip-preview"]);
      assertRefused(run, /serial: declared HVL1001, found HVL1001-B/);
      assert.equal(world.machine.state.power, "On");
    });

    it("only the new identity given: refused, and says to declare what it was", async () => {
      const run = await world.edited(
        ({ cluster }) => describeNew(cluster, false),
        () => world.pulumi(["up", "--yes", "--skip-preview"]),
      );
      assertRefused(run, /nodes\.n1\.hardware/, /wasHardware/);
    });

    it("declared: accepted, and the cluster goes on", async () => {
      world.edit(({ cluster }) => describeNew(cluster, true));
      const preview = await world.must("preview");
      assert.doesNotMatch(preview.stdout, /metal:index:Machine \S+ (create|replace|delete)/);
      await world.must("up", "--yes", "--skip-preview");
      const quiet = await world.must("preview", "--refresh", "--expect-no-changes");
      assert.doesNotMatch(quiet.output, /warning/);
      assert.equal(await readyNode(kubeconfig), "n1");
    });
  });
});

/** What no edit of an identity may add to. */
interface Touched {
  installed: number;
  wiped: number;
  clusters: number;
}

function touched(world: World): Touched {
  const count = (event: string) => world.happened(event).length;
  return { installed: count("installed"), wiped: count("disk-wiped"), clusters: count("cluster-created") };
}

async function readyNode(kubeconfig: string): Promise<string | undefined> {
  const { items } = await kubeGet(kubeconfig, "/api/v1/nodes");
  const ready = (node: Loose) =>
    node.status.conditions.some((one: Loose) => one.type === "Ready" && one.status === "True");
  return items.find(ready)?.metadata.name;
}

function assertRefused(run: Run, ...says: RegExp[]): void {
  assert.notEqual(run.code, 0, `it was not refused:\n${run.output}`);
  for (const pattern of says) assert.match(run.output, pattern);
}
