import assert from "node:assert/strict";
import type { BootRoute, BootServer } from "../../../provider/boot/server";
import type { System } from "../../../provider/redfish/system";
import type { Phase } from "../../../provider/resources/machine/decide";
import { intentOf, type MachineInputs } from "../../../provider/resources/machine/inputs";
import { type Act, Installation } from "../../../provider/resources/machine/installation";
import { DeadlinePassed } from "../../../provider/shell/errors";
import { RunFacts } from "../../../provider/shell/run";
import { secrets } from "../../../provider/shell/secrets";
import { validDescription } from "../../model/description";

describe("an installation", () => {
  it("marks, arms and switches on, in this order, and serves nothing before its own restart", async () => {
    const { bmc, carryOut, route } = world();
    const done = carryOut({ act: "install", mode: "create" });
    await until(() => bmc.log.includes("power On"));
    assert.deepEqual(bmc.log, ["tag armed", "boot once", "power ForceOff", "power On"]);
    assert.match(await route().script("127.0.0.1"), /^#!ipxe\nkernel /);
    await done.stop();
  });

  it("hands the configuration out again to the same boot, and never once the installer has started", async () => {
    const { carryOut, route, tags } = world();
    const done = carryOut({ act: "install", mode: "create" });
    await until(() => tags().includes("armed"));
    await until(async () => (await route().script("a")).includes("kernel"));
    assert.match((await route().configuration("a")) ?? "", /mode: "create"/);
    assert.match((await route().configuration("a")) ?? "", /mode: "create"/);
    await route().event("STARTED", "", "a");
    assert.equal(await route().configuration("a"), undefined);
    assert.match(await route().script("a"), /exit/);
    await done.stop();
  });

  it("burns the configuration though requests overlap: a slow answer does not undo what was reported", async () => {
    const { carryOut, route, tags, bmc } = world();
    const done = carryOut({ act: "install", mode: "create" });
    await until(async () => tags().includes("armed") && (await route().script("a")).includes("kernel"));
    bmc.slow = true;
    const first = route().configuration("a");
    const second = route().configuration("a");
    const started = route().event("STARTED", "", "a");
    bmc.slow = false;
    await Promise.all([first, second, started]);
    assert.equal(await route().configuration("a"), undefined);
    await done.stop();
    const order: Phase[] = ["armed", "served", "started", "done", "member"];
    const ranks = tags().map((tag) => order.indexOf(tag as Phase));
    assert.deepEqual(ranks, [...ranks].sort(), `the mark went backwards: ${tags().join(", ")}`);
  });

  it("answers the installer's report at once, and brings it to the hardware when the BMC is well again", async () => {
    const { carryOut, route, tags, bmc } = world();
    const done = carryOut({ act: "install", mode: "create" });
    await until(async () => tags().includes("armed") && (await route().script("a")).includes("kernel"));
    await route().configuration("a");
    bmc.failing = true;
    await route().event("STARTED", "", "a");
    assert.equal(await route().configuration("a"), undefined, "burned, though the BMC does not know it yet");
    bmc.failing = false;
    await until(() => tags().includes("started"), 6000);
    await done.stop();
  }).timeout(15_000);

  it("does not touch a machine that is to join while nothing answers at the VIP", async () => {
    const { carryOut, bmc } = world();
    const done = carryOut({ act: "install", mode: "join" });
    await done.stop();
    assert.deepEqual(bmc.log, []);
  });

  it("says what it waited for, also where the deadline passes in the middle of a look", async () => {
    const { carryOut } = world();
    const done = carryOut({ act: "install", mode: "join" });
    const error = await done.stop(new DeadlinePassed("The create did not end within its 12 s."));
    assert.match(`${error}`, /n1.*gave up waiting for the cluster to answer at the VIP.*nothing was changed/);
  });

  it("lets nothing that it derives be shown", async () => {
    const { carryOut, route } = world();
    const done = carryOut({ act: "install", mode: "create" });
    const { token } = await until(() => route());
    assert.equal(
      secrets.scrub(`http://boot/${token}/ipxe.efi is not acceptable`),
      "http://boot/[secret]/ipxe.efi is not acceptable",
    );
    await done.stop();
  });
});

/** A BMC that remembers what was asked of it. */
class FakeBmc {
  readonly log: string[] = [];
  tag = "";
  slow = false;
  failing = false;

  async state() {
    return { assetTag: this.tag, power: "On" };
  }

  async setAssetTag(next: (present: string) => string) {
    if (this.slow) await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.failing) throw new Error("503");
    this.tag = next(this.tag);
    this.log.push(`tag ${this.tag.split(":").at(-1)}`);
  }

  async setBootOnce() {
    this.log.push("boot once");
  }

  async clearBootOverride() {}

  async power(request: string) {
    this.log.push(`power ${request}`);
  }
}

/** An installation in a world whose VIP nothing listens at: all that it serves and writes can be looked at. */
function world() {
  const bmc = new FakeBmc();
  let open: BootRoute | undefined;
  const server = {
    open: async (route: BootRoute) => {
      open = route;
      return { close: async () => undefined };
    },
  } as unknown as BootServer;
  const inputs = machineInputs();
  const abort = new AbortController();
  const context = {
    urn: "",
    preview: false,
    signal: abort.signal,
    deadline: new Date(Date.now() + 60_000),
    facts: new RunFacts(),
    status: () => undefined,
    info: () => undefined,
    warn: () => undefined,
  };
  const installation = new Installation(context, inputs, intentOf(inputs), bmc as unknown as System, server, {
    phase: undefined,
    caFingerprint: undefined,
    decideAgain: async () => ({ act: "install", mode: "join" }),
  });
  return {
    bmc,
    route: () => open!,
    tags: () => bmc.log.filter((line) => line.startsWith("tag ")).map((line) => line.slice(4)),
    carryOut: (act: Act) => {
      const running = installation.carryOut(act).catch((error: unknown) => error);
      return {
        stop: async (reason: Error = new Error("the test is over")) => {
          abort.abort(reason);
          return await running;
        },
      };
    },
  };
}

function machineInputs(): MachineInputs {
  const { nodes, ...shared } = validDescription(1);
  const node = nodes.n1!;
  const { uuid, serial } = node.hardware;
  // An address of loopback that nobody listens at: the VIP is silent at once.
  const cluster = { ...shared, access: { ...shared.access, url: "https://127.9.9.9:9" }, nodes: {} };
  const identity = {
    incarnation: "aaaaaaaaaaaa",
    creator: { key: "n1", uuid, serial },
    seed: "ab".repeat(32),
  };
  return { key: "n1", cluster, node, identity };
}

async function until<T>(look: () => T | Promise<T>, deadlineMs = 5000): Promise<T> {
  for (const end = Date.now() + deadlineMs; ; ) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < end, "it did not come about in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
