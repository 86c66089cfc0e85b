import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Lab } from "../../../lab/lab";
import { PORTS } from "../../../lab/net";
import { bmcPassword, RedfishClient, startTestLab, temporaryFolder, until } from "../support";

const SESSIONS = "/redfish/v1/SessionService/Sessions";

describe("lab BMC", () => {
  const folder = temporaryFolder();
  let lab: Lab;
  let bmc: RedfishClient;

  before(async function () {
    this.timeout(120_000);
    ({ lab } = await startTestLab(folder.path));
    bmc = RedfishClient.operator(lab, "m1");
  });

  after(async () => {
    await lab.stop();
    folder.remove();
  });

  it("shows each machine at its own address and no other", async () => {
    const { hardware } = lab.machine("m1");
    const { body } = await bmc.call("GET", "/redfish/v1/Systems");
    assert.deepEqual(body.Members, [{ "@odata.id": bmc.system }]);
    const other = RedfishClient.operator(lab, "m2");
    assert.equal((await bmc.call("GET", other.system)).status, 404);
    assert.equal((await other.call("GET", other.system)).body.SerialNumber, "HVL1002");
    const system = (await bmc.call("GET", bmc.system)).body;
    assert.equal(system.UUID, hardware.uuid);
    assert.equal(system.BiosVersion, hardware.biosVersion);
    assert.equal(system.ProcessorSummary.CoreCount, 16);
    assert.equal(system.MemorySummary.TotalSystemMemoryGiB, 64);
    assert.deepEqual(
      [system.PowerState, system.AssetTag, system.PowerRestorePolicy],
      ["Off", "", "LastState"],
    );
  });

  it("lists NICs and drives with what tells them apart", async () => {
    const nics = (await bmc.call("GET", `${bmc.system}/EthernetInterfaces`)).body.Members;
    const nic = (await bmc.call("GET", nics[0]["@odata.id"])).body;
    assert.deepEqual(
      [nic.MACAddress, nic.SpeedMbps, nic.LinkStatus],
      ["52:54:00:77:01:10", 10_000, "LinkUp"],
    );
    const serials: string[] = [];
    for (const controller of (await bmc.call("GET", `${bmc.system}/Storage`)).body.Members) {
      for (const link of (await bmc.call("GET", controller["@odata.id"])).body.Drives) {
        const drive = (await bmc.call("GET", link["@odata.id"])).body;
        assert.equal(drive.PredictedMediaLifeLeftPercent, 100);
        assert.equal(drive.Status.Health, "OK");
        assert.ok(drive.CapacityBytes > 4e11);
        serials.push(drive.SerialNumber);
      }
    }
    assert.deepEqual(serials.sort(), ["P7NLAB0001B", "S4XLAB0001A"]);
  });

  it("has a manager with a clock", async () => {
    const manager = (await bmc.call("GET", "/redfish/v1/Managers")).body.Members[0]["@odata.id"];
    const { DateTime } = (await bmc.call("GET", manager)).body;
    assert.ok(Math.abs(Date.parse(DateTime) - Date.now()) < 5000, DateTime);
  });

  it("lets nobody in without credentials, except to the service root", async () => {
    const stranger = new RedfishClient(lab, "m1");
    assert.equal((await stranger.call("GET", "/redfish/v1/")).status, 200);
    assert.equal((await stranger.call("GET", "/redfish/v1")).status, 200);
    for (const path of [
      "/redfish/v1/Systems",
      bmc.system,
      "/redfish/v1/Managers",
      "/redfish/v1/SessionService",
    ]) {
      const answer = await stranger.call("GET", path);
      assert.equal(answer.status, 401, path);
      assert.match(answer.body.error["@Message.ExtendedInfo"][0].MessageId, /NoValidSession$/);
    }
    const wrong = new RedfishClient(lab, "m1", { basic: "admin:wrong" });
    assert.equal((await wrong.reset("On")).status, 401);
    assert.equal(lab.machine("m1").state.power, "Off");
  });

  it("opens and closes sessions, valid at one BMC only", async () => {
    const stranger = new RedfishClient(lab, "m1");
    const refused = await stranger.call("POST", SESSIONS, { UserName: "admin", Password: "wrong" });
    assert.equal(refused.status, 401);
    const opened = await stranger.call("POST", SESSIONS, { UserName: "admin", Password: bmcPassword(lab) });
    assert.equal(opened.status, 201);
    const token = String(opened.headers["x-auth-token"]);
    const session = new RedfishClient(lab, "m1", { token });
    assert.equal((await session.call("GET", bmc.system)).status, 200);
    assert.equal(
      (await new RedfishClient(lab, "m2", { token }).call("GET", "/redfish/v1/Systems")).status,
      401,
    );
    assert.equal((await session.call("DELETE", String(opened.headers.location))).status, 204);
    assert.equal((await session.call("GET", bmc.system)).status, 401);
  });

  it("writes the boot override, the asset tag and the power restore policy", async () => {
    const uri = "http://127.0.0.1:9/token/ipxe.efi";
    const Boot = {
      BootSourceOverrideEnabled: "Once",
      BootSourceOverrideTarget: "UefiHttp",
      HttpBootUri: uri,
    };
    const patch = { AssetTag: "hvst:0123456789abcdef:armed", PowerRestorePolicy: "AlwaysOff", Boot };
    assert.equal((await bmc.call("PATCH", bmc.system, patch)).status, 204);
    const { body } = await bmc.call("GET", bmc.system);
    assert.deepEqual([body.AssetTag, body.PowerRestorePolicy], [patch.AssetTag, "AlwaysOff"]);
    assert.deepEqual({ ...Boot, ...body.Boot }, body.Boot);
    await bmc.call("PATCH", bmc.system, { Boot: { BootSourceOverrideEnabled: "Disabled" } });
    assert.equal(lab.machine("m1").state.boot.target, "None");
  });

  it("refuses bad values in Redfish's words, and changes nothing then", async () => {
    const before = JSON.stringify(lab.machine("m1").state);
    for (const [patch, related] of [
      [{ Boot: { BootSourceOverrideTarget: "Floppy" } }, "#/Boot/BootSourceOverrideTarget"],
      [{ Boot: { BootSourceOverrideEnabled: "Twice" } }, "#/Boot/BootSourceOverrideEnabled"],
      [{ Boot: { HttpBootUri: "tftp://x" } }, "#/Boot/HttpBootUri"],
      [{ PowerRestorePolicy: "Sometimes" }, "#/PowerRestorePolicy"],
      [{ AssetTag: "x".repeat(64) }, "#/AssetTag"],
      [{ SerialNumber: "1" }, "#/SerialNumber"],
      [{ AssetTag: "good", SerialNumber: "1" }, "#/SerialNumber"],
    ] as const) {
      const answer = await bmc.call("PATCH", bmc.system, patch);
      assert.equal(answer.status, 400, JSON.stringify(patch));
      assert.deepEqual(answer.body.error["@Message.ExtendedInfo"][0].RelatedProperties, [related]);
    }
    const reset = await bmc.reset("Explode");
    assert.equal(reset.status, 400);
    assert.match(reset.body.error.code, /ActionParameterValueNotInList$/);
    assert.equal((await bmc.reset("ForceRestart")).status, 409);
    assert.equal((await bmc.call("GET", "/redfish/v1/Nothing")).status, 404);
    assert.equal(JSON.stringify(lab.machine("m1").state), before);
  });

  it("follows the machine's power at once", async () => {
    const power = async () => (await bmc.call("GET", bmc.system)).body.PowerState;
    assert.equal((await bmc.reset("On")).status, 204);
    assert.equal(await power(), "On");
    assert.equal((await bmc.reset("ForceRestart")).status, 204);
    assert.equal(await power(), "On");
    assert.equal((await bmc.reset("ForceOff")).status, 204);
    assert.equal(await power(), "Off");
    await bmc.reset("On");
    await lab.machine("m1").cutPower();
    assert.equal(await power(), "Off");
  });

  it("writes every request down, and no password", async () => {
    await bmc.call("PATCH", bmc.system, { AssetTag: "seen" });
    const text = readFileSync(join(folder.path, "bmc-requests.jsonl"), "utf8");
    const last = JSON.parse(text.trim().split("\n").at(-1) as string);
    assert.deepEqual([last.machine, last.method, last.path, last.status], ["m1", "PATCH", bmc.system, 204]);
    assert.ok(text.includes('"status": 401'));
    assert.ok(!text.includes(bmcPassword(lab)));
  });

  it("serves others while a client says nothing", async () => {
    const silent = connect({ host: lab.machine("m1").hardware.bmcAddress, port: PORTS.bmc });
    await new Promise<void>((resolve) => silent.once("connect", resolve));
    assert.equal((await bmc.call("GET", bmc.system)).status, 200);
    silent.destroy();
  });

  it("keeps what it was told when the lab is stopped", async () => {
    const { net } = lab.services;
    await bmc.call("PATCH", bmc.system, { AssetTag: "kept" });
    await lab.stop();
    ({ lab } = await startTestLab(folder.path, { net, sessionSeconds: 0.05 }));
    bmc = RedfishClient.operator(lab, "m1");
    await until("the BMC answers", async () => (await bmc.call("GET", bmc.system)).body.AssetTag === "kept");
  });

  it("ends a session that nobody uses", async () => {
    const credentials = { UserName: "admin", Password: bmcPassword(lab) };
    const opened = await new RedfishClient(lab, "m1").call("POST", SESSIONS, credentials);
    const session = new RedfishClient(lab, "m1", { token: String(opened.headers["x-auth-token"]) });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await session.call("GET", bmc.system)).status, 401);
  });
});
