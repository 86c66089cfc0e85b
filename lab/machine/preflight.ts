import type { HarvesterConfig, MachineHardware } from "../types";
import { minorOf } from "./config";
import { selectNics } from "./validate";

/**
 * The installer's warnings about the hardware. In an automatic installation one warning ends it, also where only the threshold for
 * production is missed, unless `install.skipchecks` is set.
 */
export function preflightWarnings(
  hardware: MachineHardware,
  config: HarvesterConfig,
  version: string,
): string[] {
  const warnings: string[] = [];
  if (hardware.cores < 8)
    warnings.push(
      `${hardware.cores} CPU cores detected. Harvester requires at least 8 cores for testing and 16 for production.`,
    );
  else if (hardware.cores < 16)
    warnings.push(
      `${hardware.cores} CPU cores detected. Harvester requires at least 16 cores for production use.`,
    );
  if (hardware.memoryGiB < 32)
    warnings.push(
      `${hardware.memoryGiB}GiB RAM detected. Harvester requires at least 32GiB for testing and 64GiB for production.`,
    );
  else if (hardware.memoryGiB < 64)
    warnings.push(
      `${hardware.memoryGiB}GiB RAM detected. Harvester requires at least 64GiB for production use.`,
    );
  if (!hardware.kvm)
    warnings.push("Harvester requires hardware-assisted virtualization, but /dev/kvm does not exist.");
  for (const nic of selectNics(hardware, config)) {
    if (nic.speedMbps < 1000)
      warnings.push(
        `Link speed of ${nic.name} is only ${nic.speedMbps}Mpbs. Harvester requires at least 1Gbps for testing and 10Gbps for production.`,
      );
    else if (nic.speedMbps < 10_000)
      warnings.push(
        `Link speed of ${nic.name} is ${nic.speedMbps / 1000}Gbps. Harvester requires 10Gbps for production use.`,
      );
  }
  if (hardware.bootMode === "Legacy" && minorOf(version) === 7) {
    warnings.push("System booted in legacy BIOS mode. Support for legacy BIOS is deprecated.");
  }
  return warnings;
}
