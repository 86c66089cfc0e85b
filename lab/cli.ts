/** The lab's command line, for people: `npm run lab -- <verb>`. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findBinaries } from "./binaries";
import { ensureVenv } from "./bmc/venv";
import { callLab, labStatus } from "./client";
import type { DaemonMessage } from "./daemon";
import type { ActiveFault } from "./faults/board";
import { FAULTS } from "./faults/table";
import type { LabOptions, LabStatus } from "./lab";
import { readLedger } from "./ledger";
import { labProcess } from "./lock";
import { isAlive, type ProcessRecord, reap } from "./processes";
import { quorumRecord } from "./quorum/record";
import { timings } from "./timings";

const USAGE = `The virtual data centre. Verbs:
  start                start it, or go on where it was stopped (--net 127.77.0, --machines 5, --speed 10)
  stop                 stop it; disks and settings are kept, machines that are on boot again at the next start
  status               machines, power, what runs on them (--json)
  kill <machine>       cut a machine's power
  power <machine> on|off
  console <machine>    what a person at the screen saw
  ledger               what happened (--json)
  timings              how long installations and promotions took, beside the critical path of the simulated delays (--json)
  quorum               the etcd members as they were seen five times a second: the fewest that answered, losses of quorum (--json)
  fault                the faults there are
  fault <machine|site> <fault> [args] [--for <lab seconds>]
                       make something go wrong; "fault <machine|site> clear [fault]" ends it
  mains [machine] off|on
                       mains power of a machine or of the whole site, BMCs included
Every verb takes --dir <lab folder>, default .lab in the repository.`;

const START_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 60_000;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: "string" },
      net: { type: "string" },
      machines: { type: "string" },
      speed: { type: "string" },
      for: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const siteDir = resolve(values.dir ?? join(__dirname, "..", ".lab"));
  const [verb, name, argument] = positionals;
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  if (values.help) return console.log(USAGE);
  switch (verb) {
    case "start": {
      const { net } = values;
      const machines = number(values.machines);
      return await start({ siteDir, net, machines, speed: number(values.speed), sampleEtcd: true });
    }
    case "stop":
      return await stop(siteDir);
    case "status":
      return await showStatus(siteDir, values.json === true);
    case "kill":
      await callLab(siteDir, "POST", `/power/${need(name, "machine")}`, { action: "cut" });
      return console.log(`${name}: power cut`);
    case "power":
      await callLab(siteDir, "POST", `/power/${need(name, "machine")}`, {
        action: need(argument, "on or off"),
      });
      return console.log(`${name}: ${argument}`);
    case "timings":
      return showTimings(siteDir, values.json === true);
    case "quorum":
      return showQuorum(siteDir, values.json === true);
    case "fault":
      return await fault(siteDir, positionals.slice(1), number(values.for));
    case "mains": {
      const [machine, wanted] = argument === undefined ? [undefined, name] : [name, argument];
      if (wanted !== "on" && wanted !== "off") throw new Error(`lab: say on or off\n${USAGE}`);
      await callLab(siteDir, "POST", ["/mains", machine ?? []].flat().join("/"), { on: wanted === "on" });
      return console.log(`mains power${machine === undefined ? "" : ` of ${machine}`}: ${wanted}`);
    }
    case "console":
      return showFile(join(siteDir, "machines", need(name, "machine"), "console.log"));
    case "ledger":
      return showLedger(siteDir, values.json === true);
    default:
      throw new Error(`${verb === undefined ? "which verb?" : `"${verb}" is no verb of the lab.`}\n${USAGE}`);
  }
}

async function start(options: Omit<LabOptions, "binaries">): Promise<void> {
  const { siteDir } = options;
  if (labProcess(siteDir) !== undefined) {
    const { net, machines } = await labStatus(siteDir);
    return console.log(`lab: runs already, net ${net}.0/24, ${machines.length} machines`);
  }
  const binaries = findBinaries();
  await ensureVenv((line) => console.log(`lab: ${line}`));
  mkdirSync(siteDir, { recursive: true, mode: 0o700 });
  const log = openSync(join(siteDir, "lab.log"), "a", 0o600);
  const args = [
    "--require",
    require.resolve("tsx/cjs"),
    join(__dirname, "daemon.ts"),
    JSON.stringify({ ...options, binaries }),
  ];
  const daemon = spawn(process.execPath, args, { detached: true, stdio: ["ignore", log, log, "ipc"] });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      daemon.kill("SIGKILL");
      reject(new Error(`lab: not up after ${START_DEADLINE_MS / 1000} s; see ${join(siteDir, "lab.log")}`));
    }, START_DEADLINE_MS);
    daemon.on("message", (message: DaemonMessage) => {
      if ("progress" in message) console.log(`lab: ${message.progress}`);
      else if ("ready" in message) done(resolve);
      else done(() => reject(new Error(message.failed)));
    });
    daemon.once("error", (error) => done(() => reject(error)));
    daemon.once("exit", (code) =>
      done(() => reject(new Error(`lab: ended with ${code}; see ${join(siteDir, "lab.log")}`))),
    );
    const done = (then: () => void) => {
      clearTimeout(timer);
      daemon.removeAllListeners();
      then();
    };
  });
  if (daemon.connected) daemon.disconnect();
  daemon.unref();
  const { net, machines, speed } = await labStatus(siteDir);
  console.log(
    `lab: up, net ${net}.0/24, ${machines.length} machines, time runs ${speed} times as fast as here`,
  );
}

async function stop(siteDir: string): Promise<void> {
  const holder = labProcess(siteDir);
  if (holder === undefined) {
    const left = reap(join(siteDir, "processes"));
    return console.log(
      left.length === 0
        ? "lab: not running"
        : `lab: was not running; ended what it had left: ${left.join(", ")}`,
    );
  }
  process.kill(holder.pid, "SIGTERM");
  await gone(holder, siteDir);
  console.log("lab: stopped; its state is kept");
}

async function gone(holder: ProcessRecord, siteDir: string): Promise<void> {
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (isAlive(holder)) {
    if (Date.now() > deadline) {
      throw new Error(
        `lab: process ${holder.pid} has not ended ${STOP_DEADLINE_MS / 1000} s after it was asked to; see ${join(siteDir, "lab.log")}, then "kill -9 ${holder.pid}"`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function showStatus(siteDir: string, json: boolean): Promise<void> {
  if (labProcess(siteDir) === undefined) {
    if (json) console.log(JSON.stringify({ running: false, siteDir }));
    else console.log(`lab: not running (${siteDir})`);
    return;
  }
  const status = await labStatus(siteDir);
  if (json) return console.log(JSON.stringify(status, null, 2));
  console.log(
    `lab in ${status.siteDir}, net ${status.net}.0/24, time runs ${status.speed} times as fast as here`,
  );
  for (const line of table(status)) console.log(line);
  for (const [address, holder] of Object.entries(status.vips))
    console.log(`VIP ${address} is held by ${holder}`);
  for (const active of status.faults) console.log(`fault on ${faultLine(active)}`);
  for (const name of status.withoutMains) console.log(`${name} has no mains power`);
}

function table(status: LabStatus): string[] {
  const rows = status.machines.map((machine) => [
    machine.name,
    machine.power,
    machine.detail === "" ? machine.phase : `${machine.phase}: ${machine.detail}`,
    machine.installed === undefined ? "-" : `${machine.installed.version} (${machine.installed.mode})`,
    machine.address,
    machine.bmc,
  ]);
  const all = [["machine", "power", "now", "on disk", "address", "BMC"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function showTimings(siteDir: string, json: boolean): void {
  const { speed, tasks, toReady, toRest } = timings(readLedger(join(siteDir, "ledger.jsonl")));
  if (json) {
    console.log(JSON.stringify({ speed, tasks, toReady, toRest }));
    return;
  }
  const real = (lab: number) => `${lab.toFixed(0)} lab s (${(lab / (speed || 1)).toFixed(1)} s here)`;
  for (const { kind, machine, start, end, simulated } of tasks)
    console.log(`${machine} ${kind}: ${real(end - start)}, of which simulated ${simulated} lab s`);
  const spans = { "all Ready": toReady, "all promotions done": toRest };
  for (const [end, span] of Object.entries(spans)) {
    if (span === undefined) continue;
    const critical = real(span.criticalPath);
    console.log(
      `first power-on to ${end}: ${real(span.measured)}; critical path of the simulated delays ${critical}`,
    );
  }
  if (tasks.length === 0) console.log("nothing was installed since the lab was started");
}

function showQuorum(siteDir: string, json: boolean): void {
  const record = quorumRecord(siteDir);
  if (json) {
    console.log(JSON.stringify(record));
    return;
  }
  for (const { time, cluster, members, voters, healthy, leader } of record.states)
    console.log(
      `${time} cluster ${cluster}: ${healthy} of ${voters} voters answer, ${members} members, leader ${leader ?? "none"}`,
    );
  for (const { cluster, from, until, voters, healthy } of record.belowQuorum)
    console.log(
      `below quorum: cluster ${cluster} from ${from} until ${until ?? "now"}, ${healthy} of ${voters} voters`,
    );
  const { samples, longestGapMs, lowestReserve, longestLeaderlessMs } = record;
  console.log(
    `${samples} looks, at most ${longestGapMs} ms apart; at the least ${lowestReserve ?? "-"} voters more than a majority; at most ${longestLeaderlessMs} ms without a leader`,
  );
}

async function fault(siteDir: string, words: string[], forSeconds: number | undefined): Promise<void> {
  const [target, name, ...args] = words;
  if (target === undefined) {
    for (const [fault, kind] of Object.entries(FAULTS)) {
      const line = [fault, "args" in kind ? kind.args : "", kind.on === "site" ? "(site)" : ""];
      console.log(`${line.filter(Boolean).join(" ")}\n    ${kind.what}. When cleared: ${kind.ends}`);
    }
    return;
  }
  const clear = need(name, "fault") === "clear";
  const active = clear
    ? await callLab<ActiveFault[]>(siteDir, "DELETE", `/fault/${[target, ...args].join("/")}`)
    : await callLab<ActiveFault[]>(siteDir, "POST", `/fault/${target}`, { fault: name, args, forSeconds });
  console.log(active.length === 0 ? "nothing is wrong on purpose" : active.map(faultLine).join("\n"));
}

function faultLine({ target, fault: name, args }: ActiveFault): string {
  return `${target}: ${[name, ...args].join(" ")}`;
}

function showFile(file: string): void {
  if (!existsSync(file))
    throw new Error(`lab: there is no ${file}; is the machine's name right, and was it ever on?`);
  process.stdout.write(readFileSync(file, "utf8"));
}

function showLedger(siteDir: string, json: boolean): void {
  const records = readLedger(join(siteDir, "ledger.jsonl"));
  if (json) {
    console.log(JSON.stringify(records));
    return;
  }
  for (const { time, lab, machine, event, ...details } of records) {
    const words = Object.entries(details).map(([key, value]) => `${key}=${value}`);
    console.log([time, lab.toFixed(1).padStart(8), machine.padEnd(5), event, ...words].join(" "));
  }
}

function need(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`lab: name the ${what}\n${USAGE}`);
  return value;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
