import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { writeJson } from "../files";
import { PORTS } from "../net";
import { type SiteAuthority, selfSigned } from "../pki";
import type { ChildProcesses, LabChild, MachineHardware } from "../types";

/** User of every BMC of the lab; the password is in secrets/bmc-password. */
export const BMC_USER = "admin";

/** Seconds (real time) after its last use that a Redfish session ends. */
const SESSION_SECONDS = 600;

const START_DEADLINE_MS = 30_000;

/** What the BMC process needs. */
export interface BmcOptions {
  siteDir: string;
  python: string;
  machines: MachineHardware[];
  authority: SiteAuthority;
  processes: ChildProcesses;
  /** Unix socket of the lab daemon, which holds the machines' state. */
  socket: string;
  passwordFile: string;
  sessionSeconds?: number;
}

/** Starts the process that serves the BMCs of all machines and waits until they answer. */
export async function startBmcs(options: BmcOptions): Promise<LabChild> {
  const folder = join(options.siteDir, "bmc");
  const machines = [];
  for (const machine of options.machines) {
    const files = {
      certificate: join(folder, `${machine.name}.pem`),
      key: join(folder, `${machine.name}-key.pem`),
    };
    await options.authority.serverCertificate(`bmc-${machine.name}`, machine.bmcAddress, files);
    const foreign = {
      certificate: join(folder, `${machine.name}-foreign.pem`),
      key: join(folder, `${machine.name}-foreign-key.pem`),
    };
    await selfSigned(machine.bmcAddress, foreign);
    machines.push({
      ...machine,
      ...files,
      foreignCertificate: foreign.certificate,
      foreignKey: foreign.key,
    });
  }
  const optionsFile = join(folder, "options.json");
  writeJson(optionsFile, {
    machines,
    port: PORTS.bmc,
    socket: options.socket,
    user: BMC_USER,
    passwordFile: options.passwordFile,
    requestLog: join(options.siteDir, "bmc-requests.jsonl"),
    sessionSeconds: options.sessionSeconds ?? SESSION_SECONDS,
  });
  const logFile = join(options.siteDir, "logs", "bmc.log");
  const child = await options.processes.spawn({
    name: "bmc",
    command: options.python,
    args: ["-B", join(__dirname, "server.py"), optionsFile],
    logFile,
  });
  try {
    await answering(options.machines, child, logFile);
  } catch (error) {
    await child.kill();
    throw error;
  }
  return child;
}

async function answering(machines: MachineHardware[], child: LabChild, logFile: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (const machine of machines) {
    while (!(await reachable(machine.bmcAddress, PORTS.bmc))) {
      const tail = () => readFileSync(logFile, "utf8").trim().split("\n").slice(-5).join("\n");
      if (child.exit !== undefined) {
        throw new Error(
          `lab: the BMC process ended with ${child.exit.code ?? child.exit.signal}; see ${logFile}:\n${tail()}`,
        );
      }
      if (Date.now() > deadline) {
        throw new Error(
          `lab: the BMC of ${machine.name} does not listen on ${machine.bmcAddress}:${PORTS.bmc} after ${START_DEADLINE_MS / 1000} s; see ${logFile}:\n${tail()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function reachable(address: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
