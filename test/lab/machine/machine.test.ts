import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { releaseFile } from "../../../lab/artifacts";
import { ScaledClock } from "../../../lab/clock";
import { FaultBoard } from "../../../lab/faults/board";
import { LedgerFile } from "../../../lab/ledger";
import { DEFAULT_DELAYS } from "../../../lab/machine/delays";
import { Machine, WrongPowerState } from "../../../lab/machine/machine";
import { ClusterTable, EtcdTable, VipTable } from "../../../lab/registries";
import { siteHardware } from "../../../lab/site";
import type { LabServices, MachineHardware } from "../../../lab/types";
import { BootServer, createConfig } from "../boot-server";
import { FAST, type FakeNode, fakeNodes, temporaryFolder, until } from "../support";

const NET = "127.77.0";

/** One machine without a site: no BMC, no children, time that may stand still. */
class Bench {
  readonly folder = temporaryFolder();
  readonly clock: ScaledClock;
  readonly ledger: LedgerFile;
  readonly vip: VipTable;
  readonly faults: FaultBoard;
  readonly nodes: FakeNode[];
  readonly machine: Machine;

  constructor(speed: number, hardware: Partial<MachineHardware> = {}) {
    this.clock = new ScaledClock(speed);
    this.ledger = new LedgerFile(join(this.folder.path, "ledger.jsonl"), this.clock);
    const own = { ...(siteHardware(NET, 1)[0] as MachineHardware), ...hardware };
    this.faults = new FaultBoard(join(this.folder.path, "faults.json"), [own], this.clock, this.ledger);
    this.vip = new VipTable(1, this.ledger);
    const { nodes, factory } = fakeNodes();
    this.nodes = nodes;
    const lab: LabServices = {
      net: NET,
      siteDir: this.folder.path,
      auditDir: this.folder.path,
      sshPort: 1,
      clock: this.clock,
      ledger: this.ledger,
      processes: { spawn: () => Promise.reject(new Error("no children here")) },
      vip: this.vip,
      clusters: new ClusterTable(),
      etcd: new EtcdTable(),
      binaries: { etcd: "", kubeApiserver: "", etcdctl: "" },
      faults: this.faults,
    };
    this.machine = new Machine({
      hardware: own,
      dir: join(this.folder.path, "m1"),
      lab,
      delays: DEFAULT_DELAYS,
      nodeFactory: factory,
      onPowerLost: (name) => this.vip.releaseAll(name),
    });
  }

  bootOnce(uri: string): void {
    this.machine.setBoot({ enabled: "Once", target: "UefiHttp", httpBootUri: uri });
  }

  events(): string[] {
    return this.ledger.read().map(({ event }) => event);
  }

  console(): string {
    return readFileSync(join(this.folder.path, "m1", "console.log"), "utf8");
  }

  halted(): Promise<void> {
    return until("the machine halts", () => this.machine.status().phase === "halted");
  }

  async end(): Promise<void> {
    await this.machine.cutPower();
    this.folder.remove();
  }
}

