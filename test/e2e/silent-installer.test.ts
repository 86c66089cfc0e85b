/**
 * The real installer says nothing over the network when it stops early. Each of its silent ends is an error at the deadline that lists the
 * likely causes of that phase; the machine is left as it is, nothing is wiped twice, and a raised `reinstall` starts anew.
 */
import assert from "node:assert/strict";
import type { FaultName } from "../../lab/faults/table";
import { providerOf } from "./processes";
import { WatchedRuns } from "./watched";
import { type Loose, type Run, World } from "./world";

/** Long enough for a machine of this world to come to the phase in which it stops. */
const SHORT = "20s";

interface Case {
  what: string;
  /** Fault of the machine, set once its host has been looked at: what a BMC shows would be refused before. */
  fault?: [FaultName, ...string[]];
  /** Change of the description. */
  edit?: (cluster: Loose) => void;
  /** What the machine's own screen says. */
  console: RegExp;
  /** What pulumi says. */
  says: RegExp[];
  /** Disks that are wiped until then. @default 0 */
  wiped?: number;
}

const SERVED = [
  /n1 \(n1\): gave up waiting for the node to be Ready/,
  /the installation stands at "served"/,
  /bad configuration, a failed preflight check .*default route.*disk that is too small/,
  /raise nodes\.n1\.reinstall by one/,
  /More time: installTimeout/,
];

