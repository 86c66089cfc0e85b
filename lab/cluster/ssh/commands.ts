/**
 * The programs that the lab's nodes have. A line that names another one ends as in bash: "command not found", code 127.
 */
import * as fs from "node:fs";
import { diskOf } from "../../faults/table";
import { etcdctl, rke2 } from "./etcd-commands";
import { find, ip, lsblk, sysfsFile } from "./hardware-commands";
import { ping } from "./ping";
import { failed, ok, type Program, type Result, type Session } from "./program";
import { rke2Service } from "./rke2-server";
import { parseLine, ShellSyntaxError } from "./shell";

const PROGRAMS: Record<string, Program> = {
  cat,
  sudo: async (session, args) =>
    run(
      { ...session, user: "root" },
      args.filter((arg, i) => i > 0 || !/^-[nESH]+$/.test(arg)),
    ),
  sh: shell,
  bash: shell,
  true: async () => ok(),
  false: async () => ({ code: 1, stdout: "", stderr: "" }),
  echo: async (_session, args) => ok(args.join(" ") + "\n"),
  hostname: async (session) => ok(session.identity.hostname + "\n"),
  whoami: async (session) => ok(session.user + "\n"),
  uname: async (session, args) => ok(uname(session, args)),
  uptime: async () => ok(" up\n"),
  test: async (session, args) => ({
    code: args[1] && session.disk.exists(args[1]) ? 0 : 1,
    stdout: "",
    stderr: "",
  }),
  ls: list,
  smartctl,
  lsblk,
  find,
  ip,
  ping,
  systemctl,
  reboot: (session) => power(session, "reboot"),
  poweroff: (session) => power(session, "poweroff"),
  etcdctl,
  rke2,
  "rke2-uninstall.sh": uninstall,
};

/** What an installation of RKE2 brings along and takes away again: not in the PATH of a login shell. */
const OF_RKE2 = ["etcdctl", "rke2", "rke2-uninstall.sh"];

/** Folders whose programs are called by their whole path, because they are in nobody's PATH. */
const FOLDERS = /^\/(usr\/)?(local\/)?s?bin\/|^\/opt\/rke2\/bin\/|^\/var\/lib\/rancher\/rke2\/bin\//;

/** Runs a line as a login shell would. */
export async function runLine(session: Session, line: string): Promise<Result> {
  const total = ok();
  try {
    for (const command of parseLine(line)) {
      if (command.link === "&&" && total.code !== 0) continue;
      if (command.link === "||" && total.code === 0) continue;
      const result = await run(session, command.words);
      total.code = result.code;
      const stderr = command.discard.stderr ? "" : result.stderr;
      total.stdout += (command.discard.stdout ? "" : result.stdout) + (command.mergeStderr ? stderr : "");
      total.stderr += command.mergeStderr ? "" : stderr;
    }
  } catch (error) {
    if (!(error instanceof ShellSyntaxError)) throw error;
    return failed(2, `bash: -c: line 1: syntax error: ${error.message}`);
  }
  return total;
}

async function run(session: Session, words: string[]): Promise<Result> {
  const [name = "", ...args] = words;
  const base = name.replace(FOLDERS, "");
  const program = PROGRAMS[base];
  const absent = OF_RKE2.includes(base) && (name === base || session.rke2() === undefined);
  if (!program || absent) {
    const why = name.startsWith("/") ? "No such file or directory" : "command not found";
    return failed(127, `bash: line 1: ${name}: ${why}`);
  }
  return program(session, args);
}

async function shell(session: Session, args: string[]): Promise<Result> {
  const flag = args.findIndex((arg) => /^-\w*c$/.test(arg));
  return flag < 0 ? ok() : runLine(session, args[flag + 1] ?? "");
}

async function cat(session: Session, args: string[]): Promise<Result> {
  const total = ok();
  for (const file of args.filter((arg) => !arg.startsWith("-"))) {
    const fromKernel = sysfsFile(session, file);
    if (fromKernel !== undefined) {
      total.stdout += fromKernel;
      continue;
    }
    const problem = unreadable(session, file);
    if (problem) {
      total.code = 1;
      total.stderr += `cat: ${file}: ${problem}\n`;
    } else total.stdout += session.disk.read(file) ?? "";
  }
  return total;
}

