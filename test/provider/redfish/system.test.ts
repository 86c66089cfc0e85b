import { strict as assert } from "node:assert";
import type { TlsDescription } from "../../../model/description";
import type { BmcWrite } from "../../../provider/redfish/client";
import { BmcError } from "../../../provider/redfish/errors";
import { STAYS_OFF, System } from "../../../provider/redfish/system";
import { Authority, type Issued } from "../net/certificates";
import { type Fault, ScriptedBmc } from "./scripted-bmc";

const timing = { requestMs: 300, attemptsMs: 2000, firstDelayMs: 5 };

/** A fault that strikes the first `times` requests that match. */
function first(times: number, method: string, act: (...args: Parameters<Fault>) => void): Fault {
  let left = times;
  return (req, res, body) => {
    if (req.method !== method || left === 0 || req.url?.includes("/Sessions")) return false;
    left--;
    act(req, res, body);
    return true;
  };
}

describe("Redfish", () => {
  let authority: Authority;
  let issued: Issued;
  let bmc: ScriptedBmc;
  let writes: BmcWrite[];
  const systems: System[] = [];

  const open = (tls: TlsDescription = { ca: authority.pem }, options: object = {}, password = "hunter22") => {
    const system = new System({
      bmc: { endpoint: bmc.endpoint, user: "admin", password, tls },
      readOnly: false,
      timing,
      onWrite: (w) => writes.push(w),
      ...options,
    });
    systems.push(system);
    return system;
  };
  const problem = async (promise: Promise<unknown>): Promise<BmcError> => {
    try {
      await promise;
    } catch (error) {
      assert.ok(error instanceof BmcError, String(error));
      return error;
    }
    assert.fail("it should have failed");
  };

  before(async () => {
    authority = await Authority.create();
    issued = await authority.issue();
  });
  beforeEach(async () => {
    bmc = await ScriptedBmc.start(issued);
    writes = [];
  });
  afterEach(async () => {
    await Promise.all(systems.splice(0).map((s) => s.close()));
    await bmc.stop();
  });

  it("reads all facts in one session and logs out", async () => {
    const system = open();
    const facts = await system.facts();
    assert.equal(facts.uuid, "4C4C4544-0044-4810-8031-B4C04F333132");
    assert.deepEqual(facts.processors, { count: 2, cores: 32, threads: 64 });
    assert.deepEqual(facts.nics, [
      { name: "nic1", mac: "52:54:00:aa:bb:01", linkUp: true, speedMbps: 10000 },
    ]);
    assert.deepEqual(facts.drives, [
      { name: "disk1", serial: "DISK1", model: "M", bytes: 1e12, health: "OK" },
    ]);
    assert.equal(facts.assetTag, undefined);
    assert.equal(bmc.requests.filter((r) => r.startsWith("POST")).length, 1);
    assert.equal(bmc.sessions.size, 1);
    await system.close();
    assert.equal(bmc.sessions.size, 0);
  });

  it("falls back to basic authentication where there are no sessions", async () => {
    bmc.withSessions = false;
    assert.equal((await open().state()).power, "Off");
  });

  it("opens a new session, once, when the old one has ended", async () => {
    const system = open();
    await system.state();
    bmc.sessions.clear();
    await system.state();
    assert.equal(bmc.requests.filter((r) => r.startsWith("POST")).length, 2);
  });

  it("tries a wrong password once only", async () => {
    const error = await problem(open(undefined, {}, "wrong-password").facts());
    assert.equal(error.problem, "credentials");
    assert.match(error.message, /bmc.password/);
    assert.ok(!error.message.includes("wrong-password"));
    assert.equal(bmc.requests.length, 1);
  });

  it("sends no password to a server it does not trust, and shows what to pin", async () => {
    const other = await Authority.create("other");
    for (const tls of [{ ca: other.pem }, {}, { fingerprint: other.fingerprint }]) {
      const error = await problem(open(tls).facts());
      assert.equal(error.problem, "untrusted");
      assert.ok(error.message.includes(issued.fingerprint), error.message);
    }
    assert.deepEqual(bmc.requests, []);
  });

  it("refuses a certificate that is for another host, or over", async () => {
    for (const wrong of [await authority.issue(["10.9.9.9"]), await authority.issue(["127.0.0.1"], -1)]) {
      const odd = await ScriptedBmc.start(wrong);
      const system = new System({
        bmc: { endpoint: odd.endpoint, user: "admin", password: "hunter22", tls: { ca: authority.pem } },
        readOnly: true,
        timing,
      });
      assert.equal((await problem(system.facts())).problem, "untrusted");
      assert.deepEqual(odd.requests, []);
      await system.close();
      await odd.stop();
    }
  });

  it("accepts a pinned certificate, in any notation, and an endpoint declared insecure", async () => {
    const colons = issued.fingerprint.toUpperCase().match(/../g)!.join(":");
    for (const tls of [{ fingerprint: colons }, { insecure: true }]) {
      assert.equal((await open(tls).state()).power, "Off");
    }
  });

  it("refuses plain http", () => {
    assert.throws(
      () =>
        new System({
          bmc: { endpoint: "http://127.0.0.1:1", user: "admin", password: "hunter22" },
          readOnly: true,
        }),
      /in clear/,
    );
  });

  it("reads through a storm of 503, 429, cut connections and silence", async () => {
    const codes = [503, 429, 500];
    bmc.faults = [
      first(3, "GET", (_req, res) => void res.writeHead(codes.shift()!).end()),
      first(1, "GET", (req) => req.socket.destroy()),
      first(1, "GET", () => {}),
    ];
    assert.equal((await open().state()).power, "Off");
  });

  it("says that a BMC is silent, and that this says nothing about its machine", async () => {
    const system = open(undefined, { timing: { ...timing, attemptsMs: 100 } });
    const { endpoint } = bmc;
    await bmc.stop();
    const error = await problem(system.state());
    assert.equal(error.problem, "silent");
    assert.ok(error.message.includes(endpoint));
    assert.match(error.message, /cannot be known/);
    bmc = await ScriptedBmc.start(issued);
  });

  it("sets a one-time boot, idempotently", async () => {
    const system = open();
    await system.setBootOnce("UefiHttp", "http://boot/x/ipxe.efi");
    await system.setBootOnce("UefiHttp", "http://boot/x/ipxe.efi");
    assert.deepEqual(bmc.writes(), ["PATCH /redfish/v1/Systems/1"]);
    assert.deepEqual((await system.state()).bootOverride, {
      enabled: "Once",
      target: "UefiHttp",
      uri: "http://boot/x/ipxe.efi",
    });
    await system.clearBootOverride();
    assert.equal((await system.state()).bootOverride.enabled, "Disabled");
    assert.deepEqual(
      writes.map((w) => [w.method, w.status]),
      [
        ["PATCH", 204],
        ["PATCH", 204],
      ],
    );
  });

  it("says what the machine does when the mains return, once, and nothing where the BMC has no such policy", async () => {
    const system = open();
    for (let time = 0; time < 2; time++) await system.setPowerRestorePolicy(STAYS_OFF);
    assert.equal((await system.state()).powerRestorePolicy, "AlwaysOff");
    assert.deepEqual(bmc.writes(), ["PATCH /redfish/v1/Systems/1"]);
    delete bmc.system.PowerRestorePolicy;
    await system.setPowerRestorePolicy("LastState");
    assert.equal(bmc.writes().length, 1);
  });

  it("does not repeat a write that took effect although its answer was lost", async () => {
    bmc.faults = [
      first(1, "PATCH", (req, _res, body) => {
        bmc.apply(JSON.parse(body));
        req.socket.destroy();
      }),
    ];
    await open().setAssetTag(() => "hvst:1:armed");
    assert.equal(bmc.system.AssetTag, "hvst:1:armed");
    assert.equal(bmc.writes().length, 1);
    assert.deepEqual(
      writes.map((w) => w.status),
      [undefined],
    );
  });

  it("repeats a write that did not take effect", async () => {
    bmc.faults = [first(2, "PATCH", (_req, res) => void res.writeHead(503).end())];
    await open().setAssetTag(() => "hvst:1:armed");
    assert.equal(bmc.system.AssetTag, "hvst:1:armed");
    assert.equal(bmc.writes().length, 3);
  });

  /** What somebody else writes into the tag after each of our first reads; the BMC refuses a write for an older state. */
  function withRivals(rivals: string[]): void {
    let version = 1;
    bmc.faults = [
      (req, res, body) => {
        if (req.url !== "/redfish/v1/Systems/1") return false;
        if (req.method === "GET") {
          res.writeHead(200, { etag: `"${version}"` }).end(JSON.stringify(bmc.system));
          const rival = rivals.shift();
          if (rival !== undefined) {
            bmc.apply({ AssetTag: rival });
            version += 1;
          }
          return true;
        }
        const stale = req.headers["if-match"] !== undefined && req.headers["if-match"] !== `"${version}"`;
        if (!stale) {
          bmc.apply(JSON.parse(body));
          version += 1;
        }
        res.writeHead(stale ? 412 : 204).end();
        return true;
      },
    ];
  }
  const mark = (present: string | undefined) =>
    [(present ?? "").replace(/ ?hvst:\S+/, ""), "hvst:1:armed"].filter((word) => word !== "").join(" ");

  it("keeps what somebody else writes into the tag between our read and our write", async () => {
    withRivals(["INV-1", "INV-2"]);
    await open().setAssetTag(mark);
    assert.equal(bmc.system.AssetTag, "INV-2 hvst:1:armed");
    assert.deepEqual(
      writes.map((w) => w.status),
      [412, 412, 204],
    );
  });

  it("writes without a condition, and no more often, where a BMC never accepts the ETag it gave", async () => {
    bmc.faults = [
      (req, res) => {
        if (req.method !== "PATCH" || req.headers["if-match"] === undefined) return false;
        res.writeHead(412).end();
        return true;
      },
    ];
    await open().setAssetTag(mark);
    assert.equal(bmc.system.AssetTag, "hvst:1:armed");
    assert.deepEqual(
      writes.map((w) => w.status),
      [412, 412, 412, 412, 204],
    );
  });

  it("gives up where a BMC answers 412 to everything", async () => {
    bmc.faults = [first(99, "PATCH", (_req, res) => void res.writeHead(412).end())];
    const error = await problem(open().setAssetTag(mark));
    assert.equal(error.status, 412);
    assert.equal(bmc.writes().length, 5);
  });

  it("does not fall for a BMC that accepts and forgets", async () => {
    bmc.apply = () => {};
    const error = await problem(open().setAssetTag(() => "hvst:1:armed"));
    assert.match(error.message, /accepted a new AssetTag but does not show it/);
  });

  it("names what a BMC cannot do", async () => {
    (bmc.system.Boot as Record<string, unknown>)["BootSourceOverrideTarget@Redfish.AllowableValues"] = [
      "Pxe",
    ];
    const error = await problem(open().setBootOnce("UefiHttp", "http://boot/x"));
    assert.equal(error.problem, "unsupported");
    assert.match(error.message, /UefiHttp.*Pxe/);
  });

  it("switches power and waits until it is seen", async () => {
    bmc.reset = (type) => setTimeout(() => (bmc.system.PowerState = type === "On" ? "On" : "Off"), 30);
    const system = open();
    await system.power("On", { everyMs: 10 });
    assert.equal(bmc.system.PowerState, "On");
    await system.power("On");
    await system.power("ForceOff", { everyMs: 10 });
    await system.power("On", { everyMs: 10 });
    assert.deepEqual(bmc.writes().length, 3);
    bmc.reset = () => {};
    const error = await problem(system.power("ForceOff", { everyMs: 10, deadlineMs: 50 }));
    assert.match(error.message, /still says On/);
  });

  it("writes nothing in a preview", async () => {
    await assert.rejects(
      open(undefined, { readOnly: true }).setAssetTag(() => "x"),
      /preview/,
    );
    assert.deepEqual(bmc.writes(), []);
  });

  it("stops at once when aborted", async () => {
    bmc.faults = [(_req, _res) => true];
    const controller = new AbortController();
    const reading = open(undefined, { signal: controller.signal, timing: {} }).state();
    setTimeout(() => controller.abort(new Error("cancelled")), 20);
    await assert.rejects(reading, /cancelled/);
    bmc.faults = [];
  });

  it("asks which system is meant when there are several", async () => {
    bmc.faults = [
      (req, res) => {
        if (req.url !== "/redfish/v1/Systems") return false;
        const members = ["/redfish/v1/Systems/1", "/redfish/v1/Systems/1"].map((id) => ({ "@odata.id": id }));
        res.end(JSON.stringify({ Members: members }));
        return true;
      },
    ];
    assert.match((await problem(open().state())).message, /2 systems.*bmc.systemId/);
  });
});
