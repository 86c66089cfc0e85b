import { randomBytes } from "node:crypto";
import { readArtifact } from "../artifacts";
import type { DiskHardware, HarvesterConfig } from "../types";
import { commandLineConfig } from "./cmdline";
import { ConfigError, mergeConfig, minorOf, normalise, readConfig } from "./config";
import type { WipeReason } from "./disks";
import { fetchFrom, Halted, type MachineHost } from "./host";
import type { LiveSystem } from "./netboot";
import { preflightWarnings } from "./preflight";
import { formatServerUrl, selectNics, ValidationError, validateInstall } from "./validate";
import { prepareWebhooks, sendWebhooks, type Webhook, type WebhookEvent } from "./webhooks";

const CONFIG_TIMEOUT_MS = 15_000;
const CONFIG_RETRIES = 30;
const CONFIG_PAUSE = 10;
const ISO_TIMEOUT_MS = 120_000;
const PROGRESS_STEPS = 10;
/** Step at which an installation with such a fault hangs or fails. */
const HANG_STEP = 4;

/** What follows an installation. */
export type AfterInstall = "reboot" | "poweroff";

/**
 * Harvester's installer in an automatic installation. What stops it before the STARTED webhook - a configuration it cannot use, hardware
 * below its limits - it writes on the console and then sits there: no webhook is sent, nobody is told.
 */
export async function runInstaller(
  host: MachineHost,
  live: LiveSystem,
  signal: AbortSignal,
): Promise<AfterInstall> {
  host.phase("installer", "reading configuration");
  host.console(`Harvester installer ${live.version}`);
  await host.clock.sleep(host.delays.installer, signal);
  try {
    const config = await effectiveConfig(host, live, signal);
    return await new Installation(host, config, signal).run();
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof ValidationError)) throw error;
    host.console(error.message);
    host.ledger.append({ machine: host.name, event: "installer-stopped", reason: error.message });
    throw new Halted(error.message, true);
  }
}

/** Address the installed system has: the static one of its configuration, else what the site's DHCP reserves for the machine. */
export function systemAddress(config: HarvesterConfig, reserved: string): string {
  const management = config.install?.management_interface;
  return management?.method === "static" ? String(management.ip) : reserved;
}

async function effectiveConfig(
  host: MachineHost,
  live: LiveSystem,
  signal: AbortSignal,
): Promise<HarvesterConfig> {
  let config = normalise(commandLineConfig(live.commandLine), live.version);
  const url = config.install?.config_url;
  if (config.install?.automatic !== true) {
    host.console(
      "Choose installation mode: create a new Harvester cluster / join an existing Harvester cluster",
    );
    throw new Halted("the installer waits for a person (harvester.install.automatic is not set)", true);
  }
  if (typeof url === "string" && url !== "") {
    const text = await remoteConfig(host, url, signal);
    const fetched = readConfig(text, live.version);
    host.ledger.append({ machine: host.name, event: "config-fetched", url, mode: fetched.install?.mode });
    config = mergeConfig(config, fetched);
  }
  prepare(host, config);
  if (!config.install?.skipchecks) {
    const warnings = preflightWarnings(host.hardware, config, live.version);
    for (const warning of warnings) host.console(warning);
    if (warnings.length > 0)
      throw new ValidationError("Installation cannot proceed: the hardware does not pass the checks");
  }
  if (host.hardware.bootMode === "Legacy" && minorOf(live.version) >= 8) {
    throw new ValidationError("Legacy BIOS boot is not supported");
  }
  checkNetwork(host, config);
  validateInstall(config, host.hardware, live.version, (device) => host.disks.find(device));
  return config;
}

/** The management network must come up: a link, and by DHCP a default route. */
function checkNetwork(host: MachineHost, config: HarvesterConfig): void {
  const nics = selectNics(host.hardware, config);
  if (nics.length > 0 && nics.every((nic) => nic.down)) {
    throw new ValidationError(`mgmt-bo: no carrier on ${nics.map((nic) => nic.name).join(", ")}`);
  }
  if (config.install?.management_interface?.method === "dhcp" && host.fault("no-route")) {
    throw new ValidationError("DHCP for mgmt-br gave no default route: no default gateway found");
  }
}

