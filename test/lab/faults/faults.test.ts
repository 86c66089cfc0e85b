import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { callLab } from "../../../lab/client";
import { FAULTS, type FaultName } from "../../../lab/faults/table";
import type { Lab } from "../../../lab/lab";
import { BootServer, createConfig } from "../boot-server";
import { ask } from "../cluster/support";
import {
  bmcPassword,
  FAST,
  type FakeNode,
  RedfishClient,
  startTestLab,
  temporaryFolder,
  until,
} from "../support";

describe("lab faults", () => {
  let lab: Lab;
  let nodes: FakeNode[];
  let boot: BootServer;
  let bmc: RedfishClient;
  const folder = temporaryFolder();

  before(async function () {
    this.timeout(120_000); // the first run on a machine installs the BMC's Python packages
    boot = await BootServer.start();
    ({ lab, nodes } = await startTestLab(folder.path));
    bmc = RedfishClient.operator(lab, "m1");
    boot.config = createConfig(boot, lab.services.net);
  });

  afterEach(async () => {
    await lab.machine("m1").cutPower();
    for (const target of ["m1", "m2", "site"]) await lab.clearFault(target);
    lab.machine("m1").setBoot({ enabled: "Disabled", target: "None", httpBootUri: "" });
    await boot.forget();
    nodes.length = 0;
  });

  after(async () => {
    await lab.stop();
    await boot.stop();
    folder.remove();
  });

  const m1 = () => lab.machine("m1");
  const events = () => boot.paths().filter((path) => path.includes("/events/"));

  async function install(): Promise<void> {
    await bmc.bootOnce(boot.bootUri);
    await bmc.reset("On");
  }

  function halted(): Promise<void> {
    return until("the machine halts", () => m1().status().phase === "halted");
  }

  it("tell what is wrong and how it ends, each of them", () => {
    for (const [name, kind] of Object.entries(FAULTS)) assert.ok(kind.what && kind.ends, name);
  });

  it("are set and ended over the control socket, and refuse what makes no sense", async () => {
    const set = (target: string, fault: string, args: string[] = []) =>
      callLab(folder.path, "POST", `/fault/${target}`, { fault, args });
    await set("m1", "install-slow", ["3"]);
    assert.deepEqual(
      lab.status().faults.map(({ target, fault, args }) => [target, fault, ...args]),
      [["m1", "install-slow", "3"]],
    );
    await callLab(folder.path, "DELETE", "/fault/m1/install-slow");
    assert.deepEqual(lab.status().faults, []);
    await assert.rejects(set("m1", "haunted"), /no fault "haunted"; it knows bmc-silent/);
    await assert.rejects(set("m9", "bmc-silent"), /"m9" cannot have the fault bmc-silent; set it on m1, m2/);
    await assert.rejects(set("m1", "api-slow"), /set it on site/);
    await assert.rejects(set("m1", "disk-missing", ["XYZ"]), /m1 has no disk "XYZ"/);
    await assert.rejects(set("m1", "hardware", ["wings=2"]), /"wings=2" is no part of a machine/);
  });

  it("end by themselves after a number of lab seconds", async () => {
    await lab.fault("m1", "cpu-model", ["Other", "CPU"], 60 * FAST);
    assert.equal((await bmc.call("GET", bmc.system)).body.ProcessorSummary.Model, "Other CPU");
    lab.services.clock.advance(60 * FAST);
    assert.deepEqual(lab.status().faults, []);
    assert.match((await bmc.call("GET", bmc.system)).body.ProcessorSummary.Model, /Xeon Gold/);
  });

  it("bmc-silent: takes the connection and says nothing", async () => {
    await lab.fault("m1", "bmc-silent");
    const waiting = bmc.call("GET", "/redfish/v1").then(
      () => "answered",
      () => "broken off",
    );
    const other = await RedfishClient.operator(lab, "m2").call("GET", "/redfish/v1");
    assert.equal(other.status, 200);
    await lab.clearFault("m1");
    assert.equal(await waiting, "broken off");
    assert.equal((await bmc.call("GET", "/redfish/v1")).status, 200);
  });

  it("bmc-certificate: shows one that nobody known has signed", async () => {
    await lab.fault("m1", "bmc-certificate");
    await assert.rejects(bmc.call("GET", "/redfish/v1"), /self-signed certificate/);
  });

  it("bmc-busy: refuses all but every n-th request, and does nothing for those", async () => {
    await lab.fault("m1", "bmc-busy", ["4"]);
    const statuses: number[] = [];
    for (let n = 0; n < 8; n++) statuses.push((await bmc.call("GET", bmc.system)).status);
    assert.deepEqual(statuses.filter((status) => status === 200).length, 2);
    assert.deepEqual(statuses.filter((status) => status === 503).length, 6);
    await until("a refusal", async () => {
      const { status, headers } = await bmc.reset("ForceOff");
      return status === 503 && headers["retry-after"] === "1";
    });
  });

  it("bmc-answer-lost: does what it is told, and never says so", async () => {
    await lab.fault("m1", "bmc-answer-lost");
    let answered = false;
    const waiting = bmc.reset("On").then((answer) => {
      answered = true;
      return answer;
    });
    await until("the machine to be on", () => m1().state.power === "On");
    assert.equal((await bmc.call("GET", bmc.system)).body.PowerState, "On");
    assert.equal(answered, false);
    await lab.clearFault("m1");
    assert.equal((await waiting).status, 204);
  });

  it("bmc-session-ends: a session is gone after some requests; a new one can be had", async () => {
    await lab.fault("m1", "bmc-session-ends", ["2"]);
    const open = async () => {
      const credentials = { UserName: "admin", Password: bmcPassword(lab) };
      const { headers } = await bmc.call("POST", "/redfish/v1/SessionService/Sessions", credentials);
      return new RedfishClient(lab, "m1", { token: String(headers["x-auth-token"]) });
    };
    const session = await open();
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await session.call("GET", bmc.system)).status);
    assert.deepEqual(statuses, [200, 200, 401, 401]);
    assert.equal((await (await open()).call("GET", bmc.system)).status, 200);
  });

  it("config-answer-lost: the configuration is asked for twice, and used once", async () => {
    await lab.fault("m1", "config-answer-lost");
    await install();
    await until("the end of the installation", () => events().some((event) => event.endsWith("SUCCEEDED")));
    assert.equal(boot.paths().filter((path) => path.endsWith("/config.yaml")).length, 2);
    assert.match(consoleOf("m1"), /unexpected EOF, retrying \(1\/30\)/);
  });

  it("power-ignored and power-stale: the BMC does not do, or show, what it was told", async () => {
    await lab.fault("m1", "power-ignored");
    assert.equal((await bmc.reset("On")).status, 204);
    assert.equal(m1().state.power, "Off");
    await lab.clearFault("m1");
    await lab.fault("m1", "power-stale", ["100000"]);
    await bmc.reset("On");
    assert.equal(m1().state.power, "On");
    assert.equal((await bmc.call("GET", bmc.system)).body.PowerState, "Off");
    await lab.clearFault("m1");
    assert.equal((await bmc.call("GET", bmc.system)).body.PowerState, "On");
  });

  it("a silent power failure, power-stale with a power cut: the BMC says On of a dead machine, for a time", async () => {
    await bmc.reset("On");
    const shown = async () => (await bmc.call("GET", bmc.system)).body.PowerState;
    const seconds = 60 * FAST;
    await lab.fault("m1", "power-stale", [String(seconds)]);
    await m1().cutPower();
    assert.deepEqual([m1().state.power, await shown()], ["Off", "On"]);
    lab.services.clock.advance(seconds);
    assert.equal(await shown(), "Off");
  });

  it("boot-once-sticks: the override stays, and the machine would be installed again and again", async () => {
    await lab.fault("m1", "boot-once-sticks");
    await install();
    await until("a second installation", () => events().filter((e) => e.endsWith("STARTED")).length >= 2);
    assert.equal(m1().state.boot.enabled, "Continuous");
  });

  it("boot-override-ignored: boots the disk and leaves the override", async () => {
    await lab.fault("m1", "boot-override-ignored");
    for (const disk of m1().disks.hardware) m1().disks.wipe(disk);
    await install();
    await halted();
    assert.equal(m1().status().detail, "no bootable device");
    assert.equal(m1().state.boot.enabled, "Once");
    assert.deepEqual(boot.paths(), []);
  });

  it("install-hangs and install-fails: nothing after STARTED, or FAILED", async () => {
    await lab.fault("m1", "install-hangs");
    await install();
    await until("the disk to be written to", () => m1().status().detail.includes("30 %"));
    assert.deepEqual(events(), ["POST /boot/events/STARTED"]);
    await lab.fault("m1", "install-fails");
    await lab.clearFault("m1", "install-hangs");
    await halted();
    assert.deepEqual(events(), ["POST /boot/events/STARTED", "POST /boot/events/FAILED"]);
  });

  /** What the real installer tells nobody: it is on, and only a person at its console can see why. */
  const silent: [what: string, fault: FaultName, args: string[], told: RegExp][] = [
    ["too few cores", "hardware", ["cores=4"], /4 CPU cores detected/],
    ["too little memory", "hardware", ["memory=16"], /16GiB RAM detected/],
    ["a slow network card", "hardware", ["nic-speed=1000"], /ens1f0 is 1Gbps/],
    ["no virtualisation", "hardware", ["kvm=no"], /dev\/kvm does not exist/],
    ["a small disk", "disk-small", ["100"], /[Dd]isk|GiB|size/],
    ["no disk", "disk-missing", [], /LAB_SSD|device/],
    ["no default route", "no-route", [], /no default route/],
  ];
  for (const [what, fault, args, told] of silent) {
    it(`an installation with ${what} stops without a word`, async () => {
      await lab.fault("m1", fault, args);
      await install();
      await halted();
      assert.match(m1().status().detail + consoleOf("m1"), told);
      assert.equal(m1().state.power, "On");
      assert.deepEqual(events(), []);
      assert.deepEqual(
        lab.ledger.read().filter(({ event, lab: at }) => event === "disk-wiped" && at > began),
        [],
      );
    });
  }

  let began = 0;
  beforeEach(() => {
    began = lab.services.clock.now();
  });

  function consoleOf(name: string): string {
    return readFileSync(`${folder.path}/machines/${name}/console.log`, "utf8");
  }

  it("a configuration that cannot be used stops it without a word", async () => {
    const config = createConfig(boot, lab.services.net) as { install: Record<string, unknown> };
    config.install.role = "boss";
    boot.config = config;
    await install();
    await halted();
    assert.deepEqual(events(), []);
    boot.config = createConfig(boot, lab.services.net);
  });

  it("no-link: the management network without a cable stops it without a word", async () => {
    const config = createConfig(boot, lab.services.net) as { install: Record<string, unknown> };
    config.install.management_interface = { interfaces: [{ name: "ens1f1" }], method: "dhcp" };
    boot.config = config;
    await lab.fault("m1", "no-link", ["ens1f1"]);
    await install();
    await halted();
    assert.match(m1().status().detail, /no carrier on ens1f1/);
    assert.deepEqual(events(), []);
    const nic = await bmc.call("GET", `${bmc.system}/EthernetInterfaces/ens1f1`);
    assert.equal(nic.body.LinkStatus, "NoLink");
    boot.config = createConfig(boot, lab.services.net);
  });

  it("disks: small, missing and failing ones show in the BMC", async () => {
    const [install] = m1().disks.hardware;
    const drive = async () =>
      (await bmc.call("GET", `${bmc.system}/Storage/SATA/Drives/${install?.serial}`)).body;
    assert.equal((await drive()).Status.Health, "OK");
    await lab.fault("m1", "disk-failing");
    assert.deepEqual(
      [(await drive()).FailurePredicted, (await drive()).PredictedMediaLifeLeftPercent],
      [true, 2],
    );
    await lab.fault("m1", "disk-small", ["200"]);
    assert.equal((await drive()).CapacityBytes, 200 * 1024 ** 3);
    await lab.fault("m1", "disk-missing");
    assert.equal((await drive()).Status.State, "Absent");
  });

  it("uuid faults: swapped, of another, of a new board", async () => {
    const at = bmc.system;
    const system = async () => (await bmc.call("GET", at)).body;
    const { uuid, serial } = m1().hardware;
    await lab.fault("m1", "uuid-swapped");
    const [a = "", b = ""] = [uuid.slice(0, 8), (await system()).UUID.slice(0, 8)];
    assert.equal(b, (a.match(/../g) ?? []).reverse().join(""));
    assert.equal((await system()).UUID.slice(19), uuid.slice(19));
    await lab.clearFault("m1");
    await lab.fault("m1", "uuid-of", ["m2"]);
    assert.equal((await system()).UUID, lab.machine("m2").hardware.uuid);
    await lab.clearFault("m1");
    await lab.fault("m1", "board-swapped");
    const board = await system();
    assert.notEqual(board.UUID, uuid);
    assert.equal(board.SerialNumber, `${serial}-B`);
    const nic = await bmc.call("GET", `${at}/EthernetInterfaces/ens1f0`);
    assert.match(nic.body.MACAddress, /^52:54:01/i);
  });

  it("vip-clash: something else answers at the VIP, and no machine gets it", async () => {
    await lab.fault("site", "vip-clash");
    const vip = `${lab.services.net}.10`;
    assert.equal((await ask(`https://${vip}:17443/v1/harvester/cluster/local`)).status, 404);
    assert.equal(lab.services.vip.claim(vip, "m1"), false);
    await lab.clearFault("site");
    assert.equal(lab.services.vip.holder(vip), undefined);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(17443, vip, resolve));
    await new Promise((resolve) => server.close(resolve));
  });

  it("mains: machines come back as their PowerRestorePolicy says", async () => {
    const [one, two] = [m1(), lab.machine("m2")];
    one.configure({ powerRestorePolicy: "LastState" });
    two.configure({ powerRestorePolicy: "AlwaysOn" });
    await one.reset("On");
    await lab.mains(false);
    assert.deepEqual([one.state.power, two.state.power], ["Off", "Off"]);
    assert.deepEqual(lab.status().withoutMains, ["m1", "m2"]);
    // A BMC without power is as silent as a broken one.
    assert.deepEqual(await callLab(folder.path, "GET", "/bmc-line/m1"), {
      silent: true,
      foreign: false,
      answerLost: false,
    });
    await lab.mains(true);
    assert.deepEqual([one.state.power, two.state.power], ["On", "On"]);
    one.configure({ powerRestorePolicy: "AlwaysOff" });
    await lab.mains(false);
    await lab.mains(true);
    assert.deepEqual([one.state.power, two.state.power], ["Off", "On"]);
    await two.cutPower();
  });

  it("mains of one machine: a fenced one stays off when they return, as its PowerRestorePolicy says by Redfish", async () => {
    const [one, two] = [m1(), lab.machine("m2")];
    assert.equal((await bmc.call("PATCH", bmc.system, { PowerRestorePolicy: "AlwaysOn" })).status, 204);
    await two.reset("On");
    await lab.mains(false, "m1");
    assert.deepEqual([one.state.power, two.state.power], ["Off", "On"]);
    assert.deepEqual(lab.status().withoutMains, ["m1"]);
    await lab.mains(true, "m1");
    assert.equal(one.state.power, "On");
    await bmc.call("PATCH", bmc.system, { PowerRestorePolicy: "AlwaysOff" });
    await bmc.reset("ForceOff");
    await lab.mains(false, "m1");
    await lab.mains(true, "m1");
    assert.equal(one.state.power, "Off");
    assert.equal((await bmc.call("GET", bmc.system)).body.PowerRestorePolicy, "AlwaysOff");
    await two.cutPower();
  });
});
