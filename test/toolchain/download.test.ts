import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChecksumError, download, reachable } from "../../toolchain/download";
import type { Archive } from "../../toolchain/pins";
import type { Step } from "../../toolchain/progress";
import { DownloadHost } from "./server";

const CONTENT = randomBytes(3_000_000);
const QUICK = { firstPauseMs: 1, stallMs: 2_000 };

describe("download", () => {
  let folder: string;
  let host: DownloadHost;
  let archive: Archive;
  let far: string[];
  let step: Step;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "download-"));
    host = await DownloadHost.start(CONTENT);
    archive = {
      url: host.url,
      digest: { algorithm: "sha256", hex: createHash("sha256").update(CONTENT).digest("hex") },
      members: [],
    };
    far = [];
    step = { update: (now) => far.push(now), done: () => undefined, fail: () => undefined };
  });
  afterEach(async () => {
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  it("brings the file and says how far it is", async () => {
    const path = await download(archive, folder, step, QUICK);
    assert.ok(readFileSync(path).equals(CONTENT));
    assert.deepEqual(readdirSync(folder).length, 1, "no left-over");
    assert.match(
      far.find((line) => line.includes("100 %")) ?? "",
      /^3\.0 of 3\.0 MB, 100 %, [\d.]+ MB\/s, 0 s left$/,
    );
    assert.ok(far.length > 3, "more than once");
  });

  it("continues where a connection broke", async () => {
    host.breakAfter = [1_000_000, 500_000];
    const path = await download(archive, folder, step, QUICK);
    assert.ok(readFileSync(path).equals(CONTENT));
    assert.equal(host.requests.length, 3);
    assert.equal(host.requests[0]?.range, undefined);
    for (const { range } of host.requests.slice(1)) assert.match(range ?? "", /^bytes=[1-9]\d*-$/);
  });

  it("continues what an earlier process left behind", async () => {
    host.breakAfter = [1_000_000, 0, 0, 0, 0, 0];
    await assert.rejects(download(archive, folder, step, QUICK), /broke off/);
    host.breakAfter = [];
    host.requests.length = 0;
    await download(archive, folder, step, QUICK);
    assert.match(host.requests[0]?.range ?? "", /^bytes=[1-9]\d*-$/);
    assert.equal(host.requests.length, 1);
  });

  it("starts again where the host knows no ranges", async () => {
    host.ranges = false;
    host.breakAfter = [1_000_000];
    const path = await download(archive, folder, step, QUICK);
    assert.ok(readFileSync(path).equals(CONTENT));
  });

  it("refuses and deletes a file with another checksum", async () => {
    const wrong = { ...archive, digest: { ...archive.digest, hex: "0".repeat(64) } };
    await assert.rejects(download(wrong, folder, step, QUICK), ChecksumError);
    assert.deepEqual(readdirSync(folder), []);
  });

  it("drops a left-over that does not belong to the file and fetches the whole", async () => {
    const name = `${archive.digest.hex.slice(0, 12)}-tool.tar.gz.partial`;
    writeFileSync(join(folder, name), randomBytes(1000));
    const path = await download(archive, folder, step, QUICK);
    assert.ok(readFileSync(path).equals(CONTENT));
  });

  it("does not ask again where the answer is no", async () => {
    host.status = 404;
    await assert.rejects(download(archive, folder, step, QUICK), /the server answered 404/);
    assert.equal(host.requests.length, 1);
  });

  it("stops when it is called off", async () => {
    await assert.rejects(
      download(archive, folder, step, { ...QUICK, signal: AbortSignal.abort() }),
      /abort/i,
    );
  });

  it("tells whether a place can be reached, and why not", async () => {
    assert.deepEqual(await reachable(host.url), { ok: true });
    assert.equal(host.requests[0]?.method, "HEAD");
    host.status = 403;
    assert.deepEqual(await reachable(host.url), { ok: false, reason: "answers 403" });
    const url = host.url;
    await host.stop();
    const answer = await reachable(url);
    assert.ok(!answer.ok);
    assert.match(answer.reason, /ECONNREFUSED/);
    host = await DownloadHost.start(CONTENT);
  });
});
