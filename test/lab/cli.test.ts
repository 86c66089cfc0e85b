import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { findFreeNet } from "../../lab/net";
import { type ProcessRecord, processStart } from "../../lab/processes";
import { temporaryFolder, until } from "./support";

const CLI = resolve(__dirname, "../../lab/cli.ts");

describe("lab command line", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const bin = join(folder.path, "bin");
  const dir = join(folder.path, "lab");

  before(() => {
    // No machine gets as far as running them.
    mkdirSync(bin);
    for (const name of ["etcd", "etcdctl", "kube-apiserver"]) {
      writeFileSync(join(bin, name), "#!/bin/sh\nexit 1\n");
      chmodSync(join(bin, name), 0o755);
    }
  });

  after(async () => {
    await lab("stop");
    folder.remove();
  });

  function lab(...args: string[]): Promise<{ code: number | null; output: string }> {
    const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) };
    const child = spawn(
      process.execPath,
      ["--require", require.resolve("tsx/cjs"), CLI, ...args, "--dir", dir],
      { env },
    );
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    return new Promise((done) => child.once("close", (code) => done({ code, output })));
  }

  it("starts, shows, switches and stops", async () => {
    const net = await findFreeNet();
    const started = await lab("start", "--net", net, "--machines", "2", "--speed", "1000");
    assert.equal(started.code, 0, started.output);
    assert.match(started.output, /artifact server: http[\s\S]*BMCs of 2 machines[\s\S]*up, net /);
    assert.match((await lab("start")).output, /runs already/);
    assert.equal((await lab("power", "m1", "on")).code, 0);
    await until("m1 finds nothing to boot", async () =>
      /m1 +On +halted: no bootable device/.test((await lab("status")).output),
    );
    const status = JSON.parse((await lab("status", "--json")).output);
    assert.deepEqual([status.running, status.net, status.machines.length], [true, net, 2]);
    assert.match((await lab("mains", "m1", "off")).output, /mains power of m1: off/);
    assert.match((await lab("status")).output, /m1 has no mains power/);
    assert.match((await lab("mains", "on")).output, /mains power: on/);
    assert.match((await lab("console", "m1")).output, /No bootable device found/);
    assert.match((await lab("quorum")).output, /looks, at most \d+ ms apart; at the least - voters more/);
    assert.match((await lab("ledger")).output, /m1 +power-on reason=BMC/);
    const unknown = await lab("kill", "m7");
    assert.deepEqual([unknown.code, unknown.output], [1, 'the lab has no machine "m7"; it has m1, m2\n']);
    assert.equal((await lab("kill", "m1")).code, 0);
    assert.match((await lab("stop")).output, /stopped/);
    assert.match((await lab("stop")).output, /not running/);
    assert.equal((await lab("status")).output, `lab: not running (${dir})\n`);
    assert.match((await lab("kill", "m1")).output, /no lab runs in .*start/);
  });

  it("starts again after it was killed, and nothing of the old one is left", async () => {
    assert.equal((await lab("start")).code, 0);
    const daemon = (JSON.parse(readFileSync(join(dir, "lab.pid"), "utf8")) as ProcessRecord).pid;
    const records = readdirSync(join(dir, "processes")).map(
      (name) => JSON.parse(readFileSync(join(dir, "processes", name), "utf8")) as ProcessRecord,
    );
    assert.deepEqual(
      records.map(({ name }) => name),
      ["bmc"],
    );
    process.kill(daemon, "SIGKILL");
    await until("the BMC process is gone", () => processStart(records[0]?.pid as number) === undefined);
    const again = await lab("start");
    assert.equal(again.code, 0, again.output);
    assert.equal((await lab("stop")).code, 0);
  });

  it("says what is missing and what it knows", async () => {
    assert.match((await lab("dance")).output, /"dance" is no verb[\s\S]*console <machine>/);
    writeFileSync(join(bin, "etcdctl"), "");
    chmodSync(join(bin, "etcdctl"), 0o644);
    const { PATH } = process.env;
    process.env.PATH = "/usr/bin:/bin";
    try {
      assert.match((await lab("start")).output, /etcdctl is not on PATH/);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