/** Root reads everything; rancher only what its owner lets everybody read, all of it root's. */
function unreadable(session: Session, file: string): string | undefined {
  if (!session.disk.exists(file)) return "No such file or directory";
  const stat = fs.statSync(session.disk.path(file));
  if (stat.isDirectory()) return "Is a directory";
  return session.user === "root" || (stat.mode & 0o004) !== 0 ? undefined : "Permission denied";
}

async function list(session: Session, args: string[]): Promise<Result> {
  const folder = args.find((arg) => !arg.startsWith("-")) ?? "/home/rancher";
  if (!session.disk.exists(folder))
    return failed(2, `ls: cannot access '${folder}': No such file or directory`);
  const path = session.disk.path(folder);
  const names = fs.statSync(path).isDirectory() ? fs.readdirSync(path).sort() : [folder];
  return ok(names.map((name) => name + "\n").join(""));
}

function uname(session: Session, args: string[]): string {
  const kernel = "5.14.21-150500.55.116-default";
  if (args.includes("-r")) return kernel + "\n";
  if (args.includes("-n")) return session.identity.hostname + "\n";
  if (args.includes("-a"))
    return `Linux ${session.identity.hostname} ${kernel} #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n`;
  return "Linux\n";
}

async function smartctl(session: Session, args: string[]): Promise<Result> {
  const device = args.find((arg) => arg.startsWith("/dev/")) ?? "";
  const disk = session.machine.hardware.disks.find((d) => d.kernelName === device || d.byId.includes(device));
  if (session.user !== "root") return failed(2, `Smartctl open device: ${device} failed: Permission denied`);
  if (!disk) return failed(2, `Smartctl open device: ${device} failed: No such device`);
  const failing = session.lab.faults.active(session.machine.name, "disk-failing");
  const report = {
    json_format_version: [1, 0],
    smartctl: { version: [7, 2], argv: ["smartctl", ...args], exit_status: 0 },
    device: {
      name: device,
      type: disk.protocol === "NVMe" ? "nvme" : "sat",
      protocol: disk.protocol === "NVMe" ? "NVMe" : "ATA",
    },
    model_name: disk.model,
    serial_number: disk.serial,
    user_capacity: { bytes: disk.bytes },
    smart_status: {
      passed: failing === undefined || diskOf(session.machine.hardware, failing[0]).serial !== disk.serial,
    },
  };
  return ok(JSON.stringify(report, null, 2) + "\n");
}

async function systemctl(session: Session, args: string[]): Promise<Result> {
  const [verb = "", unit = ""] = args.filter((arg) => !arg.startsWith("-"));
  if (verb === "reboot" || verb === "poweroff") return power(session, verb);
  const service = await rke2Service(session, verb, unit);
  if (service !== undefined) return service;
  if (verb !== "is-active") return failed(1, `systemctl ${verb}: not available on this machine`);
  const running = ["sshd", "rancherd", "rancher-system-agent", session.rke2()];
  const active = running.includes(unit.replace(/\.service$/, ""));
  return { code: active ? 0 : 3, stdout: active ? "active\n" : "inactive\n", stderr: "" };
}

async function power(session: Session, what: "reboot" | "poweroff"): Promise<Result> {
  if (session.user !== "root")
    return failed(1, "Call to Reboot failed: Interactive authentication required.");
  if (what === "reboot") session.machine.reboot("reboot over SSH");
  else session.machine.powerOff("poweroff over SSH");
  return ok();
}

/**
 * /opt/rke2/bin/rke2-uninstall.sh: this machine alone is cleaned. The cluster is told nothing: the Node stays, and so does the member of etcd, dead
 * and counted, until the Node or its Machine is deleted (rke2#2001, k3s#4865).
 */
async function uninstall(session: Session): Promise<Result> {
  if (session.user !== "root") return failed(1, "[ERROR]  rke2-uninstall.sh: must be run as root");
  await session.uninstall();
  return ok();
}
