import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { diskOf, type FaultName } from "../faults/table";
import type { LabServices, MachineContext, MachineHardware, NodeFactory, NodeRuntime } from "../types";
import type { Delays } from "./delays";
import { Disks } from "./disks";
import { Halted, type MachineHost, type Phase } from "./host";
import { runInstaller, systemAddress } from "./installer";
import { netboot } from "./netboot";
import { type BootOverride, type MachineState, StateFile, WORN_OUT } from "./state";

/** Power actions of Redfish that the BMC offers. */
export type ResetType =
  | "On"
  | "ForceOff"
  | "GracefulShutdown"
  | "GracefulRestart"
  | "ForceRestart"
  | "PushPowerButton";

/** A BMC refuses an action in the machine's present power state. */
export class WrongPowerState extends Error {}

/** What a person wants to know about a machine. */
export interface MachineStatus {
  name: string;
  address: string;
  bmc: string;
  power: "On" | "Off";
  phase: Phase;
  detail: string;
  /** ISO 8601: when the phase began. */
  since: string;
  hostname: string;
  installed: { version: string; mode: "create" | "join" } | undefined;
  boot: BootOverride;
  assetTag: string;
}

/** What a machine is made of. */
export interface MachineOptions {
  hardware: MachineHardware;
  /** The machine's folder. */
  dir: string;
  lab: LabServices;
  delays: Delays;
  nodeFactory: NodeFactory;
  /** Called when the power is gone, for what the machine held on the network. */
  onPowerLost: (machine: string) => void;
}

/** Real time that the software of a machine has for an orderly end when the lab stops. */
const SUSPEND_DEADLINE_MS = 15_000;

/** Why a session of being powered ended, or what an operator or the software asked for. */
type Request = { kind: "reboot" | "power-off"; reason: string };

class PowerCut extends Error {}

/** One period between power-on and power-off. */
interface Session {
  cut: AbortController;
  done: Promise<void>;
  /** Hands an ACPI request, or the software's own, to what runs on the machine. */
  request: (request: Request) => void;
}

/** A physical machine: power, firmware, and what boots on it. */
export class Machine implements MachineHost {
  readonly name: string;
  readonly net: string;
  readonly disks: Disks;
  readonly clock;
  readonly ledger;
  readonly delays: Delays;
  readonly #options: MachineOptions;
  readonly #state: StateFile;
  readonly #consoleFile: string;
  #session: Session | undefined;
  #power: Promise<unknown> = Promise.resolve();
  #phase: Phase = "off";
  #detail = "";
  #since = new Date();
  #pending: Request | undefined;
  #requested: (() => void) | undefined;
  #hostname = "";
  /** What the last change of the power state changed, and when. */
  #before: { power: "On" | "Off"; at: number } | undefined;

  constructor(options: MachineOptions) {
    const { hardware, dir, lab } = options;
    mkdirSync(join(dir, "logs"), { recursive: true, mode: 0o700 });
    this.#options = options;
    this.name = hardware.name;
    this.net = lab.net;
    this.clock = lab.clock;
    this.ledger = lab.ledger;
    this.delays = options.delays;
    this.disks = new Disks(join(dir, "disks"), () => this.hardware.disks);
    this.#state = new StateFile(dir, hardware);
    this.#consoleFile = join(dir, "console.log");
  }

  /** What the machine is made of now. */
  get hardware(): MachineHardware {
    return this.#options.lab.faults.hardware(this.#options.hardware);
  }

  fault(name: FaultName): string[] | undefined {
    return this.#options.lab.faults.active(this.name, name);
  }

