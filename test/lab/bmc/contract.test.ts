import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ensureVenv } from "../../../lab/bmc/venv";
import type { Lab } from "../../../lab/lab";
import { RedfishClient, startTestLab, temporaryFolder, until } from "../support";

/** What both must say about a resource: the same value, or where values are the hardware's own, a value of the same type. */
const SAME = Symbol("same");

/**
 * Holds the lab's BMC beside stock sushy-emulator with its fake driver, for what both do: so that our driver and routes stay what
 * Redfish clients know from sushy-tools, which is tested against real ones.
 */
describe("lab BMC beside stock sushy-emulator", () => {
  const folder = temporaryFolder();
  let lab: Lab;
  let ours: RedfishClient;
  let stock: ChildProcess;
  let stockUrl: string;
  let uuid: string;

  before(async function () {
    this.timeout(120_000);
    ({ lab } = await startTestLab(join(folder.path, "lab"), { machines: 1 }));
    ours = RedfishClient.operator(lab, "m1");
    const { hardware } = lab.machine("m1");
    uuid = hardware.uuid;
    const nics = hardware.nics.map(({ mac }) => ({ mac, ip: "127.0.0.1" }));
    const systems = JSON.stringify([{ uuid, name: "m1", power_state: "Off", nics }]);
    const state = JSON.stringify(join(folder.path, "stock"));
    const configuration = join(folder.path, "stock.conf");
    writeFileSync(
      configuration,
      `SUSHY_EMULATOR_FAKE_DRIVER = True\nSUSHY_EMULATOR_STATE_DIR = ${state}\nSUSHY_EMULATOR_FAKE_SYSTEMS = ${systems}\n`,
    );
    const port = await freePort();
    const python = await ensureVenv(() => {});
    const args = [
      "-m",
      "sushy_tools.emulator.main",
      "--fake",
      "--interface",
      "127.0.0.1",
      "--port",
      String(port),
      "--config",
      configuration,
    ];
    stock = spawn(python, args, { stdio: "ignore" });
    stockUrl = `http://127.0.0.1:${port}`;
    await until(
      "stock sushy-emulator answers",
      async () => (await fetch(`${stockUrl}/redfish/v1/`).catch(() => undefined))?.ok === true,
      30_000,
    );
  });

  after(async () => {
    const ended = new Promise((resolve) => stock.once("exit", resolve));
    stock.kill("SIGKILL");
    await ended;
    await lab.stop();
    folder.remove();
  });

  async function both(method: string, path: string, body?: unknown) {
    const init = {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    };
    const answer = await fetch(stockUrl + path, init);
    const text = await answer.text();
    return {
      theirs: { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : undefined },
      ours: await ours.call(method, path, body),
    };
  }

  const resources: [string, Record<string, typeof SAME | string>][] = [
    [
      "/redfish/v1/",
      { "@odata.type": SAME, RedfishVersion: SAME, Systems: SAME, Managers: SAME, UUID: "string" },
    ],
    ["/redfish/v1/Systems", { "@odata.type": SAME, Members: SAME, "Members@odata.count": SAME }],
    [
      "/redfish/v1/Systems/UUID",
      {
        "@odata.id": SAME,
        "@odata.type": SAME,
        Id: SAME,
        UUID: SAME,
        Name: SAME,
        PowerState: SAME,
        EthernetInterfaces: SAME,
        Storage: SAME,
        Manufacturer: "string",
        ProcessorSummary: "object",
        MemorySummary: "object",
        Boot: "object",
        Actions: "object",
      },
    ],
    ["/redfish/v1/Systems/UUID/EthernetInterfaces", { "@odata.type": SAME, "Members@odata.count": SAME }],
    ["/redfish/v1/Managers", { "@odata.type": SAME, Members: SAME }],
    [
      "/redfish/v1/Managers/UUID",
      {
        "@odata.type": SAME,
        Id: SAME,
        UUID: SAME,
        ManagerType: SAME,
        PowerState: SAME,
        DateTime: "string",
        DateTimeLocalOffset: SAME,
      },
    ],
  ];
  for (const [path, properties] of resources) {
    it(`agrees on ${path}`, async () => {
      const answers = await both("GET", path.replace("UUID", uuid));
      assert.equal(answers.ours.status, answers.theirs.status);
      for (const [name, expected] of Object.entries(properties)) {
        const [theirs, own] = [answers.theirs.body[name], answers.ours.body[name]];
        if (expected === SAME) assert.deepEqual(own, theirs, name);
        else assert.deepEqual([typeof own, typeof theirs], [expected, expected], name);
      }
    });
  }

  it("agrees on a NIC's addresses", async () => {
    const read = async (
      get: (path: string) => Promise<{ Members: { "@odata.id": string }[] } & Record<string, unknown>>,
    ) => {
      const { Members } = await get(`/redfish/v1/Systems/${uuid}/EthernetInterfaces`);
      const nics = await Promise.all(Members.map((member) => get(member["@odata.id"])));
      return nics.map((nic) => [nic["@odata.type"], nic.MACAddress, nic.PermanentMACAddress, nic.Status]);
    };
    const theirs = await read(async (path) => (await fetch(stockUrl + path)).json() as never);
    assert.deepEqual(await read(async (path) => (await ours.call("GET", path)).body), theirs);
  });

  it("agrees on the shape of errors", async () => {
    const { theirs, ours: own } = await both(
      "GET",
      "/redfish/v1/Systems/00000000-0000-0000-0000-000000000000",
    );
    assert.equal(own.status, theirs.status);
    for (const { body } of [theirs, own]) {
      assert.equal(typeof body.error.code, "string");
      assert.equal(typeof body.error.message, "string");
      assert.equal(typeof body.error["@Message.ExtendedInfo"][0].MessageId, "string");
    }
  });

  it("agrees on setting a boot device and on switching on", async () => {
    for (const target of ["Pxe", "Cd", "Hdd"]) {
      const Boot = { BootSourceOverrideEnabled: "Continuous", BootSourceOverrideTarget: target };
      const patched = await both("PATCH", `/redfish/v1/Systems/${uuid}`, { Boot });
      assert.deepEqual([patched.ours.status, patched.theirs.status], [204, 204]);
      const { theirs, ours: own } = await both("GET", `/redfish/v1/Systems/${uuid}`);
      for (const name of Object.keys(Boot)) assert.equal(own.body.Boot[name], theirs.body.Boot[name], name);
      const allowed = "BootSourceOverrideTarget@Redfish.AllowableValues";
      for (const value of theirs.body.Boot[allowed]) assert.ok(own.body.Boot[allowed].includes(value), value);
    }
    const action = "#ComputerSystem.Reset";
    const { theirs, ours: own } = await both("GET", `/redfish/v1/Systems/${uuid}`);
    assert.equal(own.body.Actions[action].target, theirs.body.Actions[action].target);
    const reset = await both("POST", own.body.Actions[action].target, { ResetType: "On" });
    assert.deepEqual([reset.ours.status, reset.theirs.status], [204, 204]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
