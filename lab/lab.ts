import { mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { startArtifacts } from "./artifacts";
import { startBmcs } from "./bmc/bmc";
import { bmcLine } from "./bmc/line";
import { ensureVenv } from "./bmc/venv";
import { ChildTable } from "./children";
import { ScaledClock } from "./clock";
import { HarvesterNode } from "./cluster/node";
import { ControlError, type ControlRoutes, startControl } from "./control";
import { type ActiveFault, FaultBoard, SITE } from "./faults/board";
import { Stranger } from "./faults/stranger";
import type { FaultName } from "./faults/table";
import { readJson, writeJson } from "./files";
import { LedgerFile } from "./ledger";
import { lockLab } from "./lock";
import { DEFAULT_DELAYS, DEFAULT_SPEED, type Delays } from "./machine/delays";
import { Machine, type MachineStatus, type ResetType } from "./machine/machine";
import type { BootOverride, MachineState } from "./machine/state";
import { checkNet, checkPortFree, DEFAULT_NET, PORTS, siteAddress, vipAddress } from "./net";
import { SiteAuthority } from "./pki";
import { type QuorumPeriod, type QuorumRecord, quorumRecord } from "./quorum/record";
import { QuorumSampler } from "./quorum/sampler";
import { ClusterTable, EtcdTable, VipTable } from "./registries";
import { ensureSecrets, type SecretFiles } from "./secrets";
import { DEFAULT_MACHINES, siteHardware } from "./site";
import { type Timings, timings } from "./timings";
import type { LabBinaries, LabChild, LabServices, NodeFactory } from "./types";

/** Who has the VIP in a clash. */
const STRANGER = "stranger";

/** How a lab is made. */
export interface LabOptions {
  /** The lab folder; made when it does not exist. */
  siteDir: string;
  /** A /24 of loopback (default: the one the folder was made with, else 127.77.0). */
  net?: string;
  /** Number of machines (default: as the folder was made with, else 5). */
  machines?: number;
  /** How many lab seconds pass in a real one (default 10). */
  speed?: number;
  delays?: Delays;
  binaries: LabBinaries;
  /** Real seconds of silence after which a Redfish session ends (default 600). */
  sessionSeconds?: number;
  /** Whether every etcd member is looked at five times a second; see `quorumRecord` (default false). */
  sampleEtcd?: boolean;
  /** What runs on installed machines (default: a Harvester node). */
  nodeFactory?: NodeFactory;
  /** Called with a line for each step of the start. */
  progress?: (line: string) => void;
}

/** What a person wants to know about a lab. */
export interface LabStatus {
  running: boolean;
  net: string;
  siteDir: string;
  pid: number;
  speed: number;
  machines: MachineStatus[];
  /** Virtual addresses and the machine that holds each. */
  vips: Record<string, string>;
  /** What is wrong on purpose. */
  faults: ActiveFault[];
  /** Machines that have no mains power. */
  withoutMains: string[];
  /** How long provisioning took, beside the shortest possible. */
  timings: Timings;
}

/** What cannot change after a lab folder was made: addresses and hardware are what stacks name. */
interface SiteFile {
  net: string;
  machines: number;
}

/** The virtual data centre: a site with machines, their BMCs, an artifact server; one folder, one process, loopback only. */
export class Lab {
  readonly machines: Machine[];
  readonly #cleanups: (() => Promise<void> | void)[] = [];
  #stopping: Promise<void> | undefined;
  #stranger: Stranger | undefined;
  #sampler: QuorumSampler | undefined;
  /** Machines without mains power, and whether they were on when it failed. */
  readonly #withoutMains = new Map<string, boolean>();

  private constructor(
    readonly services: LabServices,
    readonly ledger: LedgerFile,
    readonly secrets: SecretFiles,
    private readonly vips: VipTable,
    readonly faults: FaultBoard,
    options: LabOptions,
    hardware: ReturnType<typeof siteHardware>,
  ) {
    const factory: NodeFactory = (context, system, lab) => new HarvesterNode(context, system, lab);
    this.machines = hardware.map(
      (machine) =>
        new Machine({
          hardware: machine,
          dir: join(services.siteDir, "machines", machine.name),
          lab: services,
          delays: options.delays ?? DEFAULT_DELAYS,
          nodeFactory: options.nodeFactory ?? factory,
          onPowerLost: (name) => vips.releaseAll(name),
        }),
    );
  }

  /** Starts a lab: resolves when BMCs and artifacts answer; machines that were on when it was stopped are booting then. */
  static async start(options: LabOptions): Promise<Lab> {
    const { siteDir } = options;
    const progress = options.progress ?? (() => {});
    const site = siteOf(options);
    checkNet(site.net);
    const hardware = siteHardware(site.net, site.machines);
    mkdirSync(siteDir, { recursive: true, mode: 0o700 });
    for (const folder of ["machines", "audit", "logs", "bmc"])
      mkdirSync(join(siteDir, folder), { recursive: true, mode: 0o700 });
    const python = await ensureVenv(progress);
    const cleanups: (() => Promise<void> | void)[] = [lockLab(siteDir)];
    try {
      writeJson(join(siteDir, "site.json"), site);
      const processes = new ChildTable(siteDir);
      cleanups.push(() => processes.close());
      await checkPortFree(siteAddress(site.net), PORTS.artifacts, "the artifact server");
      for (const machine of hardware)
        await checkPortFree(machine.bmcAddress, PORTS.bmc, `the BMC of ${machine.name}`);
      const clock = new ScaledClock(options.speed ?? DEFAULT_SPEED);
      const ledger = new LedgerFile(join(siteDir, "ledger.jsonl"), clock);
      const vip = new VipTable(PORTS.vip, ledger);
      const faults = new FaultBoard(join(siteDir, "faults.json"), hardware, clock, ledger);
      const services: LabServices = {
        net: site.net,
        siteDir,
        auditDir: join(siteDir, "audit"),
        sshPort: PORTS.ssh,
        clock,
        ledger,
        processes,
        vip,
        clusters: new ClusterTable(),
        etcd: new EtcdTable(),
        binaries: options.binaries,
        faults,
      };
      const secrets = ensureSecrets(siteDir);
      const lab = new Lab(services, ledger, secrets, vip, faults, options, hardware);
      const socket = join(siteDir, "lab.sock");
      const control = await startControl(socket, lab.#routes());
      cleanups.push(() => closeServer(control, socket));
      progress(`artifact server: http://${siteAddress(site.net)}:${PORTS.artifacts}/harvester/<version>/`);
      const artifacts = await startArtifacts(site.net);
      cleanups.push(() => closeServer(artifacts));
      progress(`BMCs of ${hardware.length} machines: https://${site.net}.101:${PORTS.bmc} and following`);
      const authority = await SiteAuthority.open(siteDir);
      const bmcs = await startBmcs({
        siteDir,
        python,
        machines: hardware,
        authority,
        processes,
        socket,
        passwordFile: secrets.bmcPassword,
        sessionSeconds: options.sessionSeconds,
      });
      cleanups.push(() => bmcs.stop());
      lab.#watch(bmcs);
      ledger.append({
        machine: SITE,
        event: "lab-started",
        net: site.net,
        speed: clock.speed,
        delays: JSON.stringify(options.delays ?? DEFAULT_DELAYS),
      });
      for (const machine of lab.machines) machine.resume();
      cleanups.push(() => lab.#suspend());
      // Ended before the machines are: that the lab stops is no loss of quorum.
      if (options.sampleEtcd) {
        const sampler = QuorumSampler.start(siteDir, services.etcd);
        lab.#sampler = sampler;
        cleanups.push(() => sampler.stop());
      }
      cleanups.push(() => lab.#endClash());
      if (faults.active(SITE, "vip-clash")) await lab.fault(SITE, "vip-clash");
      lab.#cleanups.push(...cleanups);
      return lab;
    } catch (error) {
      await runCleanups(cleanups);
      throw error;
    }
  }

  /** Stops everything in order; machines that are on boot again at the next start. */
  stop(): Promise<void> {
    this.#stopping ??= runCleanups(this.#cleanups);
    return this.#stopping;
  }

  /** The machine of a name; throws an error that lists the names when there is none. */
  machine(name: string): Machine {
    const found = this.machines.find((machine) => machine.name === name);
    if (found === undefined) {
      const names = this.machines.map((machine) => machine.name).join(", ");
      throw new ControlError(404, `the lab has no machine "${name}"; it has ${names}`);
    }
    return found;
  }

  /** Makes something go wrong on a machine, or on `site`, for so many lab seconds or until it is cleared. */
  async fault(target: string, fault: FaultName, args: string[] = [], forSeconds?: number): Promise<void> {
    const { net, vip, siteDir } = this.services;
    if (fault === "vip-clash" && forSeconds !== undefined) {
      throw new ControlError(400, "vip-clash does not end by itself; clear it");
    }
    if (fault === "vip-clash" && this.#stranger === undefined) {
      const address = vipAddress(net);
      if (!vip.claim(address, STRANGER)) {
        throw new ControlError(
          409,
          `${vip.holder(address)} holds the VIP; a clash must be there before the cluster`,
        );
      }
      this.#stranger = await Stranger.start(address, vip.port, siteDir);
    }
    this.faults.set(target, fault, args, forSeconds);
  }

  /** Ends a fault of a target, or all of them. */
  async clearFault(target: string, fault?: FaultName): Promise<void> {
    this.faults.clear(target, fault);
    if (this.faults.active(SITE, "vip-clash") === undefined) await this.#endClash();
  }

  /** Mains power of a machine or of the whole site, BMCs included. What a machine does when it returns is its PowerRestorePolicy's. */
  async mains(on: boolean, name?: string): Promise<void> {
    const machines = name === undefined ? this.machines : [this.machine(name)];
    const concerned = machines.filter((machine) => this.#withoutMains.has(machine.name) === on);
    if (concerned.length === 0) return;
    this.ledger.append({ machine: name ?? SITE, event: on ? "mains-on" : "mains-off" });
    await Promise.all(concerned.map((machine) => (on ? this.#restore(machine) : this.#black(machine))));
  }

  async #black(machine: Machine): Promise<void> {
    this.#withoutMains.set(machine.name, machine.state.power === "On");
    await machine.cutPower();
  }

  async #restore(machine: Machine): Promise<void> {
    const wasOn = this.#withoutMains.get(machine.name) === true;
    this.#withoutMains.delete(machine.name);
    await machine.mainsReturned(wasOn);
  }

  /** What was seen of the etcd members, if the lab was started with `sampleEtcd`. */
  quorumRecord(period?: QuorumPeriod): QuorumRecord {
    this.#sampler?.flush();
    return quorumRecord(this.services.siteDir, period);
  }

  status(): LabStatus {
    const { net, siteDir, clock } = this.services;
    const machines = this.machines.map((machine) => machine.status());
    return {
      running: true,
      net,
      siteDir,
      pid: process.pid,
      speed: clock.speed,
      machines,
      vips: this.vips.all(),
      faults: this.faults.all(),
      withoutMains: [...this.#withoutMains.keys()],
      timings: timings(this.ledger.read()),
    };
  }

  /** A lab without BMCs is no lab: their death is written down where a person looks. */
  #watch(bmcs: LabChild): void {
    void bmcs.exited.then((exit) => {
      if (this.#stopping !== undefined) return;
      this.ledger.append({
        machine: "site",
        event: "bmc-process-died",
        exit: exit.code ?? exit.signal ?? "",
      });
      console.error(
        `lab: the BMC process died (${exit.code ?? exit.signal}); stop and start the lab. See logs/bmc.log`,
      );
    });
  }

  async #endClash(): Promise<void> {
    const stranger = this.#stranger;
    this.#stranger = undefined;
    await stranger?.stop();
    this.services.vip.release(vipAddress(this.services.net), STRANGER);
  }

  async #suspend(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.suspend()));
    this.ledger.append({ machine: "site", event: "lab-stopped" });
  }

  #routes(): ControlRoutes {
    return {
      "GET /status": () => this.status(),
      "POST /power": async ({ action }, [name]) => {
        const machine = this.machine(name ?? "");
        if (this.#withoutMains.has(machine.name)) throw new ControlError(409, "mains power is off");
        if (action === "cut") await machine.cutPower();
        else if (action === "on") await machine.reset("On");
        else if (action === "off") await machine.reset("ForceOff");
        else throw new ControlError(400, `power action "${String(action)}" is none of cut, on, off`);
        return machine.status();
      },
      "POST /fault": async (body, [target]) => {
        const { fault, args, forSeconds } = body as {
          fault: FaultName;
          args?: string[];
          forSeconds?: number;
        };
        await this.fault(target ?? "", fault, args, forSeconds);
        return this.faults.all();
      },
      "DELETE /fault": async (_, [target, fault]) => {
        await this.clearFault(target ?? "", fault as FaultName | undefined);
        return this.faults.all();
      },
      "POST /mains": ({ on }, [name]) => this.mains(on === true, name),
      "POST /clock": ({ advance }) => {
        this.services.clock.advance(Number(advance));
        return { now: this.services.clock.now() };
      },
      "GET /bmc": (_, [name]) => {
        const machine = this.machine(name ?? "");
        return machine.bmcView();
      },
      "GET /bmc-line": (_, [name]) => {
        const { name: target } = this.machine(name ?? "");
        return bmcLine(this.faults, target, !this.#withoutMains.has(target));
      },
      "PATCH /bmc": (changes, [name]) => {
        const machine = this.machine(name ?? "");
        const { boot, ...settings } = changes as { boot?: Partial<BootOverride> } & Partial<MachineState>;
        if (boot !== undefined) machine.setBoot(boot);
        if (Object.keys(settings).length > 0) machine.configure(settings);
      },
      "POST /bmc": async ({ type }, [name]) => {
        await this.machine(name ?? "").reset(type as ResetType);
      },
    };
  }
}

function siteOf(options: LabOptions): SiteFile {
  const present = readJson<SiteFile>(join(options.siteDir, "site.json"));
  const site = {
    net: options.net ?? present?.net ?? DEFAULT_NET,
    machines: options.machines ?? present?.machines ?? DEFAULT_MACHINES,
  };
  if (present !== undefined && (present.net !== site.net || present.machines !== site.machines)) {
    throw new Error(
      `lab: ${options.siteDir} was made with net ${present.net} and ${present.machines} machines and cannot become net ${site.net} with ${site.machines}: addresses are in certificates and on disks. Use another folder (--dir), or remove this one`,
    );
  }
  return site;
}

async function runCleanups(cleanups: (() => Promise<void> | void)[]): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

async function closeServer(server: Server, socket?: string): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  if (socket !== undefined) rmSync(socket, { force: true });
}