describe("lab machine", () => {
  let server: BootServer;
  let bench: Bench;

  beforeEach(async () => {
    server = await BootServer.start();
    server.config = createConfig(server, NET);
  });

  afterEach(async () => {
    await bench.end();
    await server.stop();
  });

  /** The configuration with changes to its `install` part, and what the machine said before it stopped. */
  async function silently(install: Record<string, unknown>, message: RegExp): Promise<void> {
    const config = createConfig(server, NET);
    server.config = { ...config, install: { ...(config.install as object), ...install } };
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await bench.halted();
    assert.match(bench.console(), message);
    assert.deepEqual(
      server.paths().filter((path) => path.includes("/events/")),
      [],
    );
    assert.equal(bench.machine.state.power, "On");
    assert.ok(!bench.events().includes("disk-wiped"));
  }

  it("stops without a webhook when the configuration is wrong, and stays on", async () => {
    bench = new Bench(FAST);
    await silently({ device: "/dev/disk/by-id/none" }, /no such file or directory/);
  });

  it("stops without a webhook when the hardware is below its limits", async () => {
    bench = new Bench(FAST, { cores: 8 });
    await silently({}, /at least 16 cores for production[\s\S]*cannot proceed/);
  });

  it("installs below the limits with skipchecks", async () => {
    bench = new Bench(FAST, { cores: 8 });
    server.extraParameters = "harvester.install.skipchecks=true";
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
  });

  it("asks for the configuration 31 times, 10 s apart, and then gives up silently", async () => {
    bench = new Bench(FAST);
    server.override = (path) => (path === "/boot/config.yaml" ? { status: 503, body: "" } : undefined);
    bench.bootOnce(server.bootUri);
    const begin = bench.clock.now();
    await bench.machine.reset("On");
    await bench.halted();
    assert.equal(server.paths().filter((path) => path === "GET /boot/config.yaml").length, 31);
    assert.ok(bench.clock.now() - begin >= 300);
    assert.match(bench.console(), /got 503 status code/);
  });

  it("tells FAILED when the ISO cannot be had, and touches no disk", async () => {
    bench = new Bench(FAST);
    server.override = (path) => (path.endsWith(".iso") ? { status: 404, body: "" } : undefined);
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await bench.halted();
    assert.deepEqual(
      server.paths().filter((path) => path.includes("/events/")),
      ["POST /boot/events/STARTED", "POST /boot/events/FAILED"],
    );
    assert.ok(!bench.events().includes("disk-wiped"));
  });

  it("installs what the ISO contains, whatever the kernel's version", async () => {
    bench = new Bench(FAST);
    server.override = (path) =>
      path.endsWith(".iso")
        ? { status: 200, body: releaseFile("v1.5.1", "harvester-v1.5.1-amd64.iso") ?? "" }
        : undefined;
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
    assert.equal(bench.nodes[0]?.system.version, "v1.5.1");
  });

  it("leaves a disk that does not boot when the power fails while it is written", async () => {
    bench = new Bench(FAST);
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
    const root = bench.nodes[0]?.system.root ?? "";
    await bench.machine.reset("ForceOff");
    assert.ok(existsSync(root));

    bench.bootOnce(server.bootUri);
    const wiped = () => bench.events().filter((event) => event === "disk-wiped").length;
    const before = wiped();
    await bench.machine.reset("On");
    await until("the disk is being written", () => wiped() > before);
    await bench.machine.cutPower();
    assert.ok(bench.events().includes("disk-write-interrupted"));
    assert.ok(!existsSync(root));

    await bench.machine.reset("On");
    await bench.halted();
    assert.equal(bench.machine.status().detail, "no bootable device");
    assert.equal(bench.nodes.length, 1);
  });

  it("uses a one-time override up, also when the boot server does not answer", async () => {
    bench = new Bench(FAST);
    bench.bootOnce("http://127.0.0.1:9/ipxe.efi");
    await bench.machine.reset("On");
    await bench.halted();
    assert.deepEqual(bench.machine.state.boot.enabled, "Disabled");
    assert.match(bench.console(), /NBP cannot be loaded: .*ECONNREFUSED[\s\S]*No bootable device/);
  });

  it("keeps an override while it is in POST, and one that is continuous for ever", async () => {
    bench = new Bench(0);
    bench.machine.setBoot({
      enabled: "Continuous",
      target: "UefiHttp",
      httpBootUri: "http://127.0.0.1:9/ipxe.efi",
    });
    await bench.machine.reset("On");
    assert.equal(bench.machine.status().phase, "post");
    bench.clock.advance(11);
    await bench.halted();
    assert.equal(bench.machine.state.boot.enabled, "Continuous");
  });

  it("boots the disk when the script says so or is not there", async () => {
    bench = new Bench(FAST);
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
    for (const answer of [
      { status: 200, body: "#!ipxe\nexit\n" },
      { status: 404, body: "" },
    ]) {
      const count = bench.nodes.length;
      server.override = (path) => (path === "/boot/autoexec.ipxe" ? answer : undefined);
      bench.bootOnce(server.bootUri);
      await bench.machine.reset("ForceRestart");
      await until("the node runs again", () => bench.nodes.length === count + 1);
    }
    assert.equal(bench.events().filter((event) => event === "installed").length, 1);
  });

  it("panics without initrd= on the kernel line, as UEFI machines do", async () => {
    bench = new Bench(FAST);
    server.override = (path) => {
      const kernel = server.file("harvester-v1.6.1-vmlinuz-amd64");
      return path === "/boot/autoexec.ipxe"
        ? { status: 200, body: `#!ipxe\nkernel ${kernel} ip=dhcp\nboot\n` }
        : undefined;
    };
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await bench.halted();
    assert.match(bench.console(), /Kernel panic - not syncing: VFS/);
  });

  it("shuts down in order, kills on a power cut, and gives up its VIP", async () => {
    bench = new Bench(FAST);
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.machine.status().phase === "os");
    assert.ok(bench.vip.claim(`${NET}.10`, "m1"));
    await bench.machine.reset("GracefulShutdown");
    await until("the machine is off", () => bench.machine.status().phase === "off");
    assert.deepEqual(bench.nodes[0]?.calls, ["start", "shutdown"]);
    assert.equal(bench.vip.holder(`${NET}.10`), undefined);
    await assert.rejects(bench.machine.reset("ForceRestart"), WrongPowerState);

    await bench.machine.reset("On");
    await until("the node runs again", () => bench.machine.status().phase === "os");
    await bench.machine.cutPower();
    assert.deepEqual(bench.nodes[1]?.calls, ["start", "kill"]);

    await bench.machine.reset("On");
    await until("the node runs a third time", () => bench.machine.status().phase === "os");
    bench.nodes[2]?.context.reboot("upgrade");
    await until("the node runs a fourth time", () => bench.nodes.length === 4);
    assert.deepEqual(bench.nodes[2]?.calls, ["start", "shutdown"]);
  });

  it("wipes the disks that wipe_disks_list and wipe_all_disks name", async () => {
    bench = new Bench(FAST);
    const config = createConfig(server, NET);
    const install = { ...(config.install as Record<string, unknown>) };
    const data = install.data_disk;
    delete install.data_disk;
    server.config = { ...config, install: { ...install, wipe_disks_list: [data, "/dev/none"] } };
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
    const wiped = bench.ledger.read().filter(({ event }) => event === "disk-wiped");
    assert.deepEqual(
      wiped.map(({ serial, how }) => `${serial} ${how}`),
      ["P7NLAB0001B wipe-disks-list", "S4XLAB0001A install-device"],
    );
    assert.match(bench.console(), /\/dev\/none does not exist/);
  });

  it("gives an installed system the static address of its configuration", async () => {
    bench = new Bench(FAST);
    const config = createConfig(server, NET);
    const network = {
      interfaces: [{ hw_addr: "52:54:00:77:01:10" }],
      method: "Static",
      ip: `${NET}.211`,
      subnet_mask: "255.255.255.0",
      gateway: `${NET}.1`,
    };
    server.config = { ...config, install: { ...(config.install as object), management_interface: network } };
    bench.bootOnce(server.bootUri);
    await bench.machine.reset("On");
    await until("the node runs", () => bench.nodes.length === 1);
    assert.equal(bench.nodes[0]?.context.address, `${NET}.211`);
    assert.equal(server.seen.find(({ path }) => path === "/boot/events/SUCCEEDED")?.from, `${NET}.211`);
  });
});