describe("an installer that stops without a word", function () {
  this.timeout(120_000);
  let world: World;
  let watched: WatchedRuns;
  let reinstall = 0;
  const screen: string[] = [];

  before(async () => {
    world = await World.start({ speed: 200 });
    watched = new WatchedRuns(world);
    world.withoutObjects();
    world.edit(({ cluster }) => {
      cluster.installTimeout = SHORT;
    });
    world.onConsole((line) => screen.push(line));
    // An installer that hangs would go on as soon as it may.
    world.onLedger(({ event }) => {
      if (event === "power-on") void world.lab.clearFault("m1", "install-hangs");
    });
  });
  after(() => world?.stop());

  const cases: Case[] = [
    {
      what: "a configuration that it does not accept",
      edit: (cluster) => {
        // The serial number is right, so only the installer can tell that nothing has this name.
        cluster.nodes.n1.disks.install.device = "/dev/disk/by-id/ata-LAB_SSD_960G_S4XLAB0001A";
      },
      console: /LAB_SSD_960G_S4XLAB0001A/,
      says: SERVED,
    },
    {
      what: "a preflight check of something that BMCs do not report",
      fault: ["hardware", "kvm=no"],
      console: /\/dev\/kvm does not exist/,
      says: SERVED,
    },
    {
      what: "no default route by DHCP",
      edit: (cluster) => {
        cluster.managementNetwork.method = "dhcp";
      },
      fault: ["no-route"],
      console: /default route/,
      says: SERVED,
    },
    {
      what: "a disk that is too small",
      fault: ["disk-small"],
      console: /[Dd]isk/,
      says: SERVED,
    },
    {
      what: "writing that hangs",
      fault: ["install-hangs"],
      console: /Installing to/,
      says: [/the installation stands at "started"/, /ISO comes slowly, or the disk/, /reinstall by one/],
      wiped: 4,
    },
    {
      what: "writing that fails, which it reports",
      fault: ["install-fails"],
      console: /install failed/,
      says: [/The installer on n1 reported that it FAILED/, /console/, /reinstall by one/],
      wiped: 4,
    },
  ];

  for (const { what, fault, edit, console, says, wiped = 0 } of cases) {
    it(`${what}: an error that lists the likely causes, and the machine is left on`, async () => {
      screen.length = 0;
      const before = count("disk-wiped");
      const run = await world.edited(
        ({ cluster }) => {
          cluster.nodes.n1.reinstall = reinstall;
          edit?.(cluster);
        },
        () => withFault(fault, () => watched.run(["up", "--yes", "--skip-preview"])),
      );
      reinstall += 1;
      await watched.keepsTheirSecrets();
      assertFailed(run, says);
      assert.match(screen.join("\n"), console);
      assert.equal(count("disk-wiped") - before, wiped);
      assert.equal(world.machine.state.power, "On");
      assert.equal(count("installed"), 0);
    });
  }

  it("run again without raising reinstall, it goes on waiting: power and disks are not touched", async () => {
    const before = { writes: world.bmcWrites().length, wiped: count("disk-wiped") };
    const run = await world.edited(
      ({ cluster }) => {
        cluster.nodes.n1.reinstall = reinstall - 1;
        cluster.installTimeout = "8s";
      },
      () => watched.run(["up", "--yes", "--skip-preview"]),
    );
    assertFailed(run, [/gave up waiting/, /reinstall by one/]);
    assert.deepEqual({ writes: world.bmcWrites().length, wiped: count("disk-wiped") }, before);
  });

  it("a provider that is killed while it waits: an error, and neither power nor disks are touched", async () => {
    const before = { writes: world.bmcWrites().length, wiped: count("disk-wiped") };
    const again: Parameters<World["edit"]>[0] = ({ cluster }) => {
      cluster.nodes.n1.reinstall = reinstall - 1;
    };
    const killed = await world.edited(again, () =>
      watched.run(["up", "--yes", "--skip-preview"], ({ pid, said }) =>
        said(/Machine n1 updating.*waiting/, () => process.kill(providerOf(pid)!.pid, "SIGKILL")),
      ),
    );
    assertFailed(killed, [/metal:index:Machine n1/]);
    assert.deepEqual({ writes: world.bmcWrites().length, wiped: count("disk-wiped") }, before);
  });

  it("of none of these runs a secret is found: in state, output, arguments, environments or files (P9)", () => {
    for (const part of [/^pulumi up/, /pulumi-resource-metal/, /provider\/boot\/process\.ts/]) {
      assert(
        watched.commands.some((command) => part.test(command)),
        `${part} was never seen, so nothing is known of it`,
      );
    }
    assert.deepEqual(watched.leaks(), []);
  });

  it("a VIP that something else takes meanwhile: the error says where to look", async () => {
    const stop = world.onLedger(({ event }) => {
      if (event === "install-started") void world.lab.fault("site", "vip-clash");
    });
    const run = await world.edited(
      ({ cluster }) => {
        cluster.nodes.n1.reinstall = reinstall;
        cluster.installTimeout = "25s";
      },
      () => world.pulumi(["up", "--yes", "--skip-preview"]),
    );
    stop();
    assertFailed(run, [/the installation stands at "done"/, /VIP may be held by something else/]);
    assert.equal(count("installed"), 1);
  });

  it("mended, the same installation becomes a member: nothing is wiped again", async () => {
    await world.lab.clearFault("site");
    const before = count("disk-wiped");
    world.edit(({ cluster }) => {
      cluster.nodes.n1.reinstall = reinstall;
      cluster.installTimeout = "3m";
    });
    await world.must("up", "--yes", "--skip-preview");
    assert.equal(count("disk-wiped"), before);
    assert.equal(count("installed"), 1);
    assert.equal(count("cluster-created"), 1);
    await world.must("preview", "--expect-no-changes");
  });

  const count = (event: string) => world.happened(event).length;

  /** Runs something while the machine has a fault that appears only when it is on. */
  const withFault = async (fault: Case["fault"], work: () => Promise<Run>): Promise<Run> => {
    if (fault === undefined) return work();
    const [name, ...args] = fault;
    const stop = world.onLedger(({ event }) => {
      if (event === "netboot") void world.lab.fault("m1", name, args);
    });
    try {
      return await work();
    } finally {
      stop();
      if (name !== "install-hangs") await world.lab.clearFault("m1");
    }
  };
});

function assertFailed(run: Run, says: RegExp[]): void {
  assert.notEqual(run.code, 0, run.output);
  for (const pattern of says) assert.match(run.output, pattern);
}
