import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ChildTable } from "../../lab/children";
import { isAlive, type ProcessRecord, processStart, reap } from "../../lab/processes";
import { temporaryFolder, until } from "./support";

const SLEEPER = { command: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"] };

describe("lab child processes", () => {
  const folder = temporaryFolder();
  after(folder.remove);

  it("are recorded while they run, and end with the lab", async () => {
    const children = new ChildTable(folder.path);
    const logFile = join(folder.path, "log");
    const child = await children.spawn({ ...SLEEPER, name: "a", logFile });
    const stubborn = await children.spawn({ ...SLEEPER, name: "b", logFile });
    assert.equal(readdirSync(join(folder.path, "processes")).length, 2);
    await child.stop();
    assert.equal(child.exit?.signal, "SIGTERM");
    assert.equal(readdirSync(join(folder.path, "processes")).length, 1);
    await children.close();
    assert.equal(stubborn.exit?.signal, "SIGKILL");
    assert.equal(processStart(stubborn.pid), undefined);
  });

  it("cannot be started when the program is not there", async () => {
    const children = new ChildTable(folder.path);
    const spec = { name: "ghost", command: "/no/such/program", args: [], logFile: join(folder.path, "log") };
    await assert.rejects(children.spawn(spec), /cannot start ghost \(\/no\/such\/program\)/);
    await children.close();
  });

  it("do not survive the lab's own violent end", async () => {
    const site = join(folder.path, "killed");
    mkdirSync(site);
    const script = `
      const { ChildTable } = require(${JSON.stringify(resolve(__dirname, "../../lab/children.ts"))});
      const logFile = ${JSON.stringify(join(site, "log"))};
      const spec = { name: "orphan", command: process.execPath, args: ["-e", "setInterval(() => {}, 1000)"], logFile };
      new ChildTable(${JSON.stringify(site)}).spawn(spec).then((child) => console.log(child.pid));
      setInterval(() => {}, 1000);`;
    const lab = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((done) =>
      lab.stdout.once("data", (data: Buffer) => done(Number(data))),
    );
    assert.ok(processStart(pid) !== undefined);
    lab.kill("SIGKILL");
    await until("the watchdog has killed the orphan", () => processStart(pid) === undefined);
  });

  it("are reaped by start time, so that a stranger with the same pid lives", async () => {
    const stranger = spawn(SLEEPER.command, SLEEPER.args, { stdio: "ignore" });
    const pid = stranger.pid as number;
    const record: ProcessRecord = { pid, started: "1", name: "gone" };
    const processes = join(folder.path, "stale");
    mkdirSync(processes);
    writeFileSync(join(processes, `${pid}.json`), JSON.stringify(record));
    assert.deepEqual(reap(processes), []);
    assert.equal(isAlive({ ...record, started: processStart(pid) ?? "" }), true);
    assert.deepEqual(readdirSync(processes), []);
    const ended = new Promise((done) => stranger.once("exit", done));
    stranger.kill("SIGKILL");
    await ended;
  });
});