async function remoteConfig(host: MachineHost, url: string, signal: AbortSignal): Promise<string> {
  host.console(`Fetching ${url}...`);
  let last = "";
  let lost = host.fault("config-answer-lost") !== undefined;
  for (let attempt = 0; attempt <= CONFIG_RETRIES; attempt++) {
    if (attempt > 0) await host.clock.sleep(CONFIG_PAUSE, signal);
    try {
      const answer = await fetchFrom(host, host.hardware.address, url, {
        signal,
        timeoutMs: CONFIG_TIMEOUT_MS,
      });
      const found = answer.status >= 200 && answer.status < 400;
      if (found && !lost) return answer.head.toString("utf8");
      if (found) {
        lost = false;
        throw new Error("unexpected EOF");
      }
      last = `got ${answer.status} status code from ${url}`;
    } catch (error) {
      signal.throwIfAborted();
      last = `Get "${url}": ${(error as Error).message}`;
    }
    host.console(`${last}, retrying (${attempt + 1}/${CONFIG_RETRIES})...`);
  }
  throw new ConfigError(last);
}

/** What the installer fills in and rewrites before it validates. */
function prepare(host: MachineHost, config: HarvesterConfig): void {
  config.os ??= {};
  config.install ??= {};
  const { os, install } = config;
  if (!os.hostname) os.hostname = `harvester-${randomBytes(3).toString("hex").slice(0, 5)}`;
  if (config.server_url) config.server_url = formatServerUrl(config.server_url);
  const management = install.management_interface;
  if (management !== undefined) {
    management.method = String(management.method ?? "").toLowerCase();
    management.interfaces = selectNics(host.hardware, config).map((nic) => ({
      name: nic.name,
      hw_addr: nic.mac,
    }));
  }
  install.vip_mode = (install.vip_mode ?? "").toLowerCase();
  if (install.mode === "create" && install.vip_mode === "dhcp" && (!install.vip || !install.vip_hw_addr)) {
    install.vip = `${host.net}.10`;
    install.vip_hw_addr = "52:54:00:77:00:0a";
  }
  if (
    install.data_disk &&
    host.disks.find(install.data_disk)?.serial === host.disks.find(install.device ?? "")?.serial
  ) {
    delete install.data_disk;
  }
}

/** From STARTED to the reboot. */
class Installation {
  readonly #install: NonNullable<HarvesterConfig["install"]>;
  readonly #address: string;
  readonly #hooks: Webhook[];

  constructor(
    private readonly host: MachineHost,
    private readonly config: HarvesterConfig,
    private readonly signal: AbortSignal,
  ) {
    this.#install = config.install ?? {};
    this.#address = systemAddress(config, host.hardware.address);
    this.#hooks = this.#webhooks();
  }

  async run(): Promise<AfterInstall> {
    const { host } = this;
    host.ledger.append({
      machine: host.name,
      event: "install-started",
      mode: this.#install.mode,
      hostname: this.config.os?.hostname,
    });
    await this.#tell("STARTED");
    try {
      const version = await this.#iso();
      await this.#writeDisks(version);
    } catch (error) {
      this.signal.throwIfAborted();
      const reason = (error as Error).message;
      host.console(`install failed: ${reason}`);
      host.ledger.append({ machine: host.name, event: "install-failed", reason });
      await this.#tell("FAILED");
      throw new Halted(`install failed: ${reason}`, true);
    }
    await this.#tell("SUCCEEDED");
    const after = this.#install.poweroff === true ? "poweroff" : "reboot";
    host.console(after === "poweroff" ? "Powering off" : "Rebooting");
    return after;
  }