  /** The power state as the BMC shows it. */
  get shownPower(): "On" | "Off" {
    const stale = this.fault("power-stale");
    if (stale === undefined || this.#before === undefined) return this.state.power;
    return this.clock.now() - this.#before.at < Number(stale[0] ?? 60)
      ? this.#before.power
      : this.state.power;
  }

  /** The BMC's settings and the power state. */
  get state(): Readonly<MachineState> {
    return this.#state.value;
  }

  /** Name of the running operating system, as its agent tells the BMC; empty when none runs. */
  get hostname(): string {
    return this.#hostname;
  }

  status(): MachineStatus {
    const installed = this.disks.bootable()?.system;
    return {
      name: this.name,
      address:
        installed === undefined
          ? this.hardware.address
          : systemAddress(installed.config, this.hardware.address),
      bmc: this.hardware.bmcAddress,
      power: this.state.power,
      phase: this.#phase,
      detail: this.#detail,
      since: this.#since.toISOString(),
      hostname: this.#hostname,
      installed: installed && { version: installed.version, mode: installed.mode },
      boot: this.state.boot,
      assetTag: this.state.assetTag,
    };
  }

  /** Everything the BMC knows of the machine. */
  bmcView(): MachineState & { hostName: string; hardware: MachineHardware } {
    const { hardware } = this;
    const drives = { ...this.state.drives };
    const failing = this.fault("disk-failing");
    if (failing) drives[diskOf(this.#options.hardware, failing[0]).serial] = WORN_OUT;
    return { ...this.state, power: this.shownPower, drives, hostName: this.hostname, hardware };
  }

  /** Changes settings of the BMC. */
  configure(changes: Partial<Pick<MachineState, "assetTag" | "powerRestorePolicy" | "drives">>): void {
    this.#state.change(changes);
    const { assetTag, powerRestorePolicy } = changes;
    if (assetTag !== undefined) this.ledger.append({ machine: this.name, event: "asset-tag", assetTag });
    if (powerRestorePolicy !== undefined) {
      this.ledger.append({ machine: this.name, event: "power-restore-policy", powerRestorePolicy });
    }
  }

  /** Writes the boot override. */
  setBoot(changes: Partial<BootOverride>): void {
    const boot = { ...this.state.boot, ...changes };
    if (boot.enabled === "Disabled") boot.target = "None";
    if (boot.target === "None") boot.enabled = "Disabled";
    if (boot.enabled === "Once" && this.fault("boot-once-sticks")) boot.enabled = "Continuous";
    this.#state.change({ boot });
    this.ledger.append({ machine: this.name, event: "boot-override", ...boot });
  }

  /** A power action; resolves when the BMC would show its effect, a graceful one when it has been asked for. */
  async reset(type: ResetType): Promise<void> {
    const ignored = this.fault("power-ignored") !== undefined || undefined;
    this.ledger.append({ machine: this.name, event: "reset", type, power: this.state.power, ignored });
    if (ignored) return;
    switch (type) {
      case "On":
        return await this.#exclusive(async () => this.#on("BMC"));
      case "ForceOff":
        return await this.#exclusive(async () => this.#off("BMC"));
      case "ForceRestart":
        this.#refuseWhenOff(type);
        return await this.#exclusive(async () => {
          await this.#off("BMC");
          await this.#on("BMC");
        });
      case "PushPowerButton":
        if (this.state.power === "Off") return await this.#exclusive(async () => this.#on("power button"));
        return this.#request({ kind: "power-off", reason: "power button" });
      default:
        this.#refuseWhenOff(type);
        this.#request({ kind: type === "GracefulRestart" ? "reboot" : "power-off", reason: "BMC" });
    }
  }

  /** Somebody pulls the plug. */
  async cutPower(): Promise<void> {
    await this.#exclusive(async () => this.#off("power cut"));
  }

  /** Mains power is back after it was cut. */
  async mainsReturned(wasOn: boolean): Promise<void> {
    const { powerRestorePolicy } = this.state;
    const on = powerRestorePolicy === "AlwaysOn" || (powerRestorePolicy === "LastState" && wasOn);
    if (on) await this.#exclusive(async () => this.#on(`mains power returned (${powerRestorePolicy})`));
  }

  /** Goes on where the lab was stopped: a machine that was on boots. */
  resume(): void {
    if (this.state.power === "On" && this.#session === undefined) this.#begin("lab resumed");
  }

  /** The lab stops: software ends in order, the machine counts as on for the next start. */
  async suspend(): Promise<void> {
    await this.#exclusive(async () => {
      const session = this.#session;
      if (session === undefined) return;
      session.request({ kind: "power-off", reason: "lab stopped" });
      const cut = () => session.cut.abort(new PowerCut("lab stopped"));
      if (this.#phase !== "os") cut();
      const timer = setTimeout(cut, SUSPEND_DEADLINE_MS);
      await session.done;
      clearTimeout(timer);
    });
  }

  console(line: string): void {
    appendFileSync(this.#consoleFile, `[${this.clock.now().toFixed(1).padStart(9)}] ${line}\n`);
  }

  phase(phase: Phase, detail = ""): void {
    if (phase !== this.#phase) this.#since = new Date();
    this.#phase = phase;
    this.#detail = detail;
  }

  #refuseWhenOff(type: ResetType): void {
    if (this.state.power === "Off")
      throw new WrongPowerState(`${type} is not possible: the system is powered off.`);
  }

  /** Power actions of one machine come one after the other. */
  #exclusive<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#power.then(action);
    this.#power = result.catch(() => undefined);
    return result;
  }

  async #on(reason: string): Promise<void> {
    if (this.state.power === "On") return;
    // A session that switched itself off may still be putting its things away.
    await this.#session?.done;
    this.#setPower("On");
    this.#begin(reason);
  }

