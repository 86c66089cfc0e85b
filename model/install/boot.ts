import type { ClusterDescription } from "../description";
import { artifactsOf } from "./artifacts";

/** What a machine boots the installer with. */
export interface BootInput {
  /** A description without errors. */
  cluster: Pick<ClusterDescription, "version" | "artifacts" | "skipChecks">;
  /** URL of the machine's install configuration. */
  configUrl: string;
  /** Consoles, the main one last, e.g. `["tty1", "ttyS1,115200"]`. @default ["tty1"] */
  consoles?: readonly string[];
}

/**
 * The kernel command line of an automatic installation, as in Harvester's PXE samples. It holds single values only: the
 * installer appends lists of the configuration to lists of the command line, so a list given twice would hold everything twice.
 */
export function kernelCommandLine(input: BootInput): string {
  const { initrd, rootfs } = artifactsOf(input.cluster);
  const parameters: [string, string?][] = [
    // UEFI finds the initrd by this name; without it the kernel panics. BIOS ignores it.
    ["initrd", fileName(initrd)],
    ["ip", "dhcp"],
    ["net.ifnames", "1"],
    ["rd.cos.disable"],
    ["rd.noverifyssl"],
    ["root", `live:${rootfs}`],
    ...(input.consoles ?? ["tty1"]).map((console): [string, string] => ["console", console]),
    ["harvester.install.automatic", "true"],
    ["harvester.scheme_version", "1"],
    ["harvester.install.config_url", input.configUrl],
    ...(input.cluster.skipChecks === true
      ? [["harvester.install.skipchecks", "true"] as [string, string]]
      : []),
  ];
  return parameters
    .map(([name, value]) => (value === undefined ? name : `${name}=${quote(name, value)}`))
    .join(" ");
}

/** The iPXE script that boots the installer. */
export function ipxeScript(input: BootInput): string {
  const { kernel, initrd } = artifactsOf(input.cluster);
  return script(`kernel ${word(kernel)} ${word(kernelCommandLine(input))}`, `initrd ${word(initrd)}`, "boot");
}

/** The iPXE script for a machine that is not to be installed: back to the firmware, which boots from disk. */
export function diskBootScript(): string {
  return script("echo This machine is not waiting for an installation: booting from disk", "exit");
}

function script(...lines: string[]): string {
  return ["#!ipxe", ...lines, ""].join("\n");
}

/** A value of the kernel command line; blanks are kept by double quotes, which themselves cannot be written. */
function quote(name: string, value: string): string {
  if (/["\r\n]/.test(value))
    throw new Error(`the kernel parameter ${name} cannot hold quotes or line breaks`);
  return /\s/.test(value) ? `"${value}"` : value;
}

/** Text of an iPXE script, in which a dollar sign would start an expansion and a line break a new command. */
function word(text: string): string {
  if (/[\r\n]|\$\{/.test(text))
    throw new Error(`an iPXE script cannot hold ${JSON.stringify(text)} as it stands`);
  return text;
}

function fileName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}
