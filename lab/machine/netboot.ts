import { readArtifact } from "../artifacts";
import { kernelParameter, kernelParameters } from "./cmdline";
import { fetchFrom, Halted, type MachineHost } from "./host";
import { type FetchedFile, Ipxe, type IpxeOutcome, imageName, isScript } from "./ipxe";

/** Real time a server gets to answer firmware, iPXE or the initramfs. */
const FETCH_TIMEOUT_MS = 30_000;

/** The live system that netboot brought up. */
export interface LiveSystem {
  /** Harvester version of the root image. */
  version: string;
  commandLine: string;
}

/** What a network boot came to; `next` is the firmware going on with the next boot device. */
export type NetbootResult = { kind: "live"; live: LiveSystem } | { kind: "next" | "reboot" | "poweroff" };

/**
 * UEFI HTTP boot: the firmware loads the EFI program at the URI (iPXE), which runs `autoexec.ipxe` from the same folder; without that
 * script it gives up, and the firmware goes on with the disk.
 */
export async function netboot(host: MachineHost, uri: string, signal: AbortSignal): Promise<NetbootResult> {
  host.phase("network-boot", uri);
  host.console(`>>Start HTTP Boot over IPv4: ${uri}`);
  if (host.hardware.nics[0]?.down) {
    host.console("  PXE-E61: Media test failure, check cable");
    return { kind: "next" };
  }
  let program: FetchedFile;
  try {
    program = await fetchFile(host, uri, signal);
  } catch (error) {
    signal.throwIfAborted();
    host.console(`  NBP cannot be loaded: ${(error as Error).message}`);
    return { kind: "next" };
  }
  host.ledger.append({ machine: host.name, event: "netboot", uri, bytes: program.bytes });
  if (program.head.toString("latin1", 0, 2) !== "MZ") {
    host.console("  NBP file is not a valid UEFI image: Unsupported");
    return { kind: "next" };
  }
  host.console(`  NBP file downloaded successfully (${program.bytes} bytes)`);
  host.console("iPXE -- Open Source Network Boot Firmware");
  let script: FetchedFile;
  try {
    script = await fetchFile(host, new URL("autoexec.ipxe", uri).href, signal);
  } catch (error) {
    signal.throwIfAborted();
    host.console(`autoexec.ipxe... ${(error as Error).message}`);
    return { kind: "next" };
  }
  if (!isScript(script)) {
    host.console("autoexec.ipxe... Exec format error");
    return { kind: "next" };
  }
  return await afterIpxe(host, await interpreter(host, signal).run(script), signal);
}

function interpreter(host: MachineHost, signal: AbortSignal): Ipxe {
  const settings: Record<string, string> = {
    uuid: host.hardware.uuid,
    serial: host.hardware.serial,
    manufacturer: host.hardware.manufacturer,
    product: host.hardware.model,
    asset: "",
    platform: "efi",
    buildarch: "x86_64",
    ip: host.hardware.address,
  };
  for (const [index, nic] of host.hardware.nics.entries()) settings[`net${index}/mac`] = nic.mac;
  settings["net0/ip"] = host.hardware.address;
  settings.mac = host.hardware.nics[0]?.mac ?? "";
  return new Ipxe({
    settings,
    console: (line) => host.console(line),
    sleep: (seconds) => host.clock.sleep(seconds, signal),
    fetch: (url) => fetchFile(host, url, signal),
  });
}

async function afterIpxe(
  host: MachineHost,
  outcome: IpxeOutcome,
  signal: AbortSignal,
): Promise<NetbootResult> {
  switch (outcome.kind) {
    case "boot":
      return { kind: "live", live: await bootKernel(host, outcome, signal) };
    case "shell":
      host.console("iPXE>");
      throw new Halted("iPXE shell", false);
    case "reboot":
    case "poweroff":
      return { kind: outcome.kind };
    default:
      return { kind: "next" };
  }
}

/** The kernel and its initramfs, until the root image is mounted. What Linux misses it says on the console, and nowhere else. */
async function bootKernel(
  host: MachineHost,
  boot: Extract<IpxeOutcome, { kind: "boot" }>,
  signal: AbortSignal,
): Promise<LiveSystem> {
  const kernel = readArtifact(boot.kernel.head);
  if (kernel?.kind !== "vmlinuz") {
    host.console(`Could not boot ${boot.kernel.url}: Exec format error`);
    throw new Halted("the kernel image cannot be executed", false);
  }
  host.phase("kernel", kernel.version);
  host.console(`Linux version 6.4.0-lab (Harvester ${kernel.version})`);
  host.console(`Command line: ${boot.commandLine}`);
  await host.clock.sleep(host.delays.kernel, signal);
  // On UEFI the kernel itself opens the initrd, by the name the command line gives it.
  const named = kernelParameters(boot.commandLine).filter(({ key }) => key === "initrd");
  const initrd = boot.initrds.find((file) => named.some(({ value }) => value === imageName(file.url)));
  if (initrd === undefined || readArtifact(initrd.head)?.kind !== "initrd") {
    host.console("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)");
    throw new Halted(
      "kernel panic: no initrd (initrd=<file name> missing on the kernel command line?)",
      false,
    );
  }
  return { version: await rootImage(host, boot.commandLine, signal), commandLine: boot.commandLine };
}

async function rootImage(host: MachineHost, commandLine: string, signal: AbortSignal): Promise<string> {
  const root = kernelParameter(commandLine, "root");
  const hasNetwork = kernelParameters(commandLine).some(({ key }) => key === "ip");
  const url = root?.startsWith("live:") ? root.slice("live:".length) : undefined;
  const insecure = kernelParameter(commandLine, "rd.noverifyssl") !== undefined;
  let reason =
    url === undefined ? `root=${root ?? ""} is not live:<url>` : "no ip= parameter, the network is not up";
  if (url !== undefined && hasNetwork) {
    try {
      host.console(`dracut: fetching ${url}`);
      const image = await fetchFile(host, url, signal, insecure);
      const content = readArtifact(image.head);
      if (content?.kind === "rootfs") {
        host.console(`dracut: mounted ${imageName(url)} (${image.bytes} bytes)`);
        return content.version;
      }
      reason = "the root image is not a squashfs filesystem";
    } catch (error) {
      signal.throwIfAborted();
      reason = (error as Error).message;
    }
  }
  host.console(`dracut-initqueue: timeout, still waiting for root device: ${reason}`);
  host.console("Entering emergency mode. Exit the shell to continue.");
  throw new Halted(`no root image: ${reason}`, false);
}

async function fetchFile(
  host: MachineHost,
  url: string,
  signal: AbortSignal,
  insecure = false,
): Promise<FetchedFile> {
  const options = { signal, insecure, timeoutMs: FETCH_TIMEOUT_MS };
  const answer = await fetchFrom(host, host.hardware.address, url, options);
  if (answer.status < 200 || answer.status > 299) throw new Error(`HTTP status ${answer.status}`);
  return { url, bytes: answer.bytes, head: answer.head };
}
