import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messages, Struct, status } from "../../../provider/shell/protocol";
import { type CallError, Harness, secret, UNKNOWN_ON_WIRE, URN } from "./harness";

const { Empty } = createRequire(require.resolve("@pulumi/pulumi/package.json"))(
  "google-protobuf/google/protobuf/empty_pb.js",
);

const failed = (promise: Promise<unknown>): Promise<CallError> =>
  promise.then(
    () => assert.fail("it should have failed"),
    (error) => error,
  );

function initFailure(error: CallError) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  assert.ok(bytes, "the error carries no details");
  const any = status.Status.deserializeBinary(bytes as Buffer).getDetailsList()[0]!;
  return messages.ErrorResourceInitFailed.deserializeBinary(any.getValue_asU8());
}

describe("provider shell", () => {
  let provider: Harness;
  before(async () => {
    provider = await Harness.start();
  });
  after(() => provider.stop());

  it("says who it is and what it supports", async () => {
    const info = await provider.call("getPluginInfo", new Empty());
    assert.equal(info.getVersion(), "1.2.3");
    const configured = await provider.call("configure", new messages.ConfigureRequest());
    assert.equal(configured.getAcceptsecrets(), true);
    assert.equal(configured.getSupportspreview(), true);
    const schema = await provider.call("getSchema", new messages.GetSchemaRequest());
    assert.deepEqual(Object.keys(JSON.parse(schema.getSchema()).resources), ["metal:index:Probe"]);
  });

  it("keeps secrets secret and unknowns unknown through check", async () => {
    const { inputs, failures } = await provider.check({
      bmc: { password: secret("hunter22"), endpoint: UNKNOWN_ON_WIRE },
      token: secret(UNKNOWN_ON_WIRE),
    });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      size: 1,
      bmc: { password: secret("hunter22"), endpoint: UNKNOWN_ON_WIRE },
      token: secret(UNKNOWN_ON_WIRE),
    });
  });

  it("reports check failures with their property in the text alone, without secrets", async () => {
    const first = await provider.check({ size: 13, password: secret("hunter22") });
    assert.deepEqual(first.failures, [
      { property: "", reason: "size: 13 is unlucky; olds absent; [secret]" },
    ]);
    const second = await provider.check({ size: 13, password: secret("hunter22") }, { size: 1 });
    assert.match(second.failures[0].reason, /olds given/);
  });

  it("shows differences in detail, never as a replacement, and heeds ignoreChanges", async () => {
    const olds = { size: 1, disks: [{ serial: "a" }], labels: { "x/y.z": "1" }, gone: true };
    const news = { size: 2, disks: [{ serial: UNKNOWN_ON_WIRE }], labels: { "x/y.z": "2" }, fresh: 1 };
    const { changes, detailed, replaces } = await provider.diff(olds, news);
    assert.equal(changes, messages.DiffResponse.DiffChanges.DIFF_SOME);
    assert.deepEqual(Object.keys(detailed).sort(), [
      "disks[0].serial",
      "fresh",
      "gone",
      'labels["x/y.z"]',
      "size",
    ]);
    assert.deepEqual(replaces, []);
    const some = await provider.diff(olds, news, ["size", 'labels["x/y.z"]', "disks", "fresh", "gone"]);
    assert.equal(some.changes, messages.DiffResponse.DiffChanges.DIFF_NONE);
    assert.equal((await provider.diff(olds, olds)).changes, messages.DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("previews with unknown outputs", async () => {
    const { id, outputs } = await provider.create(
      { size: 1, password: secret("hunter22") },
      { preview: true },
    );
    assert.equal(id, "");
    assert.deepEqual(outputs, { size: 1, password: secret("hunter22"), made: UNKNOWN_ON_WIRE });
  });

  it("wraps what echoes a secret, what is declared secret, and whatever contains one", async () => {
    const { outputs } = await provider.create({ password: secret("hunter22") });
    assert.deepEqual(outputs, {
      password: secret("hunter22"),
      made: "whole",
      echo: secret("the password is hunter22"),
      token: secret("generated-token"),
    });
    const row = await provider.logged(/acting with/);
    assert.deepEqual(row, { severity: 1, message: "acting with [secret]", urn: URN, ephemeral: true });
  });

  it("fails in one clean paragraph", async () => {
    const error = await failed(provider.create({ behaviour: "fail", password: secret("hunter22") }));
    assert.equal(error.details, "password: [secret] was refused by the BMC.");
    assert.deepEqual(error.metadata.get("grpc-status-details-bin"), []);
  });

  it("marks its own mistakes as bugs", async () => {
    const error = await failed(provider.create({ behaviour: "bug" }));
    assert.match(error.details, /bug in the metal provider.*TypeError.*probe-provider/s);
  });

  it("keeps the state of what was begun", async () => {
    const error = await failed(provider.create({ behaviour: "partial", password: secret("hunter22") }));
    const detail = initFailure(error);
    assert.equal(detail.getId(), "probe-1");
    assert.deepEqual(detail.getReasonsList(), ["stopped with [secret]"]);
    assert.deepEqual(detail.getProperties()?.toJavaScript(), {
      behaviour: "partial",
      password: secret("hunter22"),
      made: "half",
    });
  });

  it("ends an operation at its time-out", async () => {
    const error = await failed(provider.create({ behaviour: "hang" }, { timeout: 0.05 }));
    assert.match(error.details, /create did not end within its 0.05 s.*customTimeouts/);
  });

  it("reads: refreshed, imported, gone", async () => {
    assert.deepEqual(await provider.read("probe-1", { size: 1 }, { size: 1, password: secret("hunter22") }), {
      id: "probe-1",
      inputs: { size: 1 },
      outputs: { size: 1, password: secret("hunter22") },
    });
    assert.deepEqual(await provider.read("probe-9"), {
      id: "probe-9",
      inputs: { imported: true },
      outputs: { imported: true },
    });
    assert.equal((await provider.read("gone")).id, "");
  });

  it("deletes, or says why not", async () => {
    await provider.delete({ size: 1 });
    assert.equal(
      (await failed(provider.delete({ behaviour: "keep" }))).details,
      "behaviour: this probe stays.",
    );
  });

  it("refuses configuration, which it has none of", async () => {
    const request = new messages.CheckRequest();
    request.setNews(Struct.fromJavaScript({ version: "0.1.0", region: "moon" }));
    const response = await provider.call("checkConfig", request);
    assert.deepEqual(
      response
        .getFailuresList()
        .map((f: InstanceType<typeof messages.CheckFailure>) => f.getReason().split(":")[0]),
      ["region"],
    );
  });
});

describe("provider process", () => {
  let provider: Harness;
  let marker: string;
  beforeEach(async () => {
    marker = join(mkdtempSync(join(tmpdir(), "probe-")), "closed");
    provider = await Harness.start(undefined, { PROBE_MARKER: marker });
  });
  afterEach(() => provider.stop());

  it("on Cancel keeps what was begun and takes nothing further", async () => {
    const creating = failed(provider.create({ behaviour: "resume-later" }));
    await provider.logged(/hanging/);
    await provider.cancel();
    assert.equal(initFailure(await creating).getId(), "probe-1");
    assert.match((await failed(provider.create({}))).details, /cancelled/);
  });

  it("closes what is open and ends when the engine dies", async () => {
    const creating = failed(provider.create({ behaviour: "hang" }));
    await provider.logged(/hanging/);
    const begun = Date.now();
    provider.process.stdin?.end();
    assert.equal(await provider.exit(), 1);
    assert.ok(Date.now() - begun < 2000, "it took too long");
    assert.ok(existsSync(marker), "nothing was closed");
    await creating;
  });

  it("closes what is open and ends when it is told to", async () => {
    provider.process.kill("SIGINT");
    assert.equal(await provider.exit(), 0);
    assert.ok(existsSync(marker), "nothing was closed");
  });
});