  async #off(reason: string): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    this.#setPower("Off");
    this.ledger.append({ machine: this.name, event: "power-off", reason });
    session.cut.abort(new PowerCut(reason));
    await session.done;
  }

  #setPower(power: "On" | "Off"): void {
    this.#before = { power: this.state.power, at: this.clock.now() };
    this.#state.change({ power });
  }

  #begin(reason: string): void {
    this.ledger.append({ machine: this.name, event: "power-on", reason });
    this.console(`-- power on (${reason}) --`);
    const cut = new AbortController();
    const session: Session = { cut, request: (request) => this.#request(request), done: Promise.resolve() };
    this.#session = session;
    this.#pending = undefined;
    session.done = this.#powered(cut.signal).finally(() => {
      this.#options.onPowerLost(this.name);
      this.#session = undefined;
      this.#hostname = "";
      this.phase("off");
      this.console("-- power off --");
    });
  }

  /** From power-on to power-off. */
  async #powered(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        const request = await this.#bootOnce(signal);
        if (request.kind === "reboot") {
          this.ledger.append({ machine: this.name, event: "reboot", reason: request.reason });
          await this.clock.sleep(this.delays.reboot, signal);
          continue;
        }
        if (request.reason !== "lab stopped") {
          this.#setPower("Off");
          this.ledger.append({ machine: this.name, event: "power-off", reason: request.reason });
        }
        return;
      }
    } catch (error) {
      if (error instanceof PowerCut || signal.aborted) return;
      // A defect of the lab itself: the machine must not look alive when nothing drives it.
      this.console(`the lab failed: ${(error as Error).stack}`);
      this.ledger.append({ machine: this.name, event: "lab-failure", reason: String(error) });
      this.phase("halted", `the lab failed: ${(error as Error).message}`);
      await this.#untilRequest(signal);
    }
  }

  async #bootOnce(signal: AbortSignal): Promise<Request> {
    this.#hostname = "";
    try {
      this.phase("post");
      this.console(
        `${this.hardware.manufacturer} ${this.hardware.model}, BIOS ${this.hardware.biosVersion}, S/N ${this.hardware.serial}`,
      );
      await this.clock.sleep(this.delays.post, signal);
      const override = this.#consumeOverride();
      if (override.target === "UefiHttp" && override.httpBootUri !== "") {
        const result = await netboot(this, override.httpBootUri, signal);
        if (result.kind === "live") {
          const after = await runInstaller(this, result.live, signal);
          return { kind: after === "reboot" ? "reboot" : "power-off", reason: "installer" };
        }
        if (result.kind !== "next")
          return { kind: result.kind === "reboot" ? "reboot" : "power-off", reason: "iPXE" };
      } else if (override.target === "Pxe") {
        this.console(">>Start PXE over IPv4. PXE-E16: No valid offer received.");
      } else if (override.target === "Cd") {
        this.console("No medium in the virtual CD drive.");
      }
      return await this.#bootDisk(signal);
    } catch (error) {
      if (!(error instanceof Halted)) throw error;
      this.phase("halted", error.message);
      this.ledger.append({ machine: this.name, event: "halted", reason: error.message });
      return await this.#untilRequest(signal, error.acpi);
    }
  }

  /** A one-time override is used up by the boot that looks at it, whatever comes of that boot. */
  #consumeOverride(): BootOverride {
    const { boot } = this.state;
    if (boot.enabled === "Disabled" || this.fault("boot-override-ignored"))
      return { ...boot, target: "None" };
    if (boot.enabled === "Once") {
      this.#state.change({ boot: { ...boot, enabled: "Disabled", target: "None" } });
      this.ledger.append({ machine: this.name, event: "boot-override-used", target: boot.target });
    }
    return boot;
  }

  async #bootDisk(signal: AbortSignal): Promise<Request> {
    const found = this.disks.bootable();
    if (found === undefined) {
      this.console("No bootable device found.");
      throw new Halted("no bootable device", false);
    }
    const { system, disk } = found;
    this.phase("os-boot", system.version);
    this.console(`Booting Harvester ${system.version} from ${disk.kernelName} (${disk.serial})`);
    await this.clock.sleep(this.delays.osBoot, signal);
    const address = systemAddress(system.config, this.hardware.address);
    this.#pending = undefined;
    const context: MachineContext = {
      name: this.name,
      address,
      dir: this.#options.dir,
      hardware: this.hardware,
      assetTag: this.state.assetTag,
      console: (line) => this.console(line),
      reboot: (reason) => this.#request({ kind: "reboot", reason }),
      powerOff: (reason) => this.#request({ kind: "power-off", reason }),
    };
    const node = this.#options.nodeFactory(context, system, this.#options.lab);
    return await this.#runNode(node, system.config.os?.hostname ?? "", signal);
  }

  async #runNode(node: NodeRuntime, hostname: string, signal: AbortSignal): Promise<Request> {
    const started = node.start().then(
      () => this.console(`${hostname} login:`),
      (error: Error) => {
        if (signal.aborted) return;
        this.console(`node services failed: ${error.message}`);
        this.ledger.append({ machine: this.name, event: "node-failed", reason: error.message });
      },
    );
    this.phase("os", hostname);
    this.#hostname = hostname;
    let request: Request;
    try {
      request = await this.#untilRequest(signal);
      this.console(`${request.kind === "reboot" ? "Rebooting" : "Powering off"} (${request.reason})`);
      await Promise.race([node.shutdown(), aborted(signal)]);
    } catch (error) {
      await node.kill();
      await started;
      throw error;
    }
    await started;
    return request;
  }

  /** Waits for an ACPI request or one of the software; where no operating system runs (`acpi` false) nobody listens to them. */
  async #untilRequest(signal: AbortSignal, acpi = true): Promise<Request> {
    for (;;) {
      const pending = this.#pending;
      this.#pending = undefined;
      if (pending !== undefined && acpi) return pending;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#requested = resolve;
        }),
        aborted(signal),
      ]);
    }
  }

  #request(request: Request): void {
    this.#pending = request;
    this.#requested?.();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