  #webhooks(): Webhook[] {
    const nic = selectNics(this.host.hardware, this.config)[0];
    const variables = {
      Hostname: this.config.os?.hostname ?? "",
      MACAddr: nic?.mac ?? "",
      IPAddrV4: this.#address,
    };
    try {
      return prepareWebhooks(this.config, variables);
    } catch (error) {
      this.host.console(`invalid webhook: ${(error as Error).message}`);
      return [];
    }
  }

  async #tell(event: WebhookEvent): Promise<void> {
    this.host.phase("installer", event);
    const send = (url: string, options: Omit<Parameters<typeof fetchFrom>[3], "signal">) =>
      fetchFrom(this.host, this.#address, url, { ...options, signal: this.signal });
    const failure = await sendWebhooks(this.#hooks, event, send, this.host.clock, this.signal);
    if (failure !== undefined) this.host.console(failure);
  }

  /** HEAD, then the download into memory; returns the version on the medium. */
  async #iso(): Promise<string> {
    const url = String(this.#install.iso_url);
    this.host.phase("installer", `downloading ${url}`);
    this.host.console(`Downloading ${url}`);
    const request = { signal: this.signal, timeoutMs: ISO_TIMEOUT_MS };
    const head = await fetchFrom(this.host, this.#address, url, { ...request, method: "HEAD" });
    if (head.status >= 400) throw new Error(`curl: (22) The requested URL returned error: ${head.status}`);
    const iso = await fetchFrom(this.host, this.#address, url, request);
    if (iso.status >= 400) throw new Error(`curl: (22) The requested URL returned error: ${iso.status}`);
    const content = readArtifact(iso.head);
    if (content?.kind !== "iso")
      throw new Error("mount: wrong fs type, bad option, bad superblock on /dev/loop1");
    this.host.console(`Downloaded ${iso.bytes} bytes: Harvester ${content.version}`);
    return content.version;
  }

  async #writeDisks(version: string): Promise<void> {
    const { host } = this;
    const device = host.disks.find(this.#install.device as string) as DiskHardware;
    const data = this.#install.data_disk ? host.disks.find(this.#install.data_disk) : undefined;
    this.#wipeOthers(device, data);
    this.#wiped(device, "install-device");
    host.disks.beginSystem(device);
    if (data !== undefined) {
      this.#wiped(data, "data-disk");
      host.disks.formatData(data);
    }
    try {
      for (let step = 1; step <= PROGRESS_STEPS; step++) {
        await this.#writeStep(step);
        host.phase("installer", `writing ${device.kernelName}: ${step * PROGRESS_STEPS} %`);
        host.console(`Installing to ${device.kernelName} (${device.serial}): ${step * PROGRESS_STEPS} %`);
      }
    } catch (error) {
      host.ledger.append({ machine: host.name, event: "disk-write-interrupted", serial: device.serial });
      throw error;
    }
    const mode = this.#install.mode as "create" | "join";
    host.disks.finishSystem(device, { version, mode, config: this.config }, data === undefined);
    const hostname = this.config.os?.hostname;
    host.ledger.append({
      machine: host.name,
      event: "installed",
      serial: device.serial,
      version,
      mode,
      hostname,
    });
  }

  async #writeStep(step: number): Promise<void> {
    const { host, signal } = this;
    const slow = host.fault("install-slow");
    const factor = slow === undefined ? 1 : Number(slow[0] ?? 5);
    await host.clock.sleep((host.delays.diskWrite / PROGRESS_STEPS) * factor, signal);
    while (step === HANG_STEP && host.fault("install-hangs")) await host.clock.sleep(1, signal);
    if (step === HANG_STEP && host.fault("install-fails")) {
      throw new Error("elemental install: Failed to write the system image: input/output error");
    }
  }

  #wipeOthers(device: DiskHardware, data: DiskHardware | undefined): void {
    const { disks } = this.host;
    if (this.#install.wipe_all_disks === true) {
      for (const disk of disks.hardware) {
        if (
          disk.serial === device.serial ||
          disk.serial === data?.serial ||
          !disks.content(disk).partitions.includes("COS_OEM")
        )
          continue;
        this.#wiped(disk, "wipe-all-disks");
        disks.wipe(disk);
      }
    }
    for (const path of (this.#install.wipe_disks_list ?? []) as string[]) {
      const disk = disks.find(path);
      if (disk === undefined) {
        this.host.console(`warning: ${path} does not exist, not wiped`);
        continue;
      }
      this.#wiped(disk, "wipe-disks-list");
      disks.wipe(disk);
    }
  }

  #wiped(disk: DiskHardware, how: WipeReason): void {
    const { state } = this.host.disks.content(disk);
    this.host.ledger.append({
      machine: this.host.name,
      event: "disk-wiped",
      serial: disk.serial,
      how,
      before: state,
    });
  }
}
